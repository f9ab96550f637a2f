import { printable } from '@nbs-ssh/transport/wire';
import type { ConfigEnvironment } from './environment.ts';
import { ConfigError } from './errors.ts';
import { MAX_TOTAL_BYTES } from './limits.ts';
import { type ConfigLine, parseConfig } from './parse.ts';

/** Configuration files, each read once however often it is come to. */
export class ConfigFiles {
  readonly #environment: ConfigEnvironment;
  readonly #parsed = new Map<string, Promise<readonly ConfigLine[] | undefined>>();
  #bytes = 0;

  constructor(environment: ConfigEnvironment) {
    this.#environment = environment;
  }

  /** @returns `undefined` when there is no such file. @throws {ConfigError} */
  read(path: string, checkOwner: boolean): Promise<readonly ConfigLine[] | undefined> {
    const known = this.#parsed.get(path);
    if (known !== undefined) return known;
    const lines = this.#load(path, checkOwner);
    this.#parsed.set(path, lines);
    return lines;
  }

  async #load(path: string, checkOwner: boolean): Promise<readonly ConfigLine[] | undefined> {
    const text = await this.#environment.readFile(path, { checkOwner });
    if (text === undefined) return undefined;
    this.#bytes += text.length;
    if (this.#bytes > MAX_TOTAL_BYTES) {
      const error = `the files of the configuration are too long together, at ${printable(path, 1024)}`;
      throw new ConfigError('CONFIG_LIMIT', error, { file: path });
    }
    return parseConfig(text, path, this.#environment.env);
  }
}

import { printable } from '@nbs-ssh/transport/wire';
import type { ConfigFiles } from './config-files.ts';
import type { ConfigEnvironment } from './environment.ts';
import { ConfigError } from './errors.ts';
import { MAX_FILES, MAX_INCLUDE_DEPTH } from './limits.ts';
import type { ConfigLine } from './parse.ts';
import { expand, type Tokens } from './tokens.ts';

/** The files of one evaluation: found, and counted. */
export class Includes {
  readonly #environment: ConfigEnvironment;
  readonly #files: ConfigFiles;
  readonly #read = new Set<string>();
  #entered = 0;

  constructor(environment: ConfigEnvironment, files: ConfigFiles) {
    this.#environment = environment;
    this.#files = files;
  }

  /** Those that were there, in the order they were come to. */
  get files(): readonly string[] {
    return [...this.#read];
  }

  /** @returns `undefined` when there is no such file. @throws {ConfigError} */
  async read(path: string, checkOwner: boolean): Promise<readonly ConfigLine[] | undefined> {
    const lines = await this.#files.read(path, checkOwner);
    if (lines !== undefined) this.#read.add(path);
    return lines;
  }

  /**
   * Files that an `Include` means, sorted.
   *
   * @param own - Whether it stands in the user's configuration, or the system's.
   * @throws {ConfigError}
   */
  async find(path: string, own: boolean, tokens: Tokens): Promise<readonly string[]> {
    const { home, homeOf, isAbsolute, userFolder, systemFolder, env } = this.#environment;
    const expanded = expand(path, 'Include', tokens, env);
    if (expanded.startsWith('~')) {
      const [, user = '', rest = ''] = /^~([^/]*)(.*)$/s.exec(expanded) ?? [];
      const folder = user === '' ? home : homeOf(user);
      return folder === undefined ? [] : this.#environment.glob(`${folder}${rest}`);
    }
    if (isAbsolute(expanded)) return this.#environment.glob(expanded);
    return this.#environment.glob(`${own ? userFolder : systemFolder}/${expanded}`);
  }

  /**
   * Reads an included file.
   *
   * @param stack - The files that include it, outermost first.
   * @throws {ConfigError} when it includes itself, or there are too many.
   */
  enter(path: string, stack: readonly string[]): Promise<readonly ConfigLine[] | undefined> {
    const shown = printable(path, 1024);
    if (stack.includes(path)) {
      throw new ConfigError('CONFIG_LIMIT', `${shown} includes itself`, { file: path, option: 'Include' });
    }
    if (stack.length > MAX_INCLUDE_DEPTH) {
      const text = `${shown} is included more than ${MAX_INCLUDE_DEPTH} files deep`;
      throw new ConfigError('CONFIG_LIMIT', text, { file: path, option: 'Include' });
    }
    this.#entered += 1;
    // Each file twice, for the two passes.
    if (this.#entered > MAX_FILES * 2) {
      const text = `more than ${MAX_FILES} files are included`;
      throw new ConfigError('CONFIG_LIMIT', text, { file: path, option: 'Include' });
    }
    return this.read(path, true);
  }
}

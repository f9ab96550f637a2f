import {
  currentPlatform,
  defaultConfigPaths,
  defaultKnownHostsPaths,
  expandPath,
  type Platform,
} from '../platform/platform.ts';
import { ConfigFiles } from './config-files.ts';
import type { ConfigEnvironment } from './environment.ts';
import { ConfigError, type ConfigWarning } from './errors.ts';
import { type ConfigSource, type Evaluation, evaluateConfig } from './evaluate.ts';
import { nodeEnvironment } from './node/environment.ts';
import { type ConfigLine, overrideLine } from './parse.ts';
import { resolveSettings } from './resolve.ts';
import type { HostSettings } from './settings.ts';

/** Which configuration is read, and what it may do. */
export interface LoadSshConfigOptions {
  /** Files in the order in which they count; `~` allowed. Default: the user's and the system's, as ssh. */
  readonly paths?: string | readonly string[];
  /** Run the commands of `Match exec`. Default false: blocks that depend on one do not apply, with a warning. */
  readonly allowExec?: boolean;
}

/** What is known before the configuration is asked, and comes before all it says. */
export interface ResolveSshConfigOptions {
  readonly user?: string;
  readonly port?: number;
  /** The command that will be run, for `Match command` and `Match sessiontype`. */
  readonly command?: string;
}

/** What a configuration says about a host. */
export interface ResolvedSshConfig {
  readonly settings: HostSettings;
  /** What it says and what is not done, or not so. */
  readonly warnings: readonly ConfigWarning[];
  /** Files that were read, included ones too. */
  readonly files: readonly string[];
}

/** Both forms of the answer: for use, and for printing. */
export interface FullResolution extends ResolvedSshConfig {
  readonly evaluation: Evaluation;
}

/** An ssh_config that can be asked about any number of hosts. Each file is read once. */
export class SshConfig {
  readonly #environment: ConfigEnvironment;
  readonly #sources: readonly ConfigSource[];
  readonly #files: ConfigFiles;
  readonly #on: Platform;

  /** @internal Use {@link loadSshConfig}. */
  constructor(environment: ConfigEnvironment, sources: readonly ConfigSource[], on: Platform) {
    this.#environment = environment;
    this.#sources = sources;
    this.#files = new ConfigFiles(environment);
    this.#on = on;
  }

  /** @throws {ConfigError} when the configuration has mistakes, wherever they stand, or refuses the host. */
  async resolve(host: string, options: ResolveSshConfigOptions = {}): Promise<ResolvedSshConfig> {
    const { settings, warnings, files } = await this.resolveFully(host, options);
    return { settings, warnings, files };
  }

  /** @internal With the evaluation. */
  resolveFully(host: string, options: ResolveSshConfigOptions): Promise<FullResolution> {
    const { user, port, command } = options;
    const said: readonly (readonly [string, string | undefined])[] = [
      ['User', user],
      ['Port', port === undefined ? undefined : String(port)],
    ];
    const overrides = said.flatMap(([name, value]) =>
      value === undefined ? [] : [overrideLine(name, value, 'options')],
    );
    return this.resolveWith(host, overrides, command);
  }

  /** @internal For the command line, whose options go through the same table. */
  async resolveWith(
    host: string,
    overrides: readonly ConfigLine[],
    command: string | undefined,
  ): Promise<FullResolution> {
    const request = { host, command, overrides, sources: this.#sources };
    const evaluation = await evaluateConfig(request, this.#environment, this.#files);
    const [user = '', user2 = '', system = '', system2 = ''] = defaultKnownHostsPaths(this.#on);
    const settings = resolveSettings(host, evaluation, this.#environment, {
      userKnownHosts: [user, user2],
      globalKnownHosts: [system, system2],
    });
    return { settings, warnings: evaluation.warnings, files: evaluation.files, evaluation };
  }

  /** @internal Reads the files, so that one that is missing is told at once. */
  async load(): Promise<void> {
    for (const { path, checkOwner, required } of this.#sources) {
      const lines = await this.#files.read(path, checkOwner);
      if (lines === undefined && required) {
        throw new ConfigError('CONFIG_READ', `there is no file ${path}`, { file: path });
      }
    }
  }
}

/**
 * Reads an ssh_config.
 *
 * @throws {ConfigError} when a file that was named does not exist, or one cannot be read or trusted.
 */
export async function loadSshConfig(options: LoadSshConfigOptions = {}): Promise<SshConfig> {
  const on = currentPlatform();
  const { paths, allowExec = false } = options;
  const config = new SshConfig(nodeEnvironment(allowExec, on), sourcesOf(paths, on), on);
  await config.load();
  return config;
}

/** What the configuration says about one host. @throws {ConfigError} */
export async function resolveSshConfig(
  host: string,
  options: LoadSshConfigOptions & ResolveSshConfigOptions = {},
): Promise<ResolvedSshConfig> {
  return (await loadSshConfig(options)).resolve(host, options);
}

function sourcesOf(paths: LoadSshConfigOptions['paths'], on: Platform): readonly ConfigSource[] {
  if (paths === undefined) {
    const [user, system] = defaultConfigPaths(on);
    return [
      { path: user, own: true, checkOwner: true, required: false },
      { path: system, own: false, checkOwner: false, required: false },
    ];
  }
  const named = typeof paths === 'string' ? [paths] : paths;
  return named.map((path) => ({ path: expandPath(path, on), own: true, checkOwner: false, required: true }));
}

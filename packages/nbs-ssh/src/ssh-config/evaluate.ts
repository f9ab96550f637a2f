import { patternListMatches } from '@nbs-ssh/auth';
import { printable } from '@nbs-ssh/transport/wire';
import { ConfigFiles } from './config-files.ts';
import type { ConfigEnvironment } from './environment.ts';
import { ConfigError, type ConfigProblem, type ConfigWarning, invalidConfig, LineProblem } from './errors.ts';
import { finalHostName } from './host-name.ts';
import { Includes } from './includes.ts';
import { evaluateMatch, type MatchFacts, matchTokens } from './match.ts';
import { isSafeHost, isSafeUser } from './names.ts';
import type { ConfigLine } from './parse.ts';
import { matchesHostLine } from './pattern.ts';
import { emptySettings, type RawSettings } from './raw-settings.ts';

/** A file that is read because somebody asked for it, or because it is where ssh looks. */
export interface ConfigSource {
  readonly path: string;
  /** The user's, not the system's. */
  readonly own: boolean;
  /** Refuse it when somebody else may have written it. */
  readonly checkOwner: boolean;
  /** Whether it must exist. */
  readonly required: boolean;
}

export interface ConfigRequest {
  /** As the user says it. */
  readonly host: string;
  /** The command to run, for `Match command`. */
  readonly command: string | undefined;
  /** What was said elsewhere and comes first. */
  readonly overrides: readonly ConfigLine[];
  readonly sources: readonly ConfigSource[];
}

export interface Evaluation {
  readonly settings: RawSettings;
  /** What the connection goes to. */
  readonly hostName: string;
  readonly warnings: readonly ConfigWarning[];
  /** Files that were read, each once. */
  readonly files: readonly string[];
  /** By the name of an option, in lower case: the first line that applied. */
  readonly places: ReadonlyMap<string, ConfigPlace>;
}

export type ConfigPlace = Pick<ConfigWarning, 'file' | 'line' | 'option'>;

/**
 * Works out what a configuration says about a host, as OpenSSH does: each block that applies gives the values that
 * nothing before it gave. A second pass follows when `Match final` or `CanonicalizeHostname` asks for one.
 *
 * @throws {ConfigError}
 */
export function evaluateConfig(
  request: ConfigRequest,
  environment: ConfigEnvironment,
  files: ConfigFiles = new ConfigFiles(environment),
): Promise<Evaluation> {
  return new Evaluator(request, environment, files).run();
}

interface Pass {
  readonly host: string;
  readonly final: boolean;
}

class Evaluator {
  readonly #request: ConfigRequest;
  readonly #environment: ConfigEnvironment;
  readonly #settings = emptySettings();
  readonly #problems: ConfigProblem[] = [];
  readonly #warnings = new Map<string, ConfigWarning>();
  readonly #places = new Map<string, ConfigPlace>();
  readonly #includes: Includes;
  #wantsFinal = false;

  constructor(request: ConfigRequest, environment: ConfigEnvironment, files: ConfigFiles) {
    this.#request = request;
    this.#environment = environment;
    this.#includes = new Includes(environment, files);
  }

  async run(): Promise<Evaluation> {
    const { host } = this.#request;
    if (!isSafeHost(host)) throw unsafe('host', host);
    for (const line of this.#request.overrides) this.#commandLine(line);
    this.#throwProblems();
    const { user } = this.#settings;
    if (user !== undefined && !isSafeUser(user)) throw unsafe('user', user);
    await this.#pass({ host, final: false });
    let hostName = finalHostName(this.#settings, host);
    const { canonicalizeHostname = false } = this.#settings;
    if (this.#wantsFinal || canonicalizeHostname !== false) {
      this.#settings.hostName = hostName;
      await this.#pass({ host: hostName, final: true });
      hostName = this.#settings.hostName;
    }
    return {
      settings: this.#settings,
      hostName,
      warnings: [...this.#warnings.values()],
      files: this.#includes.files,
      places: this.#places,
    };
  }

  async #pass(pass: Pass): Promise<void> {
    for (const { path, own, checkOwner, required } of this.#request.sources) {
      const lines = await this.#includes.read(path, checkOwner);
      if (lines === undefined) {
        if (!required) continue;
        throw new ConfigError('CONFIG_READ', `there is no file ${printable(path, 1024)}`, { file: path });
      }
      await this.#file(lines, { own, never: false, active: true, stack: [path] }, pass);
    }
    this.#throwProblems();
  }

  async #file(lines: readonly ConfigLine[], scope: Scope, pass: Pass): Promise<void> {
    let { active } = scope;
    for (const line of lines) {
      switch (line.type) {
        case 'host':
          active = !scope.never && matchesHostLine(pass.host, line.patterns);
          break;
        case 'match':
          active = await this.#match(line, scope, pass);
          break;
        case 'include':
          await this.#include(line, { ...scope, active }, pass);
          break;
        default:
          this.#apply(line, active, scope.own);
      }
    }
  }

  async #match(line: ConfigLine & { type: 'match' }, { never }: Scope, pass: Pass): Promise<boolean> {
    const { criteria } = line;
    if (criteria.some(({ type }) => type === 'final')) this.#wantsFinal = true;
    if (never) return false;
    const { matches, undecided } = await evaluateMatch(criteria, this.#facts(pass));
    if (undecided === 'exec') {
      this.#warn(
        line,
        'warning',
        'Match exec runs no command without allowExec (--allow-exec); the block does not apply',
      );
    } else if (undecided !== undefined) {
      this.#warn(line, 'warning', `Match ${undecided} is not supported; the block does not apply`);
    }
    return matches;
  }

  async #include(line: ConfigLine & { type: 'include' }, scope: Scope, pass: Pass): Promise<void> {
    const tokens = matchTokens(this.#facts(pass));
    for (const path of line.paths) {
      if (path.startsWith('~') && !scope.own) {
        const text = 'a file of the system cannot include from a home folder';
        this.#problem({ ...placeOf(line), reason: 'include', text });
        continue;
      }
      for (const file of await this.#includes.find(path, scope.own, tokens)) {
        const lines = await this.#includes.enter(file, scope.stack);
        if (lines === undefined) continue;
        const inner = { ...scope, never: scope.never || !scope.active, stack: [...scope.stack, file] };
        await this.#file(lines, inner, pass);
      }
    }
  }

  #apply(line: ConfigLine, active: boolean, own: boolean): void {
    if (line.type === 'wrong') this.#problem(line.problem);
    else if (line.type === 'unknown') this.#unknown(line);
    else if (line.type === 'unsupported' && active) this.#unsupported(line);
    else if (line.type === 'set' && active) {
      const name = line.option.toLowerCase();
      if (!this.#places.has(name)) this.#places.set(name, placeOf(line));
      try {
        line.assign(this.#settings, {
          own,
          warn: ({ level, text }) => this.#warn(line, level, `${line.option}: ${text}`),
        });
      } catch (error) {
        if (!(error instanceof LineProblem)) throw error;
        this.#problem({ ...placeOf(line), reason: error.reason, text: error.message });
      }
    }
  }

  #commandLine(line: ConfigLine): void {
    if (line.type === 'host' || line.type === 'match' || line.type === 'include') {
      const text = `${line.option} belongs into a file`;
      this.#problem({ ...placeOf(line), reason: 'syntax', text });
    } else this.#apply(line, true, true);
  }

  #unknown(line: ConfigLine): void {
    const ignored = this.#settings.ignoreUnknown;
    if (ignored !== undefined && patternListMatches(ignored.toLowerCase(), line.option.toLowerCase())) return;
    const text = `there is no option ${line.option}`;
    this.#problem({ ...placeOf(line), reason: 'unknown_option', text });
  }

  #unsupported(line: ConfigLine & { type: 'unsupported' }): void {
    const { known, words } = line;
    if (words.every((word) => known.harmless.includes(word.toLowerCase()))) return;
    if (known.level === 'refuse') {
      throw new ConfigError(
        'CONFIG_UNSUPPORTED',
        `${known.name} is not supported, and without it ${known.instead}`,
        placeOf(line),
      );
    }
    this.#warn(line, known.level, `${known.name} is not supported: ${known.instead}`);
  }

  #facts({ host, final }: Pass): MatchFacts {
    const { host: original, command } = this.#request;
    const environment = this.#environment;
    return { settings: this.#settings, environment, original, host, finalPass: final, command };
  }

  #problem(problem: ConfigProblem): void {
    this.#problems.push(problem);
  }

  #warn(line: ConfigLine, level: ConfigWarning['level'], text: string): void {
    const warning = { ...placeOf(line), level, text };
    // A second pass comes to the same lines again.
    this.#warnings.set(`${line.file}:${line.line}:${text}`, warning);
  }

  #throwProblems(): void {
    if (this.#problems.length > 0) throw invalidConfig(this.#problems);
  }
}

/** Where the lines of a file stand. */
interface Scope {
  readonly own: boolean;
  /** Included from a block that does not apply: none of its own does either. */
  readonly never: boolean;
  readonly active: boolean;
  /** Files that are being read, outermost first. */
  readonly stack: readonly string[];
}

const placeOf = ({ file, line, option }: ConfigLine): ConfigPlace => ({
  file,
  line,
  option,
});

function unsafe(what: 'host' | 'user', name: string): ConfigError {
  return new ConfigError(
    'CONFIG_UNSAFE_NAME',
    `"${printable(name, 256)}" is no name of a ${what}: it has characters that a command line would act on`,
  );
}

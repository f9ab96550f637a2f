import { printable } from '@nbs-ssh/transport/wire';
import { type ErrorContext, SSHError } from '../errors/classes.ts';
import { MAX_PROBLEMS } from './limits.ts';

/** One thing that is wrong in a configuration. */
export interface ConfigProblem {
  /** Path of the file, or `command line`. */
  readonly file: string;
  /** From 1; 0 for what has no line. */
  readonly line: number;
  /** The option's name, as far as there is one. */
  readonly option?: string;
  readonly reason: ConfigProblemReason;
  /** One sentence without an end, text of the file in it escaped. */
  readonly text: string;
}

export type ConfigProblemReason = 'syntax' | 'unknown_option' | 'invalid_value' | 'include';

/** Something that was understood and is not done, or not as ssh would. */
export interface ConfigWarning {
  /** Path of the file, or `command line`. */
  readonly file: string;
  readonly line: number;
  readonly option: string;
  /** `note`: nothing that a user would miss. */
  readonly level: 'warning' | 'note';
  readonly text: string;
}

export interface ConfigErrorContext extends ErrorContext {
  readonly problems?: readonly ConfigProblem[];
  readonly file?: string;
  readonly line?: number;
  readonly option?: string;
}

export type ConfigErrorCode =
  /** Lines that mean nothing; `context.problems` lists them. */
  | 'CONFIG_INVALID'
  /** A file that was asked for by name does not exist or cannot be read. */
  | 'CONFIG_READ'
  /** Others may write the file, or own it. */
  | 'CONFIG_PERMISSIONS'
  /** Too long, too deep, or too many files. */
  | 'CONFIG_LIMIT'
  /** A token or variable that cannot be put in. */
  | 'CONFIG_TOKEN'
  /** A host or user that a command line could take for more than a name. */
  | 'CONFIG_UNSAFE_NAME'
  /** A command of `Match exec` could not be run, or did not end. */
  | 'CONFIG_EXEC'
  /** The configuration asks for what we do not do and must not leave out. */
  | 'CONFIG_UNSUPPORTED'
  /** The configuration itself refuses to connect to this host. */
  | 'CONFIG_REFUSED';

/** An ssh_config that cannot be used. Nothing was connected. */
export class ConfigError extends SSHError<ConfigErrorContext> {
  constructor(code: ConfigErrorCode, message: string, context: ConfigErrorContext = {}) {
    super(message, { code, fault: 'caller', retryable: false, context: { phase: 'config', ...context } });
  }

  override get errorType(): string {
    return 'ConfigError';
  }

  get problems(): readonly ConfigProblem[] {
    return this.context.problems ?? [];
  }
}

/** All that is wrong, in the order it stands in the files; the first is the message. */
export function invalidConfig(problems: readonly ConfigProblem[]): ConfigError {
  const [first] = problems;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  return new ConfigError(
    'CONFIG_INVALID',
    `${first === undefined ? 'the configuration is invalid' : describeProblem(first)}${more}`,
    {
      problems: problems.slice(0, MAX_PROBLEMS),
      ...(first === undefined ? {} : { file: first.file, line: first.line }),
      ...(first?.option === undefined ? {} : { option: first.option }),
    },
  );
}

/** `file line 3: text`, as ssh writes it. */
export function describeProblem({ file, line, text }: Pick<ConfigProblem, 'file' | 'line' | 'text'>): string {
  return `${printable(file, 1024)}${line === 0 ? '' : ` line ${line}`}: ${text}`;
}

/** Thrown while one line is read; becomes a {@link ConfigProblem} with the line's place. */
export class LineProblem extends Error {
  readonly reason: ConfigProblemReason;

  constructor(reason: ConfigProblemReason, text: string) {
    super(text);
    this.reason = reason;
  }
}

/** A value that cannot be one. `shown` is text of the file. */
export function badValue(what: string, shown: string): LineProblem {
  return new LineProblem('invalid_value', `${what}, not "${printable(shown, 128)}"`);
}

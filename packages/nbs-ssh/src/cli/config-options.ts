import type { ForwardSpec } from '../ssh-config/forward.ts';
import { type ConfigLine, forwardLine, overrideLine, parseLine } from '../ssh-config/parse.ts';
import { UsageError } from './usage.ts';

/** Where options of the command line are said to stand. */
const PLACE = 'command line';

/**
 * What the command line says. All that ssh_config has a name for is a line that comes before its files; the rest is
 * ours alone.
 */
export interface Settings {
  /** In the order they were given. The first value of each counts. */
  readonly lines: ConfigLine[];
  /** File to read in place of the user's and the system's; `none`: no file at all. */
  configFile: string | undefined;
  /** Whether `Match exec` may run its command. */
  allowExec: boolean;
  /** What `-W` names: where standard input and output lead. */
  pipe: { readonly host: string; readonly port: number } | undefined;
  /** `-t` was given once, or more often. */
  tty: 'no' | 'yes' | 'force' | undefined;
  /** From `-v` and `-q`, the last of which counts; `undefined`: `LogLevel` decides. */
  verbosity: number | undefined;
  hostKeyPolicy: 'strict' | 'accept-new' | 'ask' | 'insecure' | undefined;
  /** Only what the configuration comes to is asked for. */
  print: boolean;
  json: boolean;
  events: string | undefined;
  evidence: string | undefined;
  crypto: 'auto' | 'noble' | 'node';
}

/** A verbosity below that of a program that only tells of failures. */
export const QUIET = -1;

export function emptySettings(): Settings {
  return {
    lines: [],
    configFile: undefined,
    allowExec: false,
    pipe: undefined,
    tty: undefined,
    verbosity: undefined,
    hostKeyPolicy: undefined,
    print: false,
    json: false,
    events: undefined,
    evidence: undefined,
    crypto: 'auto',
  };
}

/** @param text - `Name=Value` or `Name Value`, as in a file. @throws {UsageError} */
export function addOption(settings: Settings, text: string): void {
  const line = parseLine(text, PLACE, 0, process.env);
  if (line === undefined) throw new UsageError(`Option -o needs Name=Value, not "${text}".`);
  add(settings, line, text);
}

/** What `-L`, `-R` and `-D` say. @throws {UsageError} */
export function addForward({ lines }: Settings, type: ForwardSpec['type'], text: string): void {
  const line = forwardLine(type, text, PLACE, process.env);
  if (line.type === 'wrong') throw new UsageError(`${sentence(line.problem.text)}.`);
  lines.push(line);
}

/** `-t` and `-T` come before every RequestTTY, as with ssh. */
export function ttyLine(tty: NonNullable<Settings['tty']>): ConfigLine {
  return overrideLine('RequestTTY', tty, PLACE);
}

/** @param name - An option of ssh_config. @throws {UsageError} when it cannot have that value. */
export function setOption(settings: Settings, name: string, value: string): void {
  add(settings, overrideLine(name, value, PLACE), value);
}

function add({ lines }: Settings, line: ConfigLine, text: string): void {
  if (line.type === 'wrong') throw new UsageError(`${sentence(line.problem.text)}.`);
  if (line.type === 'host' || line.type === 'match' || line.type === 'include') {
    throw new UsageError(`${line.option} belongs into a file, and not into "${text}".`);
  }
  // Whether an earlier IgnoreUnknown means it is found out where the files are read.
  if (line.type === 'unknown' && !lines.some(({ option }) => option.toLowerCase() === 'ignoreunknown')) {
    throw new UsageError(
      `The setting ${line.option} is not known.`,
      'nbs-ssh --help tells where they are listed.',
    );
  }
  lines.push(line);
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

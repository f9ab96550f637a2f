import { printable } from '@nbs-ssh/transport/wire';
import { LineArguments } from './arguments.ts';
import { type Criterion, parseCriteria } from './criteria.ts';
import { ConfigError, type ConfigProblem, LineProblem } from './errors.ts';
import { type ForwardSpec, parseForwardOption } from './forward.ts';
import { MAX_FILE_BYTES, MAX_LINE_LENGTH } from './limits.ts';
import type { Assignment } from './option.ts';
import { assignForward } from './session-options.ts';
import { findOption, findUnsupported } from './table.ts';
import type { UnsupportedOption } from './unsupported.ts';
import { checkVariables } from './values.ts';
import { splitKeyword, splitWords, trimEnd } from './words.ts';

/** What one line means. What it says about blocks that do not apply is known too. */
export type LineMeaning =
  | { readonly type: 'host'; readonly patterns: readonly string[] }
  | { readonly type: 'match'; readonly criteria: readonly Criterion[] }
  | { readonly type: 'include'; readonly paths: readonly string[] }
  | { readonly type: 'set'; readonly assign: Assignment }
  | { readonly type: 'unsupported'; readonly known: UnsupportedOption; readonly words: readonly string[] }
  /** An option that nobody knows. `IgnoreUnknown`, as it stands when the line is come to, may allow it. */
  | { readonly type: 'unknown' }
  | { readonly type: 'wrong'; readonly problem: ConfigProblem };

export type ConfigLine = LineMeaning & {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** As it was written. */
  readonly option: string;
};

/**
 * The lines of a configuration file that are neither empty nor comments.
 *
 * @param env - Variables that some options look at while they are read.
 * @throws {ConfigError} `CONFIG_LIMIT` when it is too long. What is wrong with a line is its meaning.
 */
export function parseConfig(
  text: string,
  file: string,
  env: Readonly<Record<string, string | undefined>>,
): readonly ConfigLine[] {
  if (text.length > MAX_FILE_BYTES) {
    throw new ConfigError('CONFIG_LIMIT', `${printable(file, 1024)} is too long for a configuration`, {
      file,
    });
  }
  const lines: ConfigLine[] = [];
  let number = 0;
  for (const line of text.split('\n')) {
    number += 1;
    const parsed = parseLine(line, file, number, env);
    if (parsed !== undefined) lines.push(parsed);
  }
  return lines;
}

/** @returns `undefined` for an empty line and a comment. */
export function parseLine(
  text: string,
  file: string,
  line: number,
  env: Readonly<Record<string, string | undefined>>,
): ConfigLine | undefined {
  const whole = trimEnd(text.slice(0, MAX_LINE_LENGTH + 1));
  let option = '';
  return readLine(
    { file, line },
    () => {
      if (text.length > MAX_LINE_LENGTH) throw new LineProblem('syntax', 'the line is too long');
      const { keyword, rest } = splitKeyword(whole);
      if ((keyword === '' && rest === '') || keyword.startsWith('#')) return undefined;
      option = printable(keyword, 64);
      if (rest === '') throw new LineProblem('syntax', 'a value is missing');
      return meaningOf(keyword.toLowerCase(), splitWords(rest), rest, env);
    },
    () => option,
  );
}

/** A setting with one value, as if it stood in front of all files. Nothing in `value` has a meaning of its own. */
export function overrideLine(name: string, value: string, file: string): ConfigLine {
  const place = { file, line: 0 };
  const line = readLine(
    place,
    () => meaningOf(name.toLowerCase(), [value], value, {}),
    () => name,
  );
  return line ?? { ...place, option: name, type: 'unknown' };
}

/** A forward as an option of a command line has it, in one word. */
export function forwardLine(
  type: ForwardSpec['type'],
  text: string,
  file: string,
  env: Readonly<Record<string, string | undefined>>,
): ConfigLine {
  const place = { file, line: 0 };
  const option = FORWARD_NAMES[type];
  const line = readLine(
    place,
    () => ({ type: 'set', assign: assignForward(parseForwardOption(type, checkVariables(text, env))) }),
    () => option,
  );
  return line ?? { ...place, option, type: 'unknown' };
}

const FORWARD_NAMES = { local: 'LocalForward', remote: 'RemoteForward', dynamic: 'DynamicForward' } as const;

/** What `read` makes of a line, or what is wrong with it. */
function readLine(
  place: { readonly file: string; readonly line: number },
  read: () => LineMeaning | undefined,
  name: () => string,
): ConfigLine | undefined {
  try {
    const meaning = read();
    return meaning === undefined ? undefined : { ...meaning, ...place, option: name() };
  } catch (error) {
    if (!(error instanceof LineProblem)) throw error;
    const option = name();
    const text = option === '' ? error.message : `${option}: ${error.message}`;
    const named = option === '' ? {} : { option };
    return { type: 'wrong', problem: { ...place, ...named, reason: error.reason, text }, ...place, option };
  }
}

/** @throws {LineProblem} */
function meaningOf(
  keyword: string,
  words: readonly string[],
  rest: string,
  env: Readonly<Record<string, string | undefined>>,
): LineMeaning {
  if (rest.includes('\0')) throw new LineProblem('syntax', 'there is a NUL character in it');
  if (keyword === 'host') return { type: 'host', patterns: someOf(words) };
  if (keyword === 'match') return { type: 'match', criteria: parseCriteria(words) };
  if (keyword === 'include') return { type: 'include', paths: someOf(words) };
  const option = findOption(keyword);
  if (option !== undefined) {
    const args = new LineArguments(words, rest, env);
    const assign = option.read(args);
    args.end();
    return { type: 'set', assign };
  }
  const unsupported = findUnsupported(keyword);
  return unsupported === undefined ? { type: 'unknown' } : { type: 'unsupported', known: unsupported, words };
}

/** An empty word is a mistake, and would be the pattern of nothing. @throws {LineProblem} */
function someOf(words: readonly string[]): readonly string[] {
  if (words.includes('')) throw new LineProblem('syntax', 'a value is empty');
  return words;
}

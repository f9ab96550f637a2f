import type { LineArguments } from './arguments.ts';
import { badValue, LineProblem } from './errors.ts';

/** One of the words in `choices`, which are lower case, whatever case the file has. */
export function choice<T>(args: LineArguments, choices: Readonly<Record<string, T>>): T {
  const word = args.next();
  const key = word.toLowerCase();
  const found = Object.hasOwn(choices, key) ? choices[key] : undefined;
  if (found === undefined) throw badValue(`it must be ${listed(Object.keys(choices))}`, word);
  return found;
}

/** `yes, no or ask`, without the other spellings of yes and no. */
function listed(names: readonly string[]): string {
  const shown = names.filter((name) => !['true', 'false', 'off'].includes(name));
  return `${shown.slice(0, -1).join(', ')} or ${shown.at(-1)}`;
}

export const YES_NO = { yes: true, true: true, no: false, false: false } as const;

const MAX_INT = 0x7fff_ffff;

export function integer(args: LineArguments): number {
  const word = args.next();
  const value = /^\d{1,10}$/.test(word) ? Number(word) : Number.NaN;
  if (value <= MAX_INT) return value;
  throw badValue('it must be a whole number', word);
}

export function port(args: LineArguments): number {
  return portOf(args.next());
}

/** @throws {LineProblem} */
export function portOf(text: string): number {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= 65_535) return value;
  throw badValue('a port is a number from 1 to 65535', text);
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** Seconds: `90`, `90s`, `1h30m`. `undefined` for `none`, which leaves the option unset. */
export function time(args: LineArguments): number | undefined {
  const word = args.next();
  return word === 'none' ? undefined : secondsOf(word);
}

function secondsOf(text: string): number {
  let total = 0;
  let at = 0;
  for (const part of text.matchAll(/(\d{1,10})([smhdw]?)/gi)) {
    if (part.index !== at) break;
    at += part[0].length;
    total += Number(part[1]) * (UNITS[(part[2] || 's').toLowerCase()] ?? 1);
  }
  if (at === text.length && at > 0 && total <= MAX_INT) return total;
  throw badValue('it must be a time such as 30, 90s or 1h30m', text);
}

const SCALES = 'bkmgtpe';

/** Bytes: `500M`, `1.5G`. */
export function sizeOf(text: string): number {
  const [, whole, fraction = '', unit = 'b'] = /^(\d{1,18})(\.\d{0,18})?([bkmgtpe])?$/i.exec(text) ?? [];
  const scale = 1024 ** SCALES.indexOf(unit.toLowerCase());
  // Without a unit there are no parts of a byte.
  const value = Number(whole ?? Number.NaN) * scale + Math.floor(Number(`0${fraction}`) * scale);
  if (Number.isSafeInteger(value)) return value;
  throw badValue('it must be a size such as 500M or 1G', text);
}

/** Several words; `none` only alone. @throws {LineProblem} */
export function words(args: LineArguments): readonly string[] {
  const all = args.rest();
  if (all.includes('')) throw new LineProblem('syntax', 'a value is empty');
  if (all.length > 1 && all.some((word) => word.toLowerCase() === 'none')) {
    throw new LineProblem('syntax', '"none" must stand alone');
  }
  return all;
}

/** A path that may be `$NAME`, or have `${NAME}` of a variable that is set. @throws {LineProblem} */
export function checkAgentPath(path: string, env: LineArguments['env']): string {
  checkVariables(path, env);
  if (/^\$(?!\{)/.test(path) && !/^\$[A-Za-z_][A-Za-z0-9_]*$/.test(path)) {
    throw badValue('it must be a path or the name of a variable', path);
  }
  return path;
}

/** @throws {LineProblem} for a variable that is not set. */
export function checkVariables(text: string, env: LineArguments['env']): string {
  return text.replace(/\$\{([^}]*)(\}?)/g, (_, name: string, close: string) => {
    const value = close === '' || name === '' ? undefined : env[name];
    if (typeof value !== 'string') throw badValue('every variable must be closed and set', text);
    return value;
  });
}

import { signerTime } from './signer-time.ts';

/** What a line of allowed_signers says about its key, ssh-keygen(1) "ALLOWED SIGNERS". */
export interface SignerOptions {
  /** The key certifies signers and does not sign itself. */
  readonly certAuthority: boolean;
  /** Pattern list. */
  readonly namespaces?: string;
  /** Seconds since 1970. */
  readonly validAfter?: number;
  readonly validBefore?: number;
}

export const NO_OPTIONS: SignerOptions = { certAuthority: false };

/**
 * Reads `name="value",flag,…`. Names are not case-sensitive, each may stand once, and an unknown one spoils the line:
 * it might have been a restriction.
 *
 * @returns what is wrong, in words, when something is.
 */
export function parseSignerOptions(text: string): SignerOptions | string {
  const values = new Map<string, string>();
  let certAuthority = false;
  for (let rest = text; ; ) {
    const [whole, name = '', equals, quoted] = OPTION.exec(rest) ?? [];
    const known = name.toLowerCase();
    if (whole === undefined || name === '') return 'unexpected end of the options';
    if (known === 'cert-authority' && equals === undefined) certAuthority = true;
    else if (!WITH_VALUE.includes(known)) return 'unknown key option';
    else if (quoted === undefined) return `${known} needs a value in double quotes`;
    else if (values.has(known)) return `${known} stands twice`;
    else values.set(known, quoted.replaceAll('\\"', '"'));
    rest = rest.slice(whole.length);
    if (rest === '') break;
    if (!rest.startsWith(',')) return 'options are separated by commas';
    rest = rest.slice(1);
  }
  return withTimes(certAuthority, values);
}

/** No two of the alternatives inside the quotes can take the same character, so there is nothing to try twice. */
const OPTION = /^([A-Za-z0-9-]*)(=(?:"((?:[^"\\]|\\"|\\(?!"))*)")?)?/;
const WITH_VALUE: readonly string[] = ['namespaces', 'valid-after', 'valid-before'];

function withTimes(certAuthority: boolean, values: ReadonlyMap<string, string>): SignerOptions | string {
  const namespaces = values.get('namespaces');
  const times: { validAfter?: number; validBefore?: number } = {};
  for (const [name, field] of [
    ['valid-after', 'validAfter'],
    ['valid-before', 'validBefore'],
  ] as const) {
    const text = values.get(name);
    if (text === undefined) continue;
    const time = signerTime(text);
    if (time === undefined) return `${name} is not a time`;
    times[field] = time;
  }
  const { validAfter, validBefore } = times;
  if (validAfter !== undefined && validBefore !== undefined && validBefore <= validAfter) {
    return 'valid-before is not after valid-after';
  }
  return { certAuthority, ...(namespaces === undefined ? {} : { namespaces }), ...times };
}

/** How many characters of `text` the options take: up to the first white space outside of quotes. */
export function optionsLength(text: string): number {
  let quoted = false;
  let at = 0;
  for (; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (!quoted && (character === ' ' || character === '\t')) break;
    if (character === '\\' && text.charAt(at + 1) === '"') at += 1;
    else if (character === '"') quoted = !quoted;
  }
  return Math.min(at, text.length);
}

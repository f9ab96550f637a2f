import type { CryptoProvider } from '@nbs-ssh/transport/crypto';
import { equalBytes, fromBase64, utf8 } from '@nbs-ssh/transport/wire';
import { asciiLowerCase } from './name.ts';

/** Longest pattern that takes part in matching, in characters: OpenSSH's buffer. A longer one spoils its line. */
const MAX_PATTERN = 1022;
/** Longest name that is looked up, in characters. DNS names end at 253; with this, matching takes a millisecond. */
export const MAX_NAME = 1024;

/** Shape of a hashed name: `|1|salt|hash`, 20 bytes each in base64. */
const HASHED = /^\|1\|([A-Za-z0-9+/]{27}=)\|([A-Za-z0-9+/]{27}=)$/;

export const isHashed = (names: string): boolean => names.startsWith('|');
export const isWellFormedHash = (names: string): boolean => HASHED.test(names);

/**
 * Says whether the first field of a line means `name`: a hash of it, or a list of patterns of which one fits
 * and no negated one does.
 *
 * @param name - From {@link knownHostsName}.
 */
export function namesMatch(hmac: CryptoProvider['hmac'], names: string, name: string): boolean {
  if (name.length > MAX_NAME) return false;
  return isHashed(names) ? hashMatches(hmac, names, name) : patternListMatches(asciiLowerCase(names), name);
}

/** HMAC-SHA1 of the name under the salt; SHA-1 only hides names here, it protects nothing. */
export function hashName(hmac: CryptoProvider['hmac'], salt: Uint8Array, name: string): Uint8Array {
  return hmac('sha1', salt, utf8(name));
}

function hashMatches(hmac: CryptoProvider['hmac'], names: string, name: string): boolean {
  const [, salt, hash] = (HASHED.exec(names) ?? []).map(fromBase64);
  if (salt === undefined || hash === undefined) return false;
  return equalBytes(hashName(hmac, salt, name), hash);
}

/** Patterns with commas between them: one must match, and none that is negated with `!`. Case matters. */
export function patternListMatches(list: string, name: string): boolean {
  let found = false;
  for (const part of list.split(',')) {
    const negated = part.startsWith('!');
    const pattern = negated ? part.slice(1) : part;
    if (pattern.length > MAX_PATTERN) return false;
    if (!wildcardMatches(pattern, name)) continue;
    if (negated) return false;
    found = true;
  }
  return found;
}

/**
 * `*` stands for any characters, `?` for one.
 *
 * Only the last star is ever gone back to: an earlier one has already found its earliest place, and a later
 * place could only leave less text. So the time is at most the product of the lengths.
 */
export function wildcardMatches(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let resume = 0;
  while (t < text.length) {
    const c = pattern[p];
    if (c === '*') {
      star = p;
      resume = t;
      p += 1;
    } else if (c !== undefined && (c === '?' || c === text[t])) {
      p += 1;
      t += 1;
    } else if (star !== -1) {
      resume += 1;
      p = star + 1;
      t = resume;
    } else {
      return false;
    }
  }
  while (pattern[p] === '*') p += 1;
  return p === pattern.length;
}

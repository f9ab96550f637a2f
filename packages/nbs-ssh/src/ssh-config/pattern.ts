import { wildcardMatches } from '@nbs-ssh/auth';

/** Longest pattern of a list that can match, in characters: OpenSSH's buffer. */
const MAX_PATTERN = 1022;

/** Patterns separated by commas; one that begins with `!` and matches decides against, whatever else matches. */
export function matchesList(text: string, list: string): boolean {
  let found = false;
  for (const entry of list === '' ? [] : list.split(',')) {
    const negated = entry.startsWith('!');
    const pattern = negated ? entry.slice(1) : entry;
    if (pattern.length > MAX_PATTERN) return false;
    if (!wildcardMatches(pattern, text)) continue;
    if (negated) return false;
    found = true;
  }
  return found;
}

/** The words of a `Host` line. Case matters, as with ssh: what was typed is compared. */
export function matchesHostLine(host: string, patterns: readonly string[]): boolean {
  let found = false;
  for (const pattern of patterns) {
    const negated = pattern.startsWith('!');
    if (!wildcardMatches(negated ? pattern.slice(1) : pattern, host)) continue;
    if (negated) return false;
    found = true;
  }
  return found;
}

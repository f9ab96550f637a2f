import { wildcardMatches } from '@nbs-ssh/auth';

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

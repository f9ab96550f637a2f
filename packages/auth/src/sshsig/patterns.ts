import { wildcardMatches } from '../known-hosts/match.ts';

/** Longest pattern or name that takes part in matching, in characters; with this, matching takes a millisecond. */
const MAX_TEXT = 1024;

/** Whether one pattern of the list fits and no negated one does. Case counts, unlike in names of hosts. */
export function patternListMatches(list: string, text: string): boolean {
  let found = false;
  for (const part of list.split(',')) {
    const negated = part.startsWith('!');
    const pattern = negated ? part.slice(1) : part;
    if (pattern === '') continue;
    // What cannot be compared must not be taken for a permission, nor for the absence of a refusal.
    if (pattern.length > MAX_TEXT || text.length > MAX_TEXT) return false;
    if (!wildcardMatches(pattern, text)) continue;
    if (negated) return false;
    found = true;
  }
  return found;
}

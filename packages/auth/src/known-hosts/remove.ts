import { type KnownHostsEntry, parseKnownHosts } from './parse.ts';

/**
 * The text without the lines that `isUnwanted` names. Every other byte stays as it is: comments, blank lines and line
 * ends too.
 */
export function withoutKnownHosts(text: string, isUnwanted: (entry: KnownHostsEntry) => boolean): string {
  const unwanted = new Set(
    parseKnownHosts(text, '')
      .entries.filter(isUnwanted)
      .map((entry) => entry.line),
  );
  if (unwanted.size === 0) return text;
  const lines = text.split('\n');
  return lines.filter((_, index) => !unwanted.has(index + 1)).join('\n');
}

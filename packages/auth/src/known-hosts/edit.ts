import type { CryptoProvider } from '@nbs-ssh/transport/crypto';
import { toBase64 } from '@nbs-ssh/transport/wire';
import { SALT_LENGTH } from './format.ts';
import { hashName, isHashed, namesMatch } from './match.ts';
import { asciiLowerCase } from './name.ts';
import { type KnownHostsEntry, type KnownHostsWarning, parseKnownHosts } from './parse.ts';

/** What hides a name, or finds a hidden one. */
export type NameHashing = Pick<CryptoProvider, 'hmac' | 'random'>;

/** One line that means a host, as it stands in its file. */
export interface FoundHost {
  readonly entry: KnownHostsEntry;
  readonly text: string;
  /** The line with its names hashed: several lines for several names. The same as `text` where that cannot be. */
  readonly hashed: () => string;
}

/**
 * The lines that mean a host: plain, by a pattern or hashed, also of CAs and revoked keys.
 *
 * @param name - As it stands in the file: `host`, or `[host]:port` for ports other than 22.
 */
export function findKnownHosts(text: string, name: string, crypto: NameHashing): readonly FoundHost[] {
  const lines = text.split('\n');
  const wanted = asciiLowerCase(name);
  return parseKnownHosts(text, '')
    .entries.filter((entry) => namesMatch(crypto.hmac, entry.names, wanted))
    .map((entry) => {
      const line = lines[entry.line - 1] ?? '';
      return { entry, text: line, hashed: () => hashedLine(entry, line, crypto) };
    });
}

/** A known_hosts file whose names are hidden. */
export interface HashedKnownHosts {
  readonly text: string;
  /** How many lines had names that could be read. */
  readonly hashed: number;
  /** Lines whose names stay as they are, because they are patterns. */
  readonly patterns: readonly KnownHostsEntry[];
  /** Lines that are not understood, and stay too. */
  readonly warnings: readonly KnownHostsWarning[];
}

/** Hides each name by a salt of its own, as `ssh-keygen -H`. Patterns, CAs, revoked keys and comments stay as they are. */
export function hashKnownHosts(text: string, crypto: NameHashing): HashedKnownHosts {
  const { entries, warnings } = parseKnownHosts(text, '');
  const lines = text.split('\n');
  let hashed = 0;
  for (const entry of entries) {
    const line = lines[entry.line - 1] ?? '';
    const hidden = hashedLine(entry, line, crypto);
    if (hidden !== line) hashed += 1;
    lines[entry.line - 1] = hidden;
  }
  const patterns = entries.filter(({ marker, names }) => marker === 'none' && isPattern(names));
  return { text: lines.join('\n'), hashed, patterns, warnings };
}

function hashedLine({ marker, names }: KnownHostsEntry, line: string, crypto: NameHashing): string {
  if (marker !== 'none' || isHashed(names) || isPattern(names)) return line;
  const key = line.slice(line.indexOf(names) + names.length).trimStart();
  const hidden = names.split(',').flatMap((name) => {
    if (name === '') return [];
    const salt = crypto.random(SALT_LENGTH);
    const hash = hashName(crypto.hmac, salt, asciiLowerCase(name));
    return [`|1|${toBase64(salt)}|${toBase64(hash)} ${key}`];
  });
  return hidden.length === 0 ? line : hidden.join('\n');
}

const isPattern = (names: string): boolean => /[*?!]/.test(names);

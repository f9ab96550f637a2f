import { fromBase64, fromUtf8Lossy } from '@nbs-ssh/transport/wire';
import { isHashed, isWellFormedHash } from './match.ts';

/** One usable line. */
export interface KnownHostsEntry {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** `cert-authority` lines speak about certificates only and never match a plain key. */
  readonly marker: 'none' | 'revoked' | 'cert-authority';
  /** The first field as it stands: patterns, or one hashed name. */
  readonly names: string;
  readonly keyType: string;
  /** The key as it travels. Only its type was looked at, so a type we cannot use still pins its host. */
  readonly blob: Uint8Array;
}

/** A line that was skipped, and why. It has no say in any verdict, as in OpenSSH. */
export interface KnownHostsWarning {
  readonly file: string;
  readonly line: number;
  readonly problem:
    | 'line-too-long'
    | 'marker'
    | 'hashed-name'
    | 'missing-key'
    | 'key-type'
    | 'key'
    | 'nul-byte';
}

/** One known_hosts file, read. */
export interface KnownHosts {
  readonly file: string;
  readonly entries: readonly KnownHostsEntry[];
  readonly warnings: readonly KnownHostsWarning[];
}

/** Longest line looked at, in characters. An RSA key of 16,384 bits takes 2,800; the rest is for names. */
const MAX_LINE = 65_536;
/** Warnings kept for one file; a binary file would otherwise give one for each line. */
const MAX_WARNINGS = 100;
/** Key types are short names; a number here would be a key of SSH protocol 1. */
const KEY_TYPE = /^[A-Za-z][A-Za-z0-9@._+-]{0,63}$/;

/**
 * Reads known_hosts, sshd(8) "SSH_KNOWN_HOSTS FILE FORMAT". Total: bad lines become warnings.
 *
 * @param file - What to call the file in verdicts and warnings, normally its path.
 */
export function parseKnownHosts(text: string, file: string): KnownHosts {
  const entries: KnownHostsEntry[] = [];
  const warnings: KnownHostsWarning[] = [];
  let number = 0;
  for (let start = 0; start < text.length; ) {
    number += 1;
    const newline = text.indexOf('\n', start);
    const end = newline === -1 ? text.length : newline;
    const result = end - start > MAX_LINE ? 'line-too-long' : parseLine(text.slice(start, end), file, number);
    if (typeof result === 'object') entries.push(result);
    else if (result !== undefined && warnings.length < MAX_WARNINGS) {
      warnings.push({ file, line: number, problem: result });
    }
    start = end + 1;
  }
  return { file, entries, warnings };
}

function parseLine(
  text: string,
  file: string,
  line: number,
): KnownHostsEntry | KnownHostsWarning['problem'] | undefined {
  const fields = text.split(/[ \t\r]/).filter((field) => field !== '');
  const first = fields[0];
  if (first === undefined || first.startsWith('#')) return undefined;
  if (text.includes('\0')) return 'nul-byte';
  const marker = first.startsWith('@') ? MARKERS.get(first) : 'none';
  if (marker === undefined) return 'marker';
  const [names = '', keyType = '', base64 = ''] = marker === 'none' ? fields : fields.slice(1);
  if (names.startsWith('@')) return 'marker';
  if (keyType === '' || base64 === '' || keyType.startsWith('#')) return 'missing-key';
  if (isHashed(names) && !isWellFormedHash(names)) return 'hashed-name';
  if (!KEY_TYPE.test(keyType)) return 'key-type';
  const blob = fromBase64(base64);
  return blob !== undefined && typeInside(blob) === keyType
    ? { file, line, marker, names, keyType, blob }
    : 'key';
}

const MARKERS: ReadonlyMap<string, KnownHostsEntry['marker']> = /* @__PURE__ */ new Map<
  string,
  KnownHostsEntry['marker']
>([
  ['@revoked', 'revoked'],
  ['@cert-authority', 'cert-authority'],
]);

/** The name inside the blob: an SSH string of fewer than 256 bytes at its start. */
function typeInside(blob: Uint8Array): string | undefined {
  const length = blob[3];
  if (length === undefined || blob[0] !== 0 || blob[1] !== 0 || blob[2] !== 0 || blob.length <= 4 + length) {
    return undefined;
  }
  return fromUtf8Lossy(blob.subarray(4, 4 + length));
}

import { fromBase64, printable, toBase64 } from '../wire/index.ts';
import { keysError } from './errors.ts';
import { parsePublicKey } from './public-key.ts';
import type { PublicKey } from './types.ts';

export interface PublicKeyLine<Key extends PublicKey = PublicKey> {
  readonly publicKey: Key;
  /** What follows the key, without surrounding white space; `''` when nothing does. */
  readonly comment: string;
}

/** Longest line we look at, in characters: the longest certificate takes 87,400, the rest is for the comment. */
const MAX_LINE = 98_304;

/**
 * Reads one line of a `.pub` file: `keytype base64 [comment]`.
 *
 * @param read - What may stand there: `parseCertificate` or `parseKeyOrCertificate` for certificates. Default: only
 *   plain keys, so that nobody takes a certificate for a key.
 * @returns `undefined` for an empty line and for one that starts with `#`.
 * @throws {KeysError} as `read` does; `KEYS_MALFORMED` also when the type in front is not the key's.
 */
export function parsePublicKeyLine<Key extends PublicKey = PublicKey>(
  text: string,
  read: (blob: Uint8Array) => Key,
): PublicKeyLine<Key> | undefined;
export function parsePublicKeyLine(text: string): PublicKeyLine | undefined;
export function parsePublicKeyLine(
  text: string,
  read: (blob: Uint8Array) => PublicKey = parsePublicKey,
): PublicKeyLine | undefined {
  if (text.length > MAX_LINE) throw keysError('KEYS_MALFORMED', { keyType: 'unknown', part: 'line' });
  const line = text.trim();
  if (line === '' || line.startsWith('#')) return undefined;
  const [, name = '', base64 = '', comment = ''] = /^(\S+)[ \t]+(\S+)(?:[ \t]+(.*))?$/.exec(line) ?? [];
  const keyType = name === '' ? 'unknown' : printable(name, 64);
  const blob = fromBase64(base64);
  if (blob === undefined || blob.length === 0) throw keysError('KEYS_MALFORMED', { keyType, part: 'line' });
  const publicKey = read(blob);
  if (publicKey.keyType !== name) throw keysError('KEYS_MALFORMED', { keyType, part: 'type' });
  return { publicKey, comment };
}

/**
 * One line for a `.pub` or `authorized_keys` file, without a line end.
 *
 * @throws {RangeError} when the comment has a line break or NUL: it would smuggle in a second line.
 */
export function formatPublicKeyLine(publicKey: PublicKey, comment = ''): string {
  if (/[\r\n\0]/.test(comment)) throw new RangeError('a comment must not contain line breaks');
  const key = `${publicKey.keyType} ${toBase64(publicKey.blob)}`;
  return comment === '' ? key : `${key} ${comment}`;
}

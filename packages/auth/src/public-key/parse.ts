import {
  isRfc4716,
  keysError,
  type PublicKey,
  type PublicKeyLine,
  parsePublicKey,
  parsePublicKeyLine,
  parseRfc4716,
} from '@nbs-ssh/transport/keys';
import { parsePemPublicKey } from './spki.ts';

/**
 * Reads the text of a public key file of any format: a `.pub` line, RFC 4716 (`---- BEGIN SSH2 PUBLIC KEY ----`) or PEM
 * (`-----BEGIN PUBLIC KEY-----`).
 *
 * @param read - What may stand there: `parseKeyOrCertificate` for certificates too. Default: only plain keys.
 * @returns With the comment, which PEM does not have; `undefined` for an empty line and for one that starts with `#`.
 * @throws {KeysError}
 */
export function parsePublicKeyText(
  text: string,
  read: (blob: Uint8Array) => PublicKey = parsePublicKey,
): PublicKeyLine | undefined {
  if (isRfc4716(text)) return parseRfc4716(text, read);
  if (!text.includes('-----BEGIN ')) return parsePublicKeyLine(text, read);
  const publicKey = parsePemPublicKey(text);
  if (publicKey === undefined) throw keysError('KEYS_MALFORMED', { keyType: 'unknown', part: 'PEM' });
  return { publicKey, comment: '' };
}

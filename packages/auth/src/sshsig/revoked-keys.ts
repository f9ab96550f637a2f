import {
  isKeysError,
  type PublicKey,
  parseKeyOrCertificate,
  parsePublicKeyLine,
  plainKeyOf,
} from '@nbs-ssh/transport/keys';
import { equalBytes, fromUtf8Lossy } from '@nbs-ssh/transport/wire';
import { sshsigError } from './errors.ts';

/** First bytes of OpenSSH's binary lists, PROTOCOL.krl. */
const KRL_MAGIC = 'SSHKRL\n\0';

/**
 * Reads a list of revoked keys: one public key on each line, as in `.pub` files.
 *
 * @throws {SshsigError} `AUTH_SSHSIG_REVOKED_KEYS` for the first line that is no key: skipping it would let through
 *   whom it means. Also for a binary revocation list (KRL), which is not supported.
 */
export function parseRevokedKeys(content: string | Uint8Array): readonly PublicKey[] {
  const text = typeof content === 'string' ? content : fromUtf8Lossy(content);
  const refused = (line: number, what: string, cause?: unknown): Error =>
    sshsigError('AUTH_SSHSIG_REVOKED_KEYS', { line, what }, { cause });
  if (text.startsWith(KRL_MAGIC)) throw refused(1, 'it is a binary list (KRL), which is not supported');
  const keys: PublicKey[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    try {
      const parsed = parsePublicKeyLine(line, parseKeyOrCertificate);
      if (parsed !== undefined) keys.push(parsed.publicKey);
    } catch (error) {
      if (!isKeysError(error)) throw error;
      throw refused(index + 1, 'it is no public key that can be read', error);
    }
  }
  return keys;
}

/** Whether the key, the key that a certificate is about, or the key of its CA is in the list. */
export function isRevoked(revoked: readonly PublicKey[], publicKey: PublicKey): boolean {
  const authority = publicKey.certificate?.signatureKey;
  return revoked.some((key) => {
    const { blob } = plainKeyOf(key);
    return (
      equalBytes(blob, plainKeyOf(publicKey).blob) ||
      (authority !== undefined && equalBytes(blob, authority.blob))
    );
  });
}

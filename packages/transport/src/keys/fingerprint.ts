import type { CryptoProvider } from '../crypto/index.ts';
import { toBase64 } from '../wire/index.ts';

/** `md5` is what was shown before OpenSSH 6.8; it says which key this is, and is no protection against a forged one. */
export type FingerprintHash = 'sha256' | 'md5';

/**
 * The fingerprint people compare, as OpenSSH prints it: `SHA256:` and base64 without padding, or `MD5:` and
 * hexadecimal with colons.
 *
 * @param blob - The key as it travels, {@link PublicKey.blob}.
 */
export function fingerprint(
  hash: CryptoProvider['hash'],
  blob: Uint8Array,
  name: FingerprintHash = 'sha256',
): string {
  const digest = hash(name, blob);
  if (name === 'sha256') return `SHA256:${toBase64(digest).replace(/=+$/, '')}`;
  return `MD5:${Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join(':')}`;
}

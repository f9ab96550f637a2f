import type { CryptoProvider } from '../crypto/index.ts';
import { toBase64 } from '../wire/index.ts';

/**
 * The fingerprint people compare, as OpenSSH prints it: `SHA256:` and base64 without padding.
 *
 * @param blob - The key as it travels, {@link PublicKey.blob}.
 */
export function fingerprint(hash: CryptoProvider['hash'], blob: Uint8Array): string {
  return `SHA256:${toBase64(hash('sha256', blob)).replace(/=+$/, '')}`;
}

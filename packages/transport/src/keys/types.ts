import type { PublicKeyMaterial } from '../crypto/index.ts';

/** A public key as it travels: RFC 4253 §6.6, RFC 5656 §3.1, RFC 8709 §4. */
export interface PublicKey {
  /** Name inside the blob, for example `ssh-rsa` (never `rsa-sha2-512`, which names a signature). */
  readonly keyType: string;
  /** The encoded key, exactly as received or as it will be sent. */
  readonly blob: Uint8Array;
  readonly material: PublicKeyMaterial;
}

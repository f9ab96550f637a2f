import type { PublicKeyMaterial } from '../crypto/index.ts';
import type { Certificate } from './certificate-types.ts';

/** A public key as it travels: RFC 4253 §6.6, RFC 5656 §3.1, RFC 8709 §4. Or a certificate around one. */
export interface PublicKey {
  /**
   * Name inside the blob, for example `ssh-rsa` (never `rsa-sha2-512`, which names a signature). Of a certificate the
   * certificate's own: `ssh-rsa-cert-v01@openssh.com`.
   */
  readonly keyType: string;
  /** The encoded key, exactly as received or as it will be sent. Of a certificate the whole certificate. */
  readonly blob: Uint8Array;
  /** Of a certificate that of the certified key. */
  readonly material: PublicKeyMaterial;
  /** Present when this is a certificate. Signatures are checked with the plain key in it. */
  readonly certificate?: Certificate;
}

import type { PublicKey } from './types.ts';

/** What is certified about a key, OpenSSH [PROTOCOL.certkeys]. Nothing in it was verified by reading it. */
export interface Certificate {
  readonly type: 'user' | 'host';
  /** The key that is certified, by itself. */
  readonly key: PublicKey;
  /** Chosen by the CA; 0 when it does not number its certificates. */
  readonly serial: bigint;
  /** Chosen by the CA to name the owner in logs. Any characters but NUL: escape it before it is shown. */
  readonly keyId: string;
  /** User or host names that the certificate is for; host names may be patterns. */
  readonly principals: readonly string[];
  /** First second of validity, since 1970. */
  readonly validAfter: bigint;
  /** First second after validity, since 1970. 2^64 − 1 never ends. */
  readonly validBefore: bigint;
  /** Whoever does not know one of these must refuse the certificate. Sorted by name. */
  readonly criticalOptions: readonly CertificateOption[];
  /** Whoever does not know one of these ignores it. Sorted by name. */
  readonly extensions: readonly CertificateOption[];
  /** The key of the CA. */
  readonly signatureKey: PublicKey;
  /** Signature blob of the CA over {@link signedBytes}. */
  readonly signature: Uint8Array;
  readonly signedBytes: Uint8Array;
}

export interface CertificateOption {
  readonly name: string;
  /** As it is encoded: empty for a flag, otherwise usually one `string`. */
  readonly data: Uint8Array;
}

/** A public key that is known to be a certificate. */
export type CertifiedKey = PublicKey & { readonly certificate: Certificate };

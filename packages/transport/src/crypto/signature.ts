export type EcdsaCurve = 'nistp256' | 'nistp384' | 'nistp521';

/** A public key as numbers and points, without SSH's encoding. */
export type PublicKeyMaterial =
  | { readonly type: 'ed25519' /** 32 bytes. */; readonly publicKey: Uint8Array }
  | {
      readonly type: 'ecdsa';
      readonly curve: EcdsaCurve /** Uncompressed, 0x04 ‖ x ‖ y. */;
      readonly point: Uint8Array;
    }
  | { readonly type: 'rsa'; readonly n: bigint; readonly e: bigint }
  | {
      readonly type: 'dss';
      readonly p: bigint;
      readonly q: bigint;
      readonly g: bigint;
      readonly y: bigint;
    }
  | SecurityKeyMaterial;

/**
 * The public half of a key that lives in a FIDO authenticator, OpenSSH PROTOCOL.u2f. There is no private half here:
 * an agent signs with it.
 */
export type SecurityKeyMaterial =
  | {
      readonly type: 'sk-ed25519' /** 32 bytes. */;
      readonly publicKey: Uint8Array;
      /** What the key was made for, `ssh:` or a word behind that. Signatures cover its hash. */
      readonly application: string;
    }
  | {
      readonly type: 'sk-ecdsa';
      readonly curve: 'nistp256' /** Uncompressed, 0x04 ‖ x ‖ y. */;
      readonly point: Uint8Array;
      readonly application: string;
    };

/** A private key that can sign. Never printed, never traced. */
export type PrivateKeyMaterial =
  | { readonly type: 'ed25519' /** 32 bytes. */; readonly seed: Uint8Array; readonly publicKey: Uint8Array }
  | {
      readonly type: 'ecdsa';
      readonly curve: EcdsaCurve;
      /** Scalar, big-endian, as long as the field. */
      readonly secret: Uint8Array;
      readonly point: Uint8Array;
    }
  | {
      readonly type: 'rsa';
      readonly n: bigint;
      readonly e: bigint;
      readonly d: bigint;
      readonly p: bigint;
      readonly q: bigint;
      /** q⁻¹ mod p. */
      readonly iqmp: bigint;
    };

/**
 * One signature algorithm as it is named in `server-sig-algs` and in signature blobs.
 *
 * Signatures here are raw: 64 bytes for Ed25519; r ‖ s, each as long as the order, for ECDSA and DSA; as long as the
 * modulus for RSA; one of the first two, then flags (1 byte) and counter (4 bytes), for keys in an authenticator.
 * `keys` adds SSH's encoding.
 */
export interface SignatureSuite {
  /** For example `rsa-sha2-512`. */
  readonly name: string;
  /** Name inside the public-key blob, for example `ssh-rsa`. */
  readonly keyType: string;
  /** Never throws: anything malformed is simply not a valid signature. */
  readonly verify: (publicKey: PublicKeyMaterial, data: Uint8Array, signature: Uint8Array) => boolean;
  /**
   * @param random - For RSA blinding. Ed25519 and ECDSA (RFC 6979) are deterministic.
   * @throws {CryptoError} `CRYPTO_KEY_TYPE`, `CRYPTO_SIGNATURE_SELF_CHECK`
   */
  readonly sign: (
    privateKey: PrivateKeyMaterial,
    data: Uint8Array,
    random: (length: number) => Uint8Array,
  ) => Uint8Array;
}

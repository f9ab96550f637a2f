import type { CryptoProvider, PrivateKeyMaterial } from '@nbs-ssh/transport/crypto';
import type { PublicKey } from '@nbs-ssh/transport/keys';
import type { Derivation } from './derive.ts';

/** Primitives that reading a key file may ask of the provider. */
export type KeyFileCrypto = Pick<CryptoProvider, 'hash' | 'hmac'>;

export interface ParsedPrivateKey {
  readonly key: PrivateKeyMaterial;
  readonly publicKey: PublicKey;
  /** As the file has it: not made printable. `''` in formats without comments. */
  readonly comment: string;
}

/**
 * A key file whose outer layer was read: what stands outside the encryption, and how to go on.
 *
 * Every format becomes one of these, so that deriving a key from the passphrase, the only slow step, is in one place.
 */
export interface KeyContainer {
  /** Name of the format, for errors. */
  readonly format: string;
  /** Blob of the public key where the format shows it. Nothing vouches for it until the private part is read. */
  readonly publicBlob: Uint8Array | undefined;
  /** The private part as the file has it, maybe plain: overwritten once it was read. */
  readonly body: Uint8Array;
  /** `undefined` when the key is not encrypted. */
  readonly encryption: Encryption | undefined;
  /**
   * @param derived - What was derived as {@link Encryption.derivation} says; `undefined` exactly when the key is not encrypted.
   * @throws {PrivateKeyError} `AUTH_KEY_WRONG_PASSPHRASE`, `AUTH_KEY_INVALID_FORMAT`, `AUTH_KEY_UNSUPPORTED`
   */
  readonly decode: (derived: Uint8Array | undefined, crypto: KeyFileCrypto) => DecodedKey;
}

export interface Encryption {
  /** As the format calls it. */
  readonly cipher: string;
  /**
   * What to derive, checked against the bounds of limits.ts. A function, so that the public half of a file with
   * parameters that nobody computes can be shown all the same.
   *
   * @throws {PrivateKeyError} `AUTH_KEY_INVALID_FORMAT`, `AUTH_KEY_UNSUPPORTED`
   */
  readonly derivation: () => Derivation;
}

export interface DecodedKey {
  readonly key: PrivateKeyMaterial;
  readonly comment: string;
}

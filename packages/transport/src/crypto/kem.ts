import type { RandomSource } from './kex.ts';

/** A key encapsulation mechanism as the hybrid exchanges use one; all lengths in bytes. */
export interface Kem {
  readonly publicLength: number;
  readonly ciphertextLength: number;
  readonly keygen: (random: RandomSource) => KemKeys;
  /**
   * @param publicKey - Has `publicLength` bytes.
   * @throws when `publicKey` is not the encoding of a key.
   */
  readonly encapsulate: (publicKey: Uint8Array, random: RandomSource) => Encapsulation;
  /**
   * A damaged ciphertext gives an unrelated secret, and takes as long: the exchange then fails at the signature.
   *
   * @param ciphertext - Has `ciphertextLength` bytes.
   */
  readonly decapsulate: (ciphertext: Uint8Array, secretKey: Uint8Array) => Uint8Array;
}

export interface KemKeys {
  readonly publicKey: Uint8Array;
  /** Wipe after use. */
  readonly secretKey: Uint8Array;
}

export interface Encapsulation {
  readonly ciphertext: Uint8Array;
  /** Wipe after use. */
  readonly sharedSecret: Uint8Array;
}

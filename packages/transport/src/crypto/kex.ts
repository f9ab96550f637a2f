import type { HashName } from './hash.ts';

/**
 * A key exchange with one public value each way: ECDH (RFC 5656 §4, RFC 8731) and the post-quantum hybrids.
 *
 * The values travel in messages 30 and 31 as SSH strings.
 */
export interface KexSuite {
  readonly name: string;
  readonly hash: HashName;
  /** How K enters the exchange hash and key derivation: `mpint` in classic ECDH, `string` in the hybrids. */
  readonly sharedSecretEncoding: 'mpint' | 'string';
  /** Client side: makes Q_C and keeps what is needed for the answer. */
  readonly start: (random: RandomSource) => KexStart;
  /**
   * Server side: answers the client's value.
   *
   * @throws {CryptoError} `CRYPTO_BAD_PUBLIC_VALUE` when the value is not a valid one (length, point, all-zero result).
   */
  readonly respond: (random: RandomSource, clientPublic: Uint8Array) => KexAnswer;
}

export type RandomSource = (length: number) => Uint8Array;

export interface KexStart {
  readonly clientPublic: Uint8Array;
  /**
   * @returns K as raw big-endian bytes (classic) or as the hash that the hybrids use. Wipe after use.
   * @throws {CryptoError} `CRYPTO_BAD_PUBLIC_VALUE`
   */
  readonly finish: (serverPublic: Uint8Array) => Uint8Array;
}

export interface KexAnswer {
  readonly serverPublic: Uint8Array;
  readonly sharedSecret: Uint8Array;
}

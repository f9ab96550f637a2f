import type { HashName } from './hash.ts';

/** A method of key exchange. `kind` says which messages it has. */
export type KexSuite = OneRoundKexSuite;

/** What every method has, whatever its messages. */
interface KexMethod {
  readonly name: string;
  readonly hash: HashName;
  /** How K enters the exchange hash and key derivation: `mpint` in the classic ones, `string` in the hybrids. */
  readonly sharedSecretEncoding: 'mpint' | 'string';
}

/**
 * One public value each way, in messages 30 and 31: ECDH (RFC 5656 §4, RFC 8731), the post-quantum hybrids, and
 * Diffie-Hellman in a fixed group (RFC 4253 §8).
 *
 * A value is what stands behind its length on the wire. ECDH and the hybrids send a string; RFC 4253 sends an mpint,
 * whose body the suite makes and checks itself, sign and shortest form included.
 */
export interface OneRoundKexSuite extends KexMethod {
  readonly kind: 'one-round';
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

import type { DhGroup } from './dh/groups.ts';
import type { HashName } from './hash.ts';

/** A method of key exchange. `kind` says which messages it has. */
export type KexSuite = OneRoundKexSuite | GroupExchangeKexSuite;

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
export interface OneRoundKexSuite extends KexMethod, OneRound {
  readonly kind: 'one-round';
}

export interface OneRound {
  /** Client side: makes Q_C (or e) and keeps what is needed for the answer. */
  readonly start: (random: RandomSource) => KexStart;
  /**
   * Server side: answers the client's value.
   *
   * @throws {CryptoError} `CRYPTO_BAD_PUBLIC_VALUE` when the value is not a valid one (length, point, all-zero result).
   */
  readonly respond: (random: RandomSource, clientPublic: Uint8Array) => KexAnswer;
}

/**
 * First the server chooses a group, then one round in it, RFC 4419: messages 34, 31, 32 and 33. Values are bodies of
 * mpints, as in RFC 4253 §8.
 */
export interface GroupExchangeKexSuite extends KexMethod {
  readonly kind: 'group-exchange';
  /** Client side: the sizes to ask for. */
  readonly request: GroupSizes;
  /**
   * Client side: begins to find out whether the server's group is what was asked for, and safe.
   *
   * @throws {CryptoError} `CRYPTO_BAD_GROUP` for what can be seen at once.
   */
  readonly examine: (group: DhGroup, random: RandomSource) => GroupExamination;
  /** Server side. @returns `undefined` when there is no group of these sizes, or they contradict each other. */
  readonly choose: (sizes: GroupSizes) => DhGroup | undefined;
  /** The round in a group that was examined, or that we chose. */
  readonly within: (group: DhGroup) => OneRound;
}

/** In bits, RFC 4419 §3. */
export interface GroupSizes {
  readonly min: number;
  readonly preferred: number;
  readonly max: number;
}

/** Work that is too long for one turn of an event loop. */
export interface GroupExamination {
  readonly bits: number;
  /** The prime is one of RFC 3526 or RFC 7919. */
  readonly wellKnown: boolean;
  /**
   * Works for some milliseconds.
   *
   * @returns whether it is over, and the group good. Bounded in all; each call does the next part of the work.
   * @throws {CryptoError} `CRYPTO_BAD_GROUP`
   */
  readonly proceed: () => boolean;
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

import type { CipherSuite, MacSuite } from './cipher.ts';
import type { HashName } from './hash.ts';
import type { KexSuite } from './kex.ts';
import type { PrivateKeyMaterial, SignatureSuite } from './signature.ts';

/**
 * Every primitive the protocol needs, as data. Replace one entry by spreading: `{ ...noble, ciphers: […] }`.
 *
 * Lists are in preference order, fastest safe choice of *this* provider first. Which algorithms are allowed
 * at all is the application's policy, not the provider's.
 */
export interface CryptoProvider {
  readonly name: string;
  /** Fills a fresh array of `length` bytes from a CSPRNG. The only source of randomness in the core. */
  readonly random: (length: number) => Uint8Array;
  /** Hash of all `parts` in order. @throws {RangeError} when the provider lacks `name`. */
  readonly hash: (name: HashName, ...parts: readonly Uint8Array[]) => Uint8Array;
  readonly hmac: (name: HashName, key: Uint8Array, data: Uint8Array) => Uint8Array;
  readonly kex: readonly KexSuite[];
  readonly signatures: readonly SignatureSuite[];
  readonly ciphers: readonly CipherSuite[];
  readonly macs: readonly MacSuite[];
  /** What only old equipment still wants. Never offered, and never looked up, unless {@link withInsecure} named it. */
  readonly insecure: InsecureSuites;
  /**
   * Makes an RSA key by means of the platform, which is many times faster than a search in JavaScript and does not
   * keep the caller waiting for it. Absent where there are none: `searchRsaKey` of the JavaScript provider then does.
   *
   * @param bits - 2048 to 16,384.
   * @returns `undefined` where the platform turns out not to be able to.
   */
  readonly generateRsa?: (bits: number) => Promise<PrivateKeyMaterial | undefined>;
}

/** Suites that are broken or too short for today, each usable by its name only. */
export interface InsecureSuites {
  readonly kex: readonly KexSuite[];
  readonly signatures: readonly SignatureSuite[];
  readonly ciphers: readonly CipherSuite[];
  readonly macs: readonly MacSuite[];
}

import { bytesToBigint } from '../../wire/index.ts';
import { cryptoError } from '../errors.ts';
import { modInverse } from '../modular.ts';
import type { PrivateKeyMaterial } from '../signature.ts';
import { hasSmallDivisor, isProbablePrime, millerRabinRounds, smallDivisors } from './primes.ts';
import { RSA_MAX_BITS, RSA_MIN_BITS } from './rsa-limits.ts';

type RandomBytes = (length: number) => Uint8Array;

/** The exponent that everybody uses. */
const EXPONENT = 65_537n;
/**
 * Candidates for one prime, for each of its bits. One odd number of k bits in 0.35·k is prime, so a sound source of
 * random numbers fails this with probability e^-57.
 */
const CANDIDATES_PER_BIT = 20;
/** Candidates divided by small primes between two yields: about a millisecond. */
const CANDIDATES_PER_STEP = 32;
/** Tries for a second prime that is far enough from the first; one suffices unless the random numbers repeat. */
const SECOND_PRIMES = 4;
/** |p − q| must be above 2^(bits/2 − 100), FIPS 186-5 A.1.1: near ones are found by Fermat's method. */
const DISTANCE_BITS = 100;

/**
 * Looks for an RSA key in pieces, FIPS 186-5 A.1.3: random probable primes with their two top bits set, e = 65537.
 *
 * Run it to its end with `next()`; between two calls other work may go on. A piece takes as long as one exponentiation
 * modulo a prime, some milliseconds for 3,072 bits and about a second for 16,384. BigInt arithmetic is not
 * constant-time: do not make keys where others can measure it closely.
 *
 * @param bits - Length of the modulus.
 * @throws {RangeError} when `bits` is not a whole number from 2,048 to 16,384.
 * @throws {CryptoError} `CRYPTO_KEY_GENERATION` when `random` cannot be random.
 */
export function* searchRsaKey(bits: number, random: RandomBytes): Generator<undefined, PrivateKeyMaterial> {
  if (!Number.isInteger(bits) || bits < RSA_MIN_BITS || bits > RSA_MAX_BITS) {
    throw new RangeError(`an RSA key has ${RSA_MIN_BITS} to ${RSA_MAX_BITS} bits`);
  }
  const half = Math.ceil(bits / 2);
  const first = yield* searchPrime(half, random);
  for (let tries = 0; tries < SECOND_PRIMES; tries += 1) {
    const second = yield* searchPrime(bits - half, random);
    const key = keyOf(first, second, bits);
    if (key !== undefined) return key;
  }
  throw cryptoError('CRYPTO_KEY_GENERATION', { algorithm: 'rsa', reason: 'random' });
}

function* searchPrime(bits: number, random: RandomBytes): Generator<undefined, bigint> {
  const divisors = smallDivisors();
  const rounds = millerRabinRounds(bits);
  for (let tries = 1; tries <= CANDIDATES_PER_BIT * bits; tries += 1) {
    if (tries % CANDIDATES_PER_STEP === 0) yield;
    const candidate = randomCandidate(bits, random);
    if (hasSmallDivisor(candidate, divisors) || candidate % EXPONENT === 1n) continue;
    if (yield* isProbablePrime(candidate, rounds, random)) return candidate;
  }
  throw cryptoError('CRYPTO_KEY_GENERATION', { algorithm: 'rsa', reason: 'random' });
}

/** Odd, and with both top bits set: the product of two then has exactly the wanted length. */
function randomCandidate(bits: number, random: RandomBytes): bigint {
  const number = bytesToBigint(random(Math.ceil(bits / 8))) & ((1n << BigInt(bits)) - 1n);
  return number | (3n << BigInt(bits - 2)) | 1n;
}

/** The key of two primes, unless they are too near or the private exponent came out too small (FIPS 186-5 A.1.1). */
function keyOf(first: bigint, second: bigint, bits: number): PrivateKeyMaterial | undefined {
  const [p, q] = first > second ? [first, second] : [second, first];
  const half = Math.floor(bits / 2);
  if (p - q <= 1n << BigInt(half - DISTANCE_BITS)) return undefined;
  const lambda = ((p - 1n) * (q - 1n)) / greatestCommonDivisor(p - 1n, q - 1n);
  const d = modInverse(EXPONENT, lambda);
  const iqmp = modInverse(q, p);
  if (d === undefined || iqmp === undefined || d <= 1n << BigInt(half)) return undefined;
  return { type: 'rsa', n: p * q, e: EXPONENT, d, p, q, iqmp };
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  let [x, y] = [a, b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}

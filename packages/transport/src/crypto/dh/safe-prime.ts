import { bytesToBigint } from '../../wire/index.ts';
import type { RandomSource } from '../kex.ts';
import { bitLength } from '../modular.ts';

/**
 * Rounds of Miller-Rabin. A group that was made at random and is no group passes 4 of them with a probability below
 * 2^-100 (FIPS 186-5 table B.1); one that was made to deceive, with 2^-8 at most. Whoever could make one, and sign the
 * exchange with the host key afterwards, knows the shared secret anyway.
 */
const ROUNDS = 4;
/** Squarings in one slice, times the bits of the modulus: 5 to 15 ms in JavaScript from 2048 to 8192 bits. */
const SLICE = 1_500_000;
/** Bytes beyond the modulus, so that reducing a random number leaves no bias worth mentioning. */
const EXCESS = 8;

/**
 * Whether `p` and (p − 1)/2 are primes. Yields after each slice of work, so that whoever drives it may do something
 * else meanwhile; all in all it takes at most 5 exponentiations of the size of `p`.
 *
 * @param p - Odd, of at least 1024 bits.
 */
export function* isSafePrime(p: bigint, random: RandomSource): Generator<undefined, boolean> {
  const q = (p - 1n) / 2n;
  if ((q & 1n) === 0n) return false;
  for (let round = 0; round < ROUNDS; round += 1) {
    if (!(yield* passesRound(q, random))) return false;
  }
  // Pocklington: q is a prime beyond the root of p, so 2^(p−1) = 1 and gcd(2² − 1, p) = 1 prove p. No base can lie.
  return p % 3n !== 0n && (yield* slicedPower(2n, p - 1n, p)) === 1n;
}

/** One round of Miller-Rabin with a random base, FIPS 186-5 B.3.1. */
function* passesRound(candidate: bigint, random: RandomSource): Generator<undefined, boolean> {
  const last = candidate - 1n;
  let odd = last;
  let twos = 0;
  while ((odd & 1n) === 0n) {
    odd >>= 1n;
    twos += 1;
  }
  const length = Math.ceil(bitLength(candidate) / 8) + EXCESS;
  // 2 ≤ base ≤ candidate − 2.
  const base = (bytesToBigint(random(length)) % (candidate - 3n)) + 2n;
  let power = yield* slicedPower(base, odd, candidate);
  if (power === 1n || power === last) return true;
  for (let i = 1; i < twos; i += 1) {
    power = (power * power) % candidate;
    if (power === last) return true;
  }
  return false;
}

/** Bits of the exponent taken at a time. */
const WINDOW = 4;

/** base ^ exponent mod modulus in slices. Nothing here is secret. */
function* slicedPower(base: bigint, exponent: bigint, modulus: bigint): Generator<undefined, bigint> {
  const table: bigint[] = [1n];
  for (let i = 1; i < 1 << WINDOW; i += 1) table.push(((table[i - 1] as bigint) * base) % modulus);
  const digitsInSlice = Math.ceil(SLICE / bitLength(modulus) / WINDOW);
  let result = 1n;
  let digits = 0;
  for (const digit of exponent.toString(1 << WINDOW)) {
    for (let i = 0; i < WINDOW; i += 1) result = (result * result) % modulus;
    result = (result * (table[Number.parseInt(digit, 1 << WINDOW)] as bigint)) % modulus;
    digits += 1;
    if (digits % digitsInSlice === 0) yield;
  }
  return result;
}

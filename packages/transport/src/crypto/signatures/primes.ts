import { bytesToBigint } from '../../wire/index.ts';
import { modPow } from '../modular.ts';

type RandomBytes = (length: number) => Uint8Array;

/** Small primes tried as divisors go up to here: beyond, a division finds less than its time in Miller-Rabin would. */
const TRIAL_LIMIT = 16_384;
/** Products of small primes stay below this, so that the rest of the work is done with plain numbers. */
const SAFE_PRODUCT = 2 ** 53;
/** Bytes beyond the modulus, so that reducing a random number leaves no bias worth mentioning. */
const EXCESS = 8;

/** A product of small primes, and those primes: one division of the large number serves all of them. */
interface Divisors {
  readonly product: bigint;
  readonly primes: readonly number[];
}

/** Groups of all odd primes up to {@link TRIAL_LIMIT}. */
export function smallDivisors(): readonly Divisors[] {
  const composite = new Uint8Array(TRIAL_LIMIT);
  const groups: Divisors[] = [];
  let primes: number[] = [];
  let product = 1;
  for (let n = 3; n < TRIAL_LIMIT; n += 2) {
    if (composite[n] === 1) continue;
    for (let multiple = n * n; multiple < TRIAL_LIMIT; multiple += 2 * n) composite[multiple] = 1;
    if (product * n >= SAFE_PRODUCT) {
      groups.push({ product: BigInt(product), primes });
      primes = [];
      product = 1;
    }
    primes.push(n);
    product *= n;
  }
  groups.push({ product: BigInt(product), primes });
  return groups;
}

/** Whether `candidate`, which is larger than all of them, is a multiple of a small prime. */
export function hasSmallDivisor(candidate: bigint, divisors: readonly Divisors[]): boolean {
  return divisors.some(({ product, primes }) => {
    const rest = Number(candidate % product);
    return primes.some((prime) => rest % prime === 0);
  });
}

/**
 * Rounds for a random candidate of so many bits. FIPS 186-5 table B.1 wants 5 for primes of 1,024 bits and 4 for
 * longer ones to stay below 2^-100; twice that costs little beside the search.
 */
export const millerRabinRounds = (bits: number): number => (bits < 1536 ? 10 : 8);

/**
 * Miller-Rabin, FIPS 186-5 B.3.1, with random bases.
 *
 * Yields before each round: a round takes as long as one exponentiation of the size of the candidate.
 *
 * @param candidate - Odd and greater than 3.
 */
export function* isProbablePrime(
  candidate: bigint,
  rounds: number,
  random: RandomBytes,
): Generator<undefined, boolean> {
  const last = candidate - 1n;
  let odd = last;
  let twos = 0;
  while ((odd & 1n) === 0n) {
    odd >>= 1n;
    twos += 1;
  }
  const length = Math.ceil(candidate.toString(16).length / 2) + EXCESS;
  for (let round = 0; round < rounds; round += 1) {
    yield;
    // 2 ≤ base ≤ candidate − 2.
    const base = (bytesToBigint(random(length)) % (candidate - 3n)) + 2n;
    if (isWitness(modPow(base, odd, candidate), twos, candidate)) return false;
  }
  return true;
}

/** Whether the power of a base shows that `candidate` is composite. */
function isWitness(power: bigint, twos: number, candidate: bigint): boolean {
  const last = candidate - 1n;
  if (power === 1n || power === last) return false;
  let square = power;
  for (let i = 1; i < twos; i += 1) {
    square = (square * square) % candidate;
    if (square === last) return false;
    if (square === 1n) return true;
  }
  return true;
}

/** A group for Diffie-Hellman: the powers of `g` modulo the safe prime `p`. */
export interface DhGroup {
  readonly p: bigint;
  readonly g: bigint;
}

/** A prime that was made from a constant of mathematics, so that nobody could have chosen it for a weakness. */
interface Recipe {
  readonly bits: number;
  /** The smallest number that makes a safe prime of it, as the RFC states it. */
  readonly added: bigint;
}

/** RFC 2409 §6.2 (1024 bits) and RFC 3526 §3 to §7: from π. */
const FROM_PI: readonly Recipe[] = [
  { bits: 1024, added: 129_093n },
  { bits: 2048, added: 124_476n },
  { bits: 3072, added: 1_690_314n },
  { bits: 4096, added: 240_904n },
  { bits: 6144, added: 929_484n },
  { bits: 8192, added: 4_743_158n },
];
/** RFC 7919 appendix A: from e. */
const FROM_E: readonly Recipe[] = [
  { bits: 2048, added: 560_316n },
  { bits: 3072, added: 2_625_351n },
  { bits: 4096, added: 5_736_041n },
  { bits: 6144, added: 15_705_020n },
  { bits: 8192, added: 10_965_728n },
];

const made = new Map<Recipe, bigint>();

/**
 * The MODP group of this size: 1024 is group 1 of RFC 4253 §8.1, 2048 to 8192 are groups 14 to 18 of RFC 3526.
 *
 * @throws {RangeError} when there is none.
 */
export function modpGroup(bits: number): DhGroup {
  const recipe = FROM_PI.find((known) => known.bits === bits);
  if (recipe === undefined) throw new RangeError(`there is no MODP group of ${bits} bits`);
  return { p: prime(recipe, piTimes), g: 2n };
}

/** Sizes of the MODP groups that are long enough for today, in bits, smallest first. */
export const MODP_SIZES: readonly number[] = [2048, 3072, 4096, 6144, 8192];

/** Whether `p`, which has `bits` bits, is a prime of RFC 3526 or RFC 7919: safe, and proven so by many people. */
export function isWellKnownPrime(p: bigint, bits: number): boolean {
  const edge = (1n << 64n) - 1n;
  // All of them have 64 ones at either end. Nothing is computed for a prime that has not.
  if ((p & edge) !== edge || p >> BigInt(bits - 64) !== edge) return false;
  const from = (recipes: readonly Recipe[], times: (bits: number) => bigint): boolean =>
    recipes.some((recipe) => recipe.bits === bits && prime(recipe, times) === p);
  return from(FROM_PI, piTimes) || from(FROM_E, eTimes);
}

/** 2^n − 2^(n−64) − 1 + 2^64 · (⌊2^(n−130) · constant⌋ + added). Takes milliseconds, so each is made once. */
function prime(recipe: Recipe, times: (bits: number) => bigint): bigint {
  const known = made.get(recipe);
  if (known !== undefined) return known;
  const n = BigInt(recipe.bits);
  const middle = times(recipe.bits - 130) + recipe.added;
  const p = (1n << n) - (1n << (n - 64n)) - 1n + (middle << 64n);
  made.set(recipe, p);
  return p;
}

/** Bits beyond those wanted: each term of a sum is rounded, and there are fewer than 2^16 of them. */
const GUARD = 64n;

/** ⌊2^bits · π⌋ by Machin's formula, π = 16·atan(1/5) − 4·atan(1/239). */
function piTimes(bits: number): bigint {
  const one = 1n << (BigInt(bits) + GUARD);
  return (16n * arctangentOfInverse(5n, one) - 4n * arctangentOfInverse(239n, one)) >> GUARD;
}

/** atan(1/x)·one = one/x − one/(3x³) + one/(5x⁵) − … */
function arctangentOfInverse(x: bigint, one: bigint): bigint {
  const square = x * x;
  let power = one / x;
  let sum = power;
  for (let divisor = 3n, sign = -1n; power > 0n; divisor += 2n, sign = -sign) {
    power /= square;
    sum += (sign * power) / divisor;
  }
  return sum;
}

/** ⌊2^bits · e⌋ from 1 + 1/1! + 1/2! + … */
function eTimes(bits: number): bigint {
  let term = 1n << (BigInt(bits) + GUARD);
  let sum = 0n;
  for (let k = 1n; term > 0n; k += 1n) {
    sum += term;
    term /= k;
  }
  return sum >> GUARD;
}

import { Q } from './parameters.ts';

// Arithmetic modulo q and modulo 3 without a branch, a division or a table. Everything stays below 2^30 in size: those
// are the numbers that JavaScript engines keep as plain machine integers in every tier, so that no result is put on
// the heap because of its value. For the same reason products are `Math.imul`: with `*`, 0 · −1 is the double −0.

/**
 * The representative of `x` modulo q between −2295 and 2295.
 *
 * 57 / 2^18 is a little less than 1/q: the first step leaves 24,000 at most, which the second one rounds exactly.
 *
 * @param x - At most 11,000,000 in size.
 */
export function reduceQ(x: number): number {
  const y = x - Math.imul(Q, Math.imul(x, 57) >> 18);
  return y - Math.imul(Q, (Math.imul(y, 29235) + 0x4000000) >> 27);
}

/** The largest result of {@link nearQ}: q/2, what `>> 9` has cut off, and the error of the rounded 2^27 / q. */
export const NEAR = 2823;

/**
 * A representative of `x` modulo q that is not always the smallest one: half the work of {@link reduceQ}.
 *
 * @param x - At most q · {@link NEAR} in size.
 */
export function nearQ(x: number): number {
  return x - Math.imul(Q, (Math.imul(x >> 9, 29235) + 0x20000) >> 18);
}

/** The representative of `x` modulo 3 among −1, 0 and 1. @param x - At most 16,000 in size. */
export function reduce3(x: number): number {
  return x - Math.imul(3, (Math.imul(x, 10923) + 0x4000) >> 15);
}

/** x^(q − 2), the reciprocal modulo q by Fermat's little theorem; 0 for 0. The exponent is public. */
export function invertQ(x: number): number {
  let result = x;
  for (let i = 3; i < Q; i += 1) result = reduceQ(Math.imul(result, x));
  return result;
}

/** −1 when `x` is not zero, else 0. For sizes below 2^31. */
export function maskNonzero(x: number): number {
  return (x | (0 - x)) >> 31;
}

/** −1 when `x` is positive, else 0. */
export function maskPositive(x: number): number {
  return (0 - x) >> 31;
}

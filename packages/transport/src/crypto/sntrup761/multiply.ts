import { reduce3, reduceQ } from './modular.ts';
import { P } from './parameters.ts';

/** Rows of the schoolbook that are added in one pass. */
const ROWS = 4;
const PADDED = P + ROWS - 1;

/** a · b in R/q. @param b - Small: coefficients −1, 0 and 1. */
export function multiplyQ(a: Int32Array, b: Int32Array): Int32Array {
  const product = multiply(a, b);
  for (let i = 0; i < P; i += 1) product[i] = reduceQ(product[i] as number);
  return product;
}

/** a · b in R/3. */
export function multiply3(a: Int32Array, b: Int32Array): Int32Array {
  const product = multiply(a, b);
  for (let i = 0; i < P; i += 1) product[i] = reduce3(product[i] as number);
  return product;
}

/**
 * The schoolbook, without any reduction on the way: a coefficient of the result is a sum of fewer than 2p products with
 * one small factor, so it stays below 2 · 761 · 2295 = 3,492,990, or below 1,522 when both are small.
 */
function multiply(a: Int32Array, b: Int32Array): Int32Array {
  const left = new Int32Array(PADDED);
  const right = new Int32Array(PADDED);
  left.set(a);
  right.set(b);
  const wide = new Int32Array(2 * PADDED);
  for (let i = 0; i < P; i += ROWS) {
    const b0 = right[i] as number;
    const b1 = right[i + 1] as number;
    const b2 = right[i + 2] as number;
    const b3 = right[i + 3] as number;
    let a1 = 0;
    let a2 = 0;
    let a3 = 0;
    for (let j = 0; j < PADDED; j += 1) {
      const a0 = left[j] as number;
      wide[i + j] =
        (wide[i + j] as number) +
        Math.imul(a0, b0) +
        Math.imul(a1, b1) +
        Math.imul(a2, b2) +
        Math.imul(a3, b3);
      a3 = a2;
      a2 = a1;
      a1 = a0;
    }
  }
  const product = wide.slice(0, P);
  // x^p = x + 1.
  for (let i = 0; i < P - 1; i += 1) {
    const upper = wide[P + i] as number;
    product[i] = (product[i] as number) + upper;
    product[i + 1] = (product[i + 1] as number) + upper;
  }
  for (const secret of [left, right, wide]) secret.fill(0);
  return product;
}

import { invertQ, maskNonzero, maskPositive, nearQ, reduceQ } from './modular.ts';
import { P } from './parameters.ts';

/** Division steps that bring a polynomial of degree below p and x^p − x − 1 to their greatest common divisor. */
export const STEPS: number = 2 * P - 1;
/** 1/3 modulo q: 3 · 1530 = q − 1. */
const THIRD = -1530;

/**
 * 1/(3a) in R/q.
 *
 * Bernstein and Yang, "Fast constant-time gcd computation and modular inversion", §7: Euclid's algorithm on the reversed
 * polynomials f = x^p − x − 1 and g = a, in a number of steps that only p decides. Each step exchanges f and g, or not,
 * by a mask, and takes the constant term of g away, which is then divided by x; v and r follow, v multiplied by x, so
 * that v becomes the reciprocal, reversed and with the factor f₀.
 *
 * Only what later steps can still see is computed: s steps before the end the lowest s coefficients of f and g, and
 * after s steps the lowest s + 1 of v and r, as the others are zero. Coefficients are those of `nearQ` until the end.
 *
 * @param a - Small and not zero.
 */
export function reciprocalOfTriple(a: Int32Array): Int32Array {
  const f = new Int32Array(P + 1);
  const g = new Int32Array(P + 1);
  const v = new Int32Array(P + 1);
  const r = new Int32Array(P + 1);
  f[0] = 1;
  f[P - 1] = -1;
  f[P] = -1;
  for (let i = 0; i < P; i += 1) g[P - 1 - i] = a[i] as number;
  r[0] = THIRD;
  let delta = 1;
  for (let step = 0; step < STEPS; step += 1) {
    const f0 = reduceQ(f[0] as number);
    const g0 = reduceQ(g[0] as number);
    const swap = maskPositive(delta) & maskNonzero(g0);
    delta = (delta ^ swap) - swap + 1;
    // With f and g exchanged, f₀ · g − g₀ · f is the same with the other sign.
    const ofG = (f0 ^ swap) - swap;
    const ofF = (g0 ^ swap) - swap;
    f[0] = f0 ^ (swap & (f0 ^ g0));
    const seen = Math.min(P, STEPS - 1 - step);
    for (let i = 1; i <= seen; i += 1) {
      const fi = f[i] as number;
      const gi = g[i] as number;
      f[i] = fi ^ (swap & (fi ^ gi));
      g[i - 1] = nearQ(Math.imul(ofG, gi) - Math.imul(ofF, fi));
    }
    g[P] = 0;
    for (let i = Math.min(P, step + 1); i > 0; i -= 1) {
      const vi = v[i - 1] as number;
      const ri = r[i] as number;
      v[i] = vi ^ (swap & (vi ^ ri));
      r[i] = nearQ(Math.imul(ofG, ri) - Math.imul(ofF, vi));
    }
    v[0] = swap & (r[0] as number);
    r[0] = nearQ(Math.imul(ofG, r[0] as number));
  }
  const scale = invertQ(reduceQ(f[0] as number));
  const reciprocal = new Int32Array(P);
  for (let i = 0; i < P; i += 1) {
    reciprocal[i] = reduceQ(Math.imul(scale, v[P - 1 - i] as number));
  }
  for (const secret of [f, g, v, r]) secret.fill(0);
  return reciprocal;
}

import { maskNonzero, maskPositive } from './modular.ts';
import { P } from './parameters.ts';
import { STEPS } from './reciprocal.ts';

/** Coefficients in one word; 30, so that every word stays below 2^30. */
const BITS = 30;
const MASK = 0x3fffffff;
/** Words for p + 1 coefficients. */
const WORDS = 26;

/** A polynomial modulo 3, 30 coefficients at a time: a bit that says "not zero", and one that says "−1". */
interface Sliced {
  readonly nonzero: Int32Array;
  readonly minus: Int32Array;
}

/**
 * 1/a in R/3 by the same division steps as in R/q, on bits.
 *
 * @returns `undefined` when there is none: x^p − x − 1 has factors modulo 3. A polynomial without a reciprocal is thrown
 * away and the next one does not depend on it, so that this answer needs no hiding.
 */
export function reciprocal3(a: Int32Array): Int32Array | undefined {
  const [f, g, v, r] = [sliced(), sliced(), sliced(), sliced()];
  put(f, 0, 1);
  put(f, P - 1, -1);
  put(f, P, -1);
  put(r, 0, 1);
  for (let i = 0; i < P; i += 1) put(g, P - 1 - i, a[i] as number);
  let delta = 1;
  for (let step = 0; step < STEPS; step += 1) {
    const present = 0 - ((g.nonzero[0] as number) & 1);
    const swap = maskPositive(delta) & present;
    delta = (delta ^ swap) - swap + 1;
    // Adding f with the sign −f₀ · g₀ takes the constant term of g away; f₀ is never zero.
    const negate = (((f.minus[0] as number) ^ (g.minus[0] as number)) & 1) - 1;
    shiftUp(v);
    exchange(f, g, swap);
    exchange(v, r, swap);
    add(g, f, present, negate);
    add(r, v, present, negate);
    shiftDown(g);
  }
  const negative = 0 - ((f.minus[0] as number) & 1);
  const reciprocal = new Int32Array(P);
  for (let i = 0; i < P; i += 1) {
    const value = take(v, P - 1 - i);
    reciprocal[i] = (value ^ negative) - negative;
  }
  for (const { nonzero, minus } of [f, g, v, r]) {
    nonzero.fill(0);
    minus.fill(0);
  }
  return maskNonzero(delta) === 0 ? reciprocal : undefined;
}

const sliced = (): Sliced => ({ nonzero: new Int32Array(WORDS), minus: new Int32Array(WORDS) });

/** Sets a coefficient that is zero. @param value - −1, 0 or 1. */
function put({ nonzero, minus }: Sliced, at: number, value: number): void {
  const word = Math.floor(at / BITS);
  const bit = at % BITS;
  nonzero[word] = (nonzero[word] as number) | ((value & 1) << bit);
  minus[word] = (minus[word] as number) | (((value >> 1) & 1) << bit);
}

function take({ nonzero, minus }: Sliced, at: number): number {
  const word = Math.floor(at / BITS);
  const bit = at % BITS;
  return (((nonzero[word] as number) >> bit) & 1) - 2 * (((minus[word] as number) >> bit) & 1);
}

function exchange(a: Sliced, b: Sliced, swap: number): void {
  for (let i = 0; i < WORDS; i += 1) {
    const nonzero = swap & ((a.nonzero[i] as number) ^ (b.nonzero[i] as number));
    const minus = swap & ((a.minus[i] as number) ^ (b.minus[i] as number));
    a.nonzero[i] = (a.nonzero[i] as number) ^ nonzero;
    b.nonzero[i] = (b.nonzero[i] as number) ^ nonzero;
    a.minus[i] = (a.minus[i] as number) ^ minus;
    b.minus[i] = (b.minus[i] as number) ^ minus;
  }
}

/** Adds b to a where `present` is −1, −b where `negate` is −1 too. */
function add(a: Sliced, b: Sliced, present: number, negate: number): void {
  for (let i = 0; i < WORDS; i += 1) {
    const a1 = a.nonzero[i] as number;
    const a2 = a.minus[i] as number;
    const b1 = (b.nonzero[i] as number) & present;
    const b2 = b1 & ((b.minus[i] as number) ^ negate);
    const both = a1 & b1;
    const one = a1 ^ b1;
    const differ = a2 ^ b2;
    // The other one of the two, or 1 + 1 = −1 and (−1) + (−1) = 1.
    a.nonzero[i] = one | (both & ~differ);
    a.minus[i] = (one & differ) | (both & ~(a2 | b2));
  }
}

/** Divides by x. The constant term is zero. */
function shiftDown(a: Sliced): void {
  for (const plane of [a.nonzero, a.minus]) {
    for (let i = 0; i < WORDS - 1; i += 1) {
      plane[i] = ((plane[i] as number) >> 1) | (((plane[i + 1] as number) & 1) << (BITS - 1));
    }
    plane[WORDS - 1] = (plane[WORDS - 1] as number) >> 1;
  }
}

/** Multiplies by x. */
function shiftUp(a: Sliced): void {
  for (const plane of [a.nonzero, a.minus]) {
    for (let i = WORDS - 1; i > 0; i -= 1) {
      plane[i] = (((plane[i] as number) << 1) & MASK) | ((plane[i - 1] as number) >> (BITS - 1));
    }
    plane[0] = ((plane[0] as number) << 1) & MASK;
  }
}

import { maskNonzero, reduce3, reduceQ } from './modular.ts';
import { multiply3, multiplyQ } from './multiply.ts';
import { HALF_Q, P, PUBLIC_LENGTH, Q, ROUNDED_LENGTH, W } from './parameters.ts';
import { decode, encode, type Radix, radix } from './radix.ts';

// The public-key encryption "Streamlined NTRU Prime Core" with its encodings, which is not safe by itself: what index.ts makes of it is.

const IN_RQ: Radix = /* @__PURE__ */ radix(P, Q);
/** Multiples of 3 between −2295 and 2295 are 1531. */
const ROUNDED: Radix = /* @__PURE__ */ radix(P, 1531);

export function encodeRq(polynomial: Int32Array): Uint8Array {
  return encode(
    IN_RQ,
    polynomial.map((coefficient) => coefficient + HALF_Q),
  );
}

/**
 * @param bytes - {@link PUBLIC_LENGTH} of them. Not all are what {@link encodeRq} makes; whoever must know encodes again
 * and compares.
 */
export function decodeRq(bytes: Uint8Array): Int32Array {
  return decode(IN_RQ, bytes).map((number) => number - HALF_Q);
}

/** Round(h · r), encoded. @param r - Short. */
export function encrypt(h: Int32Array, r: Int32Array): Uint8Array {
  const product = multiplyQ(h, r);
  for (let i = 0; i < P; i += 1) {
    const coefficient = product[i] as number;
    const rounded = coefficient - reduce3(coefficient);
    // A multiple of 3 from 0 to 4590 divided by 3; 10923 is a little more than 2^15 / 3.
    product[i] = Math.imul(rounded + HALF_Q, 10923) >> 15;
  }
  return encode(ROUNDED, product);
}

/**
 * @param ciphertext - {@link ROUNDED_LENGTH} bytes, whatever they are.
 * @param f - Short.
 * @param reciprocalOfG - In R/3.
 * @returns What was encrypted; for what is no ciphertext, some polynomial of weight {@link W}.
 */
export function decrypt(ciphertext: Uint8Array, f: Int32Array, reciprocalOfG: Int32Array): Int32Array {
  const c = decode(ROUNDED, ciphertext.subarray(0, ROUNDED_LENGTH));
  for (let i = 0; i < P; i += 1) c[i] = Math.imul(c[i] as number, 3) - HALF_Q;
  const e = multiplyQ(c, f);
  for (let i = 0; i < P; i += 1) e[i] = reduce3(reduceQ(Math.imul(e[i] as number, 3)));
  const r = multiply3(e, reciprocalOfG);
  let weight = 0;
  for (let i = 0; i < P; i += 1) weight += (r[i] as number) & 1;
  // Of any other weight: replaced by ones followed by zeros.
  const wrong = maskNonzero(weight - W);
  for (let i = 0; i < P; i += 1) {
    const instead = i < W ? 1 : 0;
    r[i] = (r[i] as number) ^ (wrong & ((r[i] as number) ^ instead));
  }
  c.fill(0);
  e.fill(0);
  return r;
}

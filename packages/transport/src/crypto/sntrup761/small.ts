import { P, SMALL_LENGTH } from './parameters.ts';

/** Four coefficients in a byte, each plus 1, the first in the lowest bits; the last byte holds one. */
export function encodeSmall(small: Int32Array): Uint8Array {
  const bytes = new Uint8Array(SMALL_LENGTH);
  for (let i = 0; i < P; i += 1) {
    bytes[i >> 2] = (bytes[i >> 2] as number) | (((small[i] as number) + 1) << (2 * (i & 3)));
  }
  return bytes;
}

/** Reads only what {@link encodeSmall} wrote: a secret key never comes from outside. */
export function decodeSmall(bytes: Uint8Array): Int32Array {
  const small = new Int32Array(P);
  for (let i = 0; i < P; i += 1) small[i] = (((bytes[i >> 2] as number) >> (2 * (i & 3))) & 3) - 1;
  return small;
}

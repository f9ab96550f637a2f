import type { RandomSource } from '../kex.ts';
import { P, W } from './parameters.ts';
import { sortInt32 } from './sort.ts';

/** One 32-bit word for each coefficient, as the submission's software draws them. */
const DRAWN = 4 * P;

/** A small polynomial: each coefficient is −1, 0 or 1 with (nearly) the same chance. */
export function drawSmall(random: RandomSource): Int32Array {
  const bytes = random(DRAWN);
  const small = new Int32Array(P);
  for (let i = 0; i < P; i += 1) {
    // 3 · x >> 30 of the word's lower 30 bits, in two halves of 15.
    const second = bytes[4 * i + 1] as number;
    const low = (bytes[4 * i] as number) | ((second & 0x7f) << 8);
    const high =
      (second >> 7) | ((bytes[4 * i + 2] as number) << 1) | (((bytes[4 * i + 3] as number) & 0x3f) << 9);
    small[i] = ((3 * high + ((3 * low) >> 15)) >> 15) - 1;
  }
  bytes.fill(0);
  return small;
}

/**
 * A short polynomial: small, with just {@link W} coefficients that are not zero.
 *
 * Each coefficient goes into the lower two bits of a random word, and sorting the words puts them in random order.
 */
export function drawShort(random: RandomSource): Int32Array {
  const bytes = random(DRAWN);
  const words = new Int32Array(P);
  for (let i = 0; i < P; i += 1) {
    const word =
      (bytes[4 * i] as number) |
      ((bytes[4 * i + 1] as number) << 8) |
      ((bytes[4 * i + 2] as number) << 16) |
      // Compared as signed numbers, so that the top bit counts as in unsigned ones.
      (((bytes[4 * i + 3] as number) ^ 0x80) << 24);
    words[i] = i < W ? word & ~1 : (word & ~2) | 1;
  }
  sortInt32(words);
  for (let i = 0; i < P; i += 1) words[i] = ((words[i] as number) & 3) - 1;
  bytes.fill(0);
  return words;
}

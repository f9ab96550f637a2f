/**
 * Sorts 32-bit integers, smallest first, with Batcher's merge exchange (Knuth, The Art of Computer Programming, volume 3,
 * algorithm 5.2.2M): which pairs are compared depends on the length only, and a comparison is arithmetic.
 */
export function sortInt32(values: Int32Array): void {
  const count = values.length;
  let top = 1;
  while (2 * top < count) top *= 2;
  for (let p = top; p > 0; p >>= 1) {
    let q = top;
    let bit = 0;
    let distance = p;
    for (;;) {
      for (let i = 0; i < count - distance; i += 1) {
        if ((i & p) === bit) exchange(values, i, i + distance);
      }
      if (q === p) break;
      distance = q - p;
      q >>= 1;
      bit = p;
    }
  }
}

/** Puts the smaller one first. */
function exchange(values: Int32Array, low: number, high: number): void {
  const a = values[low] as number;
  const b = values[high] as number;
  const different = a ^ b;
  const difference = (b - a) | 0;
  // The sign of b − a, also where the difference has overflowed.
  const swap = different & ((difference ^ (different & (difference ^ b))) >> 31);
  values[low] = a ^ swap;
  values[high] = b ^ swap;
}

/**
 * The first binary digits of π's fraction, as 32-bit words: Blowfish's initial state, and a number that
 * needs no table.
 *
 * The series of the Chudnovsky brothers, 47 bits for each term, summed by binary splitting. Takes a few milliseconds
 * for the 1,042 words of Blowfish.
 */
export function piFraction(words: number): Uint32Array {
  // Rounding errors of the last steps stay far below this.
  const guard = 64n;
  const bits = BigInt(words) * 32n + guard;
  const { q, t } = sum(0n, bits / 47n + 2n);
  const pi = (q * 426_880n * squareRoot(10_005n << (2n * bits))) / t;
  const hex = ((pi - (3n << bits)) >> guard).toString(16).padStart(words * 8, '0');
  return Uint32Array.from({ length: words }, (_, i) => Number.parseInt(hex.slice(8 * i, 8 * i + 8), 16));
}

interface Sum {
  readonly p: bigint;
  readonly q: bigint;
  readonly t: bigint;
}

/** Terms from `first` up to and without `end`, as one fraction t/q. */
function sum(first: bigint, end: bigint): Sum {
  if (end - first === 1n) return term(first);
  const middle = (first + end) / 2n;
  const a = sum(first, middle);
  const b = sum(middle, end);
  return { p: a.p * b.p, q: a.q * b.q, t: b.q * a.t + a.p * b.t };
}

function term(k: bigint): Sum {
  const p = k === 0n ? 1n : (6n * k - 5n) * (2n * k - 1n) * (6n * k - 1n);
  // 640,320³ / 24
  const q = k === 0n ? 1n : k * k * k * 10_939_058_860_032_000n;
  const t = p * (13_591_409n + 545_140_134n * k);
  return { p, q, t: k % 2n === 0n ? t : -t };
}

/** Rounded down. Newton's method, from above. */
function squareRoot(n: bigint): bigint {
  let x = 1n << BigInt(Math.ceil(n.toString(16).length * 2));
  for (;;) {
    const next = (x + n / x) >> 1n;
    if (next >= x) return x;
    x = next;
  }
}

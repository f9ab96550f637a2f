/**
 * The first binary digits of π's fraction, as 32-bit words: Blowfish's initial state, and a number that
 * needs no table.
 *
 * Machin's formula in integers, π = 16·atan(1/5) − 4·atan(1/239). Takes some ten milliseconds for the 1,042
 * words of Blowfish.
 */
export function piFraction(words: number): Uint32Array {
  // The last bits gather one rounding error per term, of which there are fewer than 2^16 here.
  const guard = 64n;
  const bits = BigInt(words) * 32n + guard;
  const one = 1n << bits;
  const pi = 16n * arctangentOfInverse(5n, one) - 4n * arctangentOfInverse(239n, one);
  const hex = ((pi - 3n * one) >> guard).toString(16).padStart(words * 8, '0');
  return Uint32Array.from({ length: words }, (_, i) => Number.parseInt(hex.slice(8 * i, 8 * i + 8), 16));
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

/** Bits in `value`; 0 for 0. */
export function bitLength(value: bigint): number {
  if (value <= 0n) return 0;
  const hex = value.toString(16);
  return (hex.length - 1) * 4 + (32 - Math.clz32(Number.parseInt(hex.charAt(0), 16)));
}

/** Bits of the exponent taken at a time: 16 table entries pay off from about 200 bits on. */
const WINDOW = 4;

/**
 * base ^ exponent mod modulus, for exponents of RSA's private size.
 *
 * Every window costs one multiplication, also a zero one, so the sequence of operations depends on the length of
 * the exponent only. The time of a single BigInt operation still depends on its operands: callers blind the base.
 */
export function modPow(base: bigint, exponent: bigint, modulus: bigint): bigint {
  const table: bigint[] = [1n % modulus];
  const start = base % modulus;
  for (let i = 1; i < 1 << WINDOW; i += 1) table.push(((table[i - 1] as bigint) * start) % modulus);
  let result = 1n % modulus;
  for (const digit of exponent.toString(1 << WINDOW)) {
    for (let i = 0; i < WINDOW; i += 1) result = (result * result) % modulus;
    result = (result * (table[Number.parseInt(digit, 1 << WINDOW)] as bigint)) % modulus;
  }
  return result;
}

/** base ^ exponent mod modulus by squaring, for short public exponents: nothing here is secret. */
export function modPowPublic(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n % modulus;
  for (const bit of exponent.toString(2)) {
    result = (result * result) % modulus;
    if (bit === '1') result = (result * base) % modulus;
  }
  return result;
}

/**
 * The inverse of `value` mod `modulus`, by Euclid. Its time depends on `value`: give it random values only.
 *
 * @returns `undefined` when there is none.
 */
export function modInverse(value: bigint, modulus: bigint): bigint | undefined {
  let [previous, current] = [modulus, ((value % modulus) + modulus) % modulus];
  let [before, after] = [0n, 1n];
  while (current !== 0n) {
    const quotient = previous / current;
    [previous, current] = [current, previous - quotient * current];
    [before, after] = [after, before - quotient * after];
  }
  if (previous !== 1n) return undefined;
  return before < 0n ? before + modulus : before;
}

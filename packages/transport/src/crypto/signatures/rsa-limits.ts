import { bitLength } from '../modular.ts';

/** Shortest modulus, in bits. Shorter ones can be factored with effort that is no longer out of reach. */
export const RSA_MIN_BITS = 2048;
/** Longest modulus, in bits, as in OpenSSH: what lies above only serves to burn the verifier's time. */
export const RSA_MAX_BITS = 16_384;
/** Bound of the public exponent: real keys have 65537 (old ones 3 to 41), and verification time grows with it. */
const EXPONENT_END = 1n << 32n;

export type RsaProblem = 'modulus-too-short' | 'modulus-too-long' | 'modulus-even' | 'exponent';

/**
 * Says why an RSA public key is not acceptable, before any arithmetic is spent on it.
 *
 * The modulus has 2048 to 16,384 bits and is odd; the exponent is odd and 3 ≤ e < 2^32.
 *
 * @returns `undefined` when it is acceptable.
 */
export function rsaProblem(n: bigint, e: bigint): RsaProblem | undefined {
  const bits = bitLength(n);
  if (bits < RSA_MIN_BITS) return 'modulus-too-short';
  if (bits > RSA_MAX_BITS) return 'modulus-too-long';
  if ((n & 1n) === 0n) return 'modulus-even';
  if (e < 3n || e >= EXPONENT_END || (e & 1n) === 0n) return 'exponent';
  return undefined;
}

/** Length of a signature by this modulus, in bytes. RFC 8017 calls it k. */
export const modulusLength = (n: bigint): number => Math.ceil(bitLength(n) / 8);

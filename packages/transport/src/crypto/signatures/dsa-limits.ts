import { bitLength } from '../modular.ts';

/** FIPS 186-2 has no other size, and RFC 4253 §6.6 no other encoding: r and s have 160 bits each. */
export const DSA_P_BITS = 1024;
export const DSA_Q_BITS = 160;
/** Bytes of one half of a signature. */
export const DSA_HALF = 20;

export type DsaProblem = 'modulus-size' | 'order-size' | 'order' | 'generator' | 'public-value';

/** A DSA public key as numbers. */
export interface DsaNumbers {
  readonly p: bigint;
  readonly q: bigint;
  readonly g: bigint;
  readonly y: bigint;
}

/**
 * Says why a DSA public key is not acceptable, before any exponentiation is spent on it.
 *
 * @returns `undefined` when it is acceptable.
 */
export function dsaProblem({ p, q, g, y }: DsaNumbers): DsaProblem | undefined {
  if (bitLength(p) !== DSA_P_BITS || (p & 1n) === 0n) return 'modulus-size';
  if (bitLength(q) !== DSA_Q_BITS) return 'order-size';
  if ((p - 1n) % q !== 0n) return 'order';
  if (g <= 1n || g >= p) return 'generator';
  if (y <= 1n || y >= p) return 'public-value';
  return undefined;
}

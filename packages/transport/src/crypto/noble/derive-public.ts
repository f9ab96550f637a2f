import { ed25519 } from '@noble/curves/ed25519.js';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import type { EcdsaCurve } from '../signature.ts';

const CURVES = { nistp256: p256, nistp384: p384, nistp521: p521 } as const;

/** The public key of an Ed25519 seed, RFC 8032 §5.1.5. Both are 32 bytes. */
export function ed25519PublicKey(seed: Uint8Array): Uint8Array {
  return ed25519.getPublicKey(seed);
}

/**
 * The public point of an ECDSA scalar.
 *
 * @param secret - Big-endian, as long as the field.
 * @returns Uncompressed point, or `undefined` when the scalar is 0 or not below the order.
 */
export function ecdsaPoint(curve: EcdsaCurve, secret: Uint8Array): Uint8Array | undefined {
  try {
    return CURVES[curve].getPublicKey(secret, false);
  } catch {
    return undefined;
  }
}

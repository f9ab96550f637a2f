import type { EcdsaCurve } from '../signature.ts';

/** Bytes of one coordinate, and of one half of a raw signature: field and order are equally long on these curves. */
export const ECDSA_FIELD_LENGTH: { readonly [C in EcdsaCurve]: number } = {
  nistp256: 32,
  nistp384: 48,
  nistp521: 66,
};

/** RFC 5656 §3.1 allows compressed points too; nobody sends them, and two forms of one key would be two keys. */
export function isUncompressedPoint(curve: EcdsaCurve, point: Uint8Array): boolean {
  return point.length === 1 + 2 * ECDSA_FIELD_LENGTH[curve] && point[0] === 0x04;
}

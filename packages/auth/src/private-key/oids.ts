import type { EcdsaCurve } from '@nbs-ssh/transport/crypto';
import type { DerReader } from './der.ts';
import { type PrivateKeyError, unsupported } from './errors.ts';
import { NEW_KEY } from './material.ts';

export const RSA = '1.2.840.113549.1.1.1';
export const EC = '1.2.840.10045.2.1';
export const ED25519 = '1.3.101.112';
const CURVES: ReadonlyMap<string, EcdsaCurve> = /* @__PURE__ */ new Map<string, EcdsaCurve>([
  ['1.2.840.10045.3.1.7', 'nistp256'],
  ['1.3.132.0.34', 'nistp384'],
  ['1.3.132.0.35', 'nistp521'],
]);
/** Keys we know by name and do not use, for a better hint than a number. */
const UNUSABLE: ReadonlyMap<string, string> = /* @__PURE__ */ new Map([
  ['1.2.840.10040.4.1', 'a DSA key'],
  ['1.3.101.110', 'an X25519 key (it cannot sign)'],
  ['1.3.101.113', 'an Ed448 key'],
  ['1.2.840.113549.1.1.10', 'an RSASSA-PSS key'],
  ['1.3.132.0.10', 'the curve secp256k1'],
]);

/** Reads an object identifier as one of our curves. @throws {PrivateKeyError} `AUTH_KEY_UNSUPPORTED` */
export function readCurve(reader: DerReader): EcdsaCurve {
  const oid = reader.oid('namedCurve');
  const curve = CURVES.get(oid);
  if (curve === undefined) throw unsupported(UNUSABLE.get(oid) ?? `the curve ${oid}`, NEW_KEY);
  return curve;
}

/** For an algorithm that is none of the three above. */
export const unusableAlgorithm = (oid: string): PrivateKeyError =>
  unsupported(UNUSABLE.get(oid) ?? `the key algorithm ${oid}`, NEW_KEY);

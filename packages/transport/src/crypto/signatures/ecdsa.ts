import { p256, p384, p521 } from '@noble/curves/nist.js';
import { cryptoError } from '../errors.ts';
import type { EcdsaCurve, SignatureSuite } from '../signature.ts';
import { ECDSA_FIELD_LENGTH, isUncompressedPoint } from './curves.ts';

type Curve = typeof p256;

function ecdsaSuite(curveName: EcdsaCurve, curve: Curve): SignatureSuite {
  const name = `ecdsa-sha2-${curveName}`;
  const length = 2 * ECDSA_FIELD_LENGTH[curveName];
  return {
    name,
    keyType: name,
    verify: (publicKey, data, signature) => {
      if (publicKey.type !== 'ecdsa' || publicKey.curve !== curveName) return false;
      if (!isUncompressedPoint(curveName, publicKey.point) || signature.length !== length) return false;
      // SSH has no rule about high S: OpenSSH makes one in every second signature.
      return curve.verify(signature, data, publicKey.point, { lowS: false, prehash: true });
    },
    sign: (privateKey, data) => {
      if (privateKey.type !== 'ecdsa' || privateKey.curve !== curveName) {
        const keyType = privateKey.type === 'ecdsa' ? privateKey.curve : privateKey.type;
        throw cryptoError('CRYPTO_KEY_TYPE', { algorithm: name, keyType });
      }
      return curve.sign(data, privateKey.secret, { lowS: false, prehash: true });
    },
  };
}

/** ECDSA with the hash that goes with the curve's size, RFC 5656 §6.2.1; nonces by RFC 6979. */
export const ecdsaSha2Nistp256: SignatureSuite = /* @__PURE__ */ ecdsaSuite('nistp256', p256);
export const ecdsaSha2Nistp384: SignatureSuite = /* @__PURE__ */ ecdsaSuite('nistp384', p384);
export const ecdsaSha2Nistp521: SignatureSuite = /* @__PURE__ */ ecdsaSuite('nistp521', p521);

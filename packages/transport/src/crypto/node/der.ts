import { bigintToMpint, concat, fromHex } from '../../wire/index.ts';
import type { EcdsaCurve, PrivateKeyMaterial, PublicKeyMaterial } from '../signature.ts';

const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const SEQUENCE = 0x30;
/** publicKey [1] EXPLICIT of ECPrivateKey, RFC 5915 §3. */
const EXPLICIT_1 = 0xa1;

/** Complete AlgorithmIdentifier contents: OIDs and parameters, RFC 8410 §3, RFC 3279 §2.3.1, RFC 5480 §2.1.1. */
const ED25519 = /* @__PURE__ */ fromHex('06032b6570');
const DSA_OID = /* @__PURE__ */ fromHex('06072a8648ce380401');
const RSA = /* @__PURE__ */ fromHex('06092a864886f70d0101010500');
const EC: { readonly [C in EcdsaCurve]: Uint8Array } = {
  nistp256: /* @__PURE__ */ fromHex('06072a8648ce3d020106082a8648ce3d030107'),
  nistp384: /* @__PURE__ */ fromHex('06072a8648ce3d020106052b81040022'),
  nistp521: /* @__PURE__ */ fromHex('06072a8648ce3d020106052b81040023'),
};

/**
 * SubjectPublicKeyInfo, the one form of public key that `node:crypto` reads in every runtime. RFC 5280 §4.1.
 * It has no place for an authenticator's application.
 */
export function publicKeyDer(key: PublicKeyMaterial): Uint8Array {
  switch (key.type) {
    case 'ed25519':
    case 'sk-ed25519':
      return subjectPublicKeyInfo(ED25519, key.publicKey);
    case 'ecdsa':
    case 'sk-ecdsa':
      return subjectPublicKeyInfo(EC[key.curve], key.point);
    case 'rsa':
      return subjectPublicKeyInfo(RSA, element(SEQUENCE, integer(key.n), integer(key.e)));
    case 'dss': {
      // RFC 3279 §2.3.2: the group is a parameter of the algorithm.
      const group = element(SEQUENCE, integer(key.p), integer(key.q), integer(key.g));
      return subjectPublicKeyInfo(concat(DSA_OID, group), integer(key.y));
    }
  }
}

/** PrivateKeyInfo, RFC 5208 §5. Holds the key in the clear: wipe it after use. */
export function privateKeyDer(key: PrivateKeyMaterial): Uint8Array {
  switch (key.type) {
    case 'ed25519':
      return privateKeyInfo(ED25519, element(OCTET_STRING, key.seed));
    case 'ecdsa': {
      const point = element(EXPLICIT_1, element(BIT_STRING, Uint8Array.of(0), key.point));
      const body = element(SEQUENCE, integer(1n), element(OCTET_STRING, key.secret), point);
      return privateKeyInfo(EC[key.curve], body);
    }
    case 'rsa': {
      const { n, e, d, p, q, iqmp } = key;
      const numbers = [0n, n, e, d, p, q, d % (p - 1n), d % (q - 1n), iqmp];
      return privateKeyInfo(RSA, element(SEQUENCE, ...numbers.map(integer)));
    }
  }
}

function subjectPublicKeyInfo(algorithm: Uint8Array, key: Uint8Array): Uint8Array {
  return element(SEQUENCE, element(SEQUENCE, algorithm), element(BIT_STRING, Uint8Array.of(0), key));
}

function privateKeyInfo(algorithm: Uint8Array, key: Uint8Array): Uint8Array {
  return element(SEQUENCE, integer(0n), element(SEQUENCE, algorithm), element(OCTET_STRING, key));
}

function integer(value: bigint): Uint8Array {
  return element(INTEGER, value === 0n ? Uint8Array.of(0) : bigintToMpint(value));
}

/** Tag, length in definite form, content. */
function element(tag: number, ...content: readonly Uint8Array[]): Uint8Array {
  const body = concat(...content);
  const { length } = body;
  if (length < 0x80) return concat(Uint8Array.of(tag, length), body);
  if (length < 0x100) return concat(Uint8Array.of(tag, 0x81, length), body);
  return concat(Uint8Array.of(tag, 0x82, length >> 8, length & 0xff), body);
}

import { bigintToMpint, bytesToBigint, concat, fromHex, wipe } from '../../wire/index.ts';
import type { DhGroup } from '../dh/groups.ts';
import type { EcdsaCurve, PrivateKeyMaterial, PublicKeyMaterial } from '../signature.ts';

const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const SEQUENCE = 0x30;
/** publicKey [1] EXPLICIT of ECPrivateKey, RFC 5915 §3. */
const EXPLICIT_1 = 0xa1;

/** Complete AlgorithmIdentifier contents: OIDs and parameters, RFC 8410 §3, RFC 3279 §2.3.1, RFC 5480 §2.1.1. */
const ED25519 = /* @__PURE__ */ fromHex('06032b6570');
/** PKCS #3, RFC 2631 §2 uses another one. */
const DH = /* @__PURE__ */ fromHex('06092a864886f70d010301');
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

/** SubjectPublicKeyInfo of a Diffie-Hellman value. */
export function dhPublicKeyDer(group: DhGroup, value: bigint): Uint8Array {
  return subjectPublicKeyInfo(dhAlgorithm(group), integer(value));
}

/** PrivateKeyInfo of a Diffie-Hellman exponent, given as bytes with the top bit set. Wipe it after use. */
export function dhPrivateKeyDer(group: DhGroup, exponent: Uint8Array): Uint8Array {
  const number = element(INTEGER, Uint8Array.of(0), exponent);
  const der = privateKeyInfo(dhAlgorithm(group), number);
  wipe(number);
  return der;
}

/** The value in what {@link dhPublicKeyDer} makes. @throws {TypeError} for anything else. */
export function dhPublicValue(der: Uint8Array): bigint {
  const outer = content(der, 0, SEQUENCE);
  const algorithm = content(der, outer.start, SEQUENCE);
  const bits = content(der, algorithm.end, BIT_STRING);
  const value = content(der, bits.start + 1, INTEGER);
  return bytesToBigint(der.subarray(value.start, value.end));
}

const dhAlgorithm = ({ p, g }: DhGroup): Uint8Array => concat(DH, element(SEQUENCE, integer(p), integer(g)));

/** Where the content of the element at `at` begins and ends. */
function content(der: Uint8Array, at: number, tag: number): { readonly start: number; readonly end: number } {
  const first = der[at + 1] ?? 0;
  const extra = first < 0x80 ? 0 : first & 0x7f;
  let length = extra === 0 ? first : 0;
  for (let i = 0; i < extra; i += 1) length = length * 256 + (der[at + 2 + i] ?? 0);
  const start = at + 2 + extra;
  if (der[at] !== tag || start + length > der.length) throw new TypeError('not the expected DER');
  return { start, end: start + length };
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

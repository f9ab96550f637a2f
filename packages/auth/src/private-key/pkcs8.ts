import type { EcdsaCurve, PrivateKeyMaterial } from '@nbs-ssh/transport/crypto';
import { contextTag, DerReader, TAG } from './der.ts';
import { invalid, unsupported } from './errors.ts';
import { ecdsaKey, ed25519Key, NEW_KEY, rsaKey } from './material.ts';

const RSA = '1.2.840.113549.1.1.1';
const EC = '1.2.840.10045.2.1';
const ED25519 = '1.3.101.112';
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

/** `PRIVATE KEY`: OneAsymmetricKey, RFC 5958 §2. @throws {PrivateKeyError} */
export function parsePkcs8(der: Uint8Array): PrivateKeyMaterial {
  const format = 'PKCS#8';
  const outer = new DerReader(der, format);
  const key = outer.sequence('OneAsymmetricKey');
  outer.end('the key');
  const version = key.integer('version');
  if (version > 1n) throw unsupported('this version of PKCS#8', NEW_KEY);
  const algorithm = key.sequence('algorithm');
  const oid = algorithm.oid('algorithm');
  const body = key.octetString('privateKey');
  const parameters = (): EcdsaCurve => curveOf(algorithm.oid('namedCurve'));
  if (key.peek() === contextTag(0)) key.element(contextTag(0), 'attributes');
  const stated = key.remaining > 0 ? statedPublicKey(key, format) : undefined;
  key.end('the key');
  switch (oid) {
    case RSA:
      algorithm.element(TAG.null, 'parameters');
      algorithm.end('the algorithm');
      return parsePkcs1(body, format);
    case EC: {
      const curve = parameters();
      algorithm.end('the algorithm');
      return parseSec1(body, curve, format);
    }
    case ED25519: {
      algorithm.end('the algorithm');
      const inner = new DerReader(body, format);
      const seed = inner.octetString('CurvePrivateKey');
      inner.end('the seed');
      return ed25519Key(seed, stated, format);
    }
    default:
      throw unsupported(UNUSABLE.get(oid) ?? `the key algorithm ${oid}`, NEW_KEY);
  }
}

/** `RSA PRIVATE KEY`: RSAPrivateKey, RFC 8017 A.1.2. @throws {PrivateKeyError} */
export function parsePkcs1(der: Uint8Array, format = 'PKCS#1'): PrivateKeyMaterial {
  const outer = new DerReader(der, format);
  const key = outer.sequence('RSAPrivateKey');
  outer.end('the key');
  if (key.integer('version') !== 0n) throw unsupported('an RSA key with more than two primes', NEW_KEY);
  const n = key.integer('modulus');
  const e = key.integer('publicExponent');
  const d = key.integer('privateExponent');
  const p = key.integer('prime1');
  const q = key.integer('prime2');
  const dp = key.integer('exponent1');
  const dq = key.integer('exponent2');
  const iqmp = key.integer('coefficient');
  key.end('the key');
  const material = rsaKey({ n, e, d, p, q, iqmp }, format);
  if (dp !== d % (p - 1n) || dq !== d % (q - 1n)) {
    throw invalid(format, 'the numbers of the RSA key do not belong together');
  }
  return material;
}

/**
 * `EC PRIVATE KEY`: ECPrivateKey, RFC 5915 §3.
 *
 * @param outerCurve - From PKCS#8 around it, where the key itself need not name its curve.
 * @throws {PrivateKeyError}
 */
export function parseSec1(der: Uint8Array, outerCurve?: EcdsaCurve, format = 'SEC1'): PrivateKeyMaterial {
  const outer = new DerReader(der, format);
  const key = outer.sequence('ECPrivateKey');
  outer.end('the key');
  if (key.integer('version') !== 1n) throw invalid(format, 'the version is not 1');
  const secret = key.octetString('privateKey');
  let curve = outerCurve;
  if (key.peek() === contextTag(0)) {
    const parameters = key.nested(contextTag(0), 'parameters');
    if (parameters.peek() === TAG.sequence) {
      throw unsupported('an EC key with explicit curve parameters', NEW_KEY);
    }
    const named = curveOf(parameters.oid('namedCurve'));
    parameters.end('the parameters');
    if (curve !== undefined && curve !== named) throw invalid(format, 'the key names two curves');
    curve = named;
  }
  let point: Uint8Array | undefined;
  if (key.peek() === contextTag(1)) {
    const wrapped = key.nested(contextTag(1), 'publicKey');
    point = wrapped.bitString('publicKey');
    wrapped.end('the public key');
  }
  key.end('the key');
  if (curve === undefined) throw invalid(format, 'the key does not name its curve');
  return ecdsaKey(curve, secret, point, format);
}

/** `[1] IMPLICIT BIT STRING`: a primitive context tag, unlike all others here. */
function statedPublicKey(key: DerReader, format: string): Uint8Array {
  const body = key.element(0x81, 'publicKey');
  if (body[0] !== 0) throw invalid(format, 'the public key is not whole bytes');
  return body.subarray(1);
}

function curveOf(oid: string): EcdsaCurve {
  const curve = CURVES.get(oid);
  if (curve === undefined) throw unsupported(UNUSABLE.get(oid) ?? `the curve ${oid}`, NEW_KEY);
  return curve;
}

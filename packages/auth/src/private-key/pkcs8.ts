import type { EcdsaCurve, PrivateKeyMaterial } from '@nbs-ssh/transport/crypto';
import { contextTag, DerReader, TAG } from './der.ts';
import { invalid, unsupported } from './errors.ts';
import { ecdsaKey, ed25519Key, NEW_KEY, rsaKey } from './material.ts';
import { EC, ED25519, RSA, readCurve, unusableAlgorithm } from './oids.ts';

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
  const parameters = (): EcdsaCurve => readCurve(algorithm);
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
      throw unusableAlgorithm(oid);
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
    const named = readCurve(parameters);
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

import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import { fromHex, wipe } from '../../wire/index.ts';
import { cryptoError } from '../errors.ts';
import type { EcdsaCurve, PrivateKeyMaterial, PublicKeyMaterial, SignatureSuite } from '../signature.ts';
import { ECDSA_FIELD_LENGTH, isUncompressedPoint } from '../signatures/curves.ts';
import { DSA_HALF, dsaProblem } from '../signatures/dsa-limits.ts';
import { isAcceptableEd25519 } from '../signatures/ed25519-points.ts';
import { nobleInsecureSignatures, plainSignatures } from '../signatures/noble.ts';
import { modulusLength, rsaProblem } from '../signatures/rsa-limits.ts';
import { securityKeySuites } from '../signatures/security-key.ts';
import { privateKeyDer, publicKeyDer } from './der.ts';

/** How one algorithm is asked for in `node:crypto`. */
interface NativeAlgorithm {
  /** `null` where the algorithm hashes by itself. */
  readonly hash: string | null;
  readonly dsaEncoding?: 'ieee-p1363';
  /** Refuses before the call what our own suite refuses and the native library might take. */
  readonly acceptable: (key: PublicKeyMaterial, signature: Uint8Array) => boolean;
  /** A key for {@link agrees}. Absent where a call leaves nothing to misunderstand. */
  readonly probe?: () => PrivateKeyMaterial;
}

const ZERO_SEED_KEY = '3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29';

const ED25519: NativeAlgorithm = {
  hash: null,
  acceptable: (key, signature) =>
    key.type === 'ed25519' &&
    key.publicKey.length === 32 &&
    signature.length === 64 &&
    isAcceptableEd25519(key.publicKey),
  // The key of a seed of zeros.
  probe: () => ({ type: 'ed25519', seed: new Uint8Array(32), publicKey: fromHex(ZERO_SEED_KEY) }),
};

function ecdsa(curve: EcdsaCurve, hash: string, { Point }: typeof p256): NativeAlgorithm {
  const length = ECDSA_FIELD_LENGTH[curve];
  return {
    hash,
    dsaEncoding: 'ieee-p1363',
    acceptable: (key, signature) =>
      key.type === 'ecdsa' &&
      key.curve === curve &&
      isUncompressedPoint(curve, key.point) &&
      signature.length === 2 * length,
    // The key 1: its public point is the base point.
    probe: () => {
      const secret = new Uint8Array(length);
      secret[length - 1] = 1;
      return { type: 'ecdsa', curve, secret, point: Point.BASE.toBytes(false) };
    },
  };
}

const rsa = (hash: string): NativeAlgorithm => ({
  hash,
  acceptable: (key, signature) =>
    key.type === 'rsa' && rsaProblem(key.n, key.e) === undefined && signature.length === modulusLength(key.n),
});

const NATIVE: { readonly [name: string]: NativeAlgorithm } = {
  'ssh-ed25519': ED25519,
  'ecdsa-sha2-nistp256': /* @__PURE__ */ ecdsa('nistp256', 'sha256', p256),
  'ecdsa-sha2-nistp384': /* @__PURE__ */ ecdsa('nistp384', 'sha384', p384),
  'ecdsa-sha2-nistp521': /* @__PURE__ */ ecdsa('nistp521', 'sha512', p521),
  'rsa-sha2-512': /* @__PURE__ */ rsa('sha512'),
  'rsa-sha2-256': /* @__PURE__ */ rsa('sha256'),
  'ssh-rsa': /* @__PURE__ */ rsa('sha1'),
  'ssh-dss': {
    hash: 'sha1',
    dsaEncoding: 'ieee-p1363',
    acceptable: (key, signature) =>
      key.type === 'dss' && dsaProblem(key) === undefined && signature.length === 2 * DSA_HALF,
  },
};

const nativeSignatures: readonly SignatureSuite[] = /* @__PURE__ */ plainSignatures.map(native);

/**
 * The algorithms of noble's list on `node:crypto`, with the same verdicts.
 *
 * Where the runtime lacks one, misunderstands it or throws at a key, noble answers instead. ECDSA signatures made
 * here have random nonces: a session that must be reproducible needs noble's.
 */
export const nodeSignatures: readonly SignatureSuite[] = [
  ...nativeSignatures,
  .../* @__PURE__ */ securityKeySuites(nativeSignatures),
];
/** The same for {@link nobleInsecureSignatures}. */
export const nodeInsecureSignatures: readonly SignatureSuite[] = /* @__PURE__ */ nobleInsecureSignatures.map(
  native,
);

function native(fallback: SignatureSuite): SignatureSuite {
  const algorithm = NATIVE[fallback.name];
  return algorithm === undefined ? fallback : nativeSuite(algorithm, fallback);
}

function nativeSuite(algorithm: NativeAlgorithm, fallback: SignatureSuite): SignatureSuite {
  // Found out at the first use, not at import: the probe costs about a millisecond.
  let usable: boolean | undefined;
  const isUsable = (): boolean => {
    usable ??= agrees(algorithm);
    return usable;
  };
  return {
    name: fallback.name,
    keyType: fallback.keyType,
    verify: (publicKey, data, signature) => {
      if (!algorithm.acceptable(publicKey, signature)) return false;
      if (!isUsable()) return fallback.verify(publicKey, data, signature);
      try {
        return verifyNatively(algorithm, publicKey, data, signature);
      } catch {
        return fallback.verify(publicKey, data, signature);
      }
    },
    sign: (privateKey, data, random) => {
      // The fallback knows how to refuse a key of another type.
      if (!isUsable() || !isOwnKey(fallback, privateKey)) return fallback.sign(privateKey, data, random);
      let signature: Uint8Array;
      try {
        signature = signNatively(algorithm, privateKey, data);
      } catch {
        return fallback.sign(privateKey, data, random);
      }
      if (privateKey.type === 'rsa' && !verifyNatively(algorithm, publicOf(privateKey), data, signature)) {
        throw cryptoError('CRYPTO_SIGNATURE_SELF_CHECK', { algorithm: fallback.name });
      }
      return signature;
    },
  };
}

/** Says whether this runtime signs and verifies in the encoding we mean; some ignore `dsaEncoding`. */
function agrees(algorithm: NativeAlgorithm): boolean {
  const key = algorithm.probe?.();
  if (key === undefined) return true;
  try {
    const data = Uint8Array.of(1, 2, 3);
    const signature = signNatively(algorithm, key, data);
    const publicKey = publicOf(key);
    if (!algorithm.acceptable(publicKey, signature)) return false;
    if (!verifyNatively(algorithm, publicKey, data, signature)) return false;
    return !verifyNatively(algorithm, publicKey, Uint8Array.of(1, 2, 4), signature);
  } catch {
    return false;
  }
}

/** Key objects of keys in use: making one costs as much as a verification. */
const keyObjects = new WeakMap<PublicKeyMaterial | PrivateKeyMaterial, KeyObject>();

function verifyNatively(
  { hash, dsaEncoding }: NativeAlgorithm,
  material: PublicKeyMaterial,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  let key = keyObjects.get(material);
  if (key === undefined) {
    key = createPublicKey({ key: publicKeyDer(material) as Buffer, format: 'der', type: 'spki' });
    keyObjects.set(material, key);
  }
  return verify(hash, data, dsaEncoding === undefined ? key : { key, dsaEncoding }, signature);
}

function signNatively(
  { hash, dsaEncoding }: NativeAlgorithm,
  material: PrivateKeyMaterial,
  data: Uint8Array,
): Uint8Array {
  let key = keyObjects.get(material);
  if (key === undefined) {
    const der = privateKeyDer(material);
    key = createPrivateKey({ key: der as Buffer, format: 'der', type: 'pkcs8' });
    wipe(der);
    keyObjects.set(material, key);
  }
  return new Uint8Array(sign(hash, data, dsaEncoding === undefined ? key : { key, dsaEncoding }));
}

function isOwnKey(suite: SignatureSuite, key: PrivateKeyMaterial): boolean {
  if (key.type === 'rsa') return suite.keyType === 'ssh-rsa' && rsaProblem(key.n, key.e) === undefined;
  return suite.keyType === (key.type === 'ecdsa' ? `ecdsa-sha2-${key.curve}` : 'ssh-ed25519');
}

function publicOf(key: PrivateKeyMaterial): PublicKeyMaterial {
  switch (key.type) {
    case 'ed25519':
      return { type: 'ed25519', publicKey: key.publicKey };
    case 'ecdsa':
      return { type: 'ecdsa', curve: key.curve, point: key.point };
    case 'rsa':
      return { type: 'rsa', n: key.n, e: key.e };
  }
}

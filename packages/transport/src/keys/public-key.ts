import type { EcdsaCurve, PrivateKeyMaterial, PublicKeyMaterial } from '../crypto/index.ts';
import { bitLength } from '../crypto/modular.ts';
import { ECDSA_FIELD_LENGTH, isUncompressedPoint } from '../crypto/signatures/curves.ts';
import { dsaProblem } from '../crypto/signatures/dsa-limits.ts';
import { rsaProblem } from '../crypto/signatures/rsa-limits.ts';
import { isWireError, printable, WireReader, WireWriter } from '../wire/index.ts';
import { isCertificateType } from './algorithm.ts';
import { keysError } from './errors.ts';
import type { PublicKey } from './types.ts';

/** Longest blob we look at, in bytes: RSA of 16,384 bits takes 2,080, and no key we read is longer. */
const MAX_BLOB = 4096;
const ED25519_LENGTH = 32;
const SK_ED25519 = 'sk-ssh-ed25519@openssh.com';
const SK_ECDSA = 'sk-ecdsa-sha2-nistp256@openssh.com';

/**
 * Reads a public key blob: RFC 4253 §6.6 (RSA, DSA), RFC 5656 §3.1 (ECDSA), RFC 8709 §4 (Ed25519),
 * OpenSSH PROTOCOL.u2f (keys in an authenticator).
 *
 * Whether a point is on its curve is found out when the key is used: then nothing verifies with it.
 *
 * @param blob - Copied, so that the result outlives the buffer it came from.
 * @throws {KeysError} `KEYS_MALFORMED`, `KEYS_UNSUPPORTED_TYPE`, `KEYS_CERTIFICATE`, `KEYS_RSA_LIMITS`,
 *   `KEYS_DSA_LIMITS`
 */
export function parsePublicKey(blob: Uint8Array): PublicKey {
  if (blob.length > MAX_BLOB) throw keysError('KEYS_MALFORMED', { keyType: 'unknown', part: 'length' });
  const own = new Uint8Array(blob);
  let keyType = 'unknown';
  try {
    const reader = new WireReader(own);
    keyType = reader.text('key type');
    const material = readMaterial(keyType, reader);
    reader.end('public key');
    checkMaterial(material);
    return { keyType, blob: own, material };
  } catch (error) {
    if (!isWireError(error)) throw error;
    throw keysError('KEYS_MALFORMED', { keyType: shown(keyType), part: 'blob' }, { cause: error });
  }
}

/**
 * The blob of a key that is known as numbers.
 *
 * @throws {KeysError} `KEYS_MALFORMED`, `KEYS_RSA_LIMITS`, `KEYS_DSA_LIMITS`: what {@link parsePublicKey} would refuse
 *   is not made.
 */
export function encodePublicKey(material: PublicKeyMaterial): PublicKey {
  checkMaterial(material);
  const keyType = keyTypeOf(material);
  const writer = new WireWriter().text(keyType);
  switch (material.type) {
    case 'ed25519':
      writer.string(material.publicKey);
      break;
    case 'ecdsa':
      writer.text(material.curve).string(material.point);
      break;
    case 'rsa':
      writer.mpint(material.e).mpint(material.n);
      break;
    case 'dss':
      writer.mpint(material.p).mpint(material.q).mpint(material.g).mpint(material.y);
      break;
    case 'sk-ed25519':
      writer.string(material.publicKey).text(material.application);
      break;
    case 'sk-ecdsa':
      writer.text(material.curve).string(material.point).text(material.application);
      break;
  }
  return { keyType, blob: new Uint8Array(writer.finish()), material };
}

/** The public half, as the private key states it. @throws {KeysError} `KEYS_MALFORMED`, `KEYS_RSA_LIMITS` */
export function publicKeyOf(privateKey: PrivateKeyMaterial): PublicKey {
  switch (privateKey.type) {
    case 'ed25519':
      return encodePublicKey({ type: 'ed25519', publicKey: privateKey.publicKey });
    case 'ecdsa':
      return encodePublicKey({ type: 'ecdsa', curve: privateKey.curve, point: privateKey.point });
    case 'rsa':
      return encodePublicKey({ type: 'rsa', n: privateKey.n, e: privateKey.e });
  }
}

/** Key type of a key, public or private. */
export function keyTypeOf(material: PublicKeyMaterial | PrivateKeyMaterial): string {
  switch (material.type) {
    case 'ed25519':
      return 'ssh-ed25519';
    case 'ecdsa':
      return `ecdsa-sha2-${material.curve}`;
    case 'rsa':
      return 'ssh-rsa';
    case 'dss':
      return 'ssh-dss';
    case 'sk-ed25519':
      return SK_ED25519;
    case 'sk-ecdsa':
      return SK_ECDSA;
  }
}

/**
 * The fields of a key behind its type, which certificates have too.
 *
 * Not checked: {@link encodePublicKey} does that. @throws {KeysError} @throws {WireError}
 */
export function readMaterial(keyType: string, reader: WireReader): PublicKeyMaterial {
  if (keyType === 'ssh-ed25519') return { type: 'ed25519', publicKey: reader.string('public key') };
  if (keyType === 'ssh-rsa') {
    const e = reader.mpint('e');
    return { type: 'rsa', n: reader.mpint('n'), e };
  }
  if (keyType === 'ssh-dss') {
    const [p, q, g] = [reader.mpint('p'), reader.mpint('q'), reader.mpint('g')];
    return { type: 'dss', p, q, g, y: reader.mpint('y') };
  }
  if (keyType === SK_ED25519) {
    const publicKey = reader.string('public key');
    return { type: 'sk-ed25519', publicKey, application: reader.text('application') };
  }
  if (keyType === SK_ECDSA) {
    if (reader.text('curve') !== 'nistp256') throw keysError('KEYS_MALFORMED', { keyType, part: 'curve' });
    const point = reader.string('point');
    return { type: 'sk-ecdsa', curve: 'nistp256', point, application: reader.text('application') };
  }
  const curve = keyType.startsWith('ecdsa-sha2-') ? keyType.slice('ecdsa-sha2-'.length) : '';
  if (isCurve(curve)) {
    // The curve is named twice, and a key whose two names differ is nobody's.
    if (reader.text('curve') !== curve) throw keysError('KEYS_MALFORMED', { keyType, part: 'curve' });
    return { type: 'ecdsa', curve, point: reader.string('point') };
  }
  if (isCertificateType(keyType)) throw keysError('KEYS_CERTIFICATE', { keyType: shown(keyType) });
  throw keysError('KEYS_UNSUPPORTED_TYPE', { keyType: shown(keyType) });
}

function checkMaterial(material: PublicKeyMaterial): void {
  const keyType = keyTypeOf(material);
  switch (material.type) {
    case 'ed25519':
    case 'sk-ed25519':
      if (material.publicKey.length !== ED25519_LENGTH) {
        throw keysError('KEYS_MALFORMED', { keyType, part: 'length' });
      }
      return;
    case 'ecdsa':
    case 'sk-ecdsa':
      if (!isUncompressedPoint(material.curve, material.point)) {
        throw keysError('KEYS_MALFORMED', { keyType, part: 'point' });
      }
      return;
    case 'rsa': {
      const reason = rsaProblem(material.n, material.e);
      if (reason !== undefined) {
        throw keysError('KEYS_RSA_LIMITS', { reason, bits: bitLength(material.n) });
      }
      return;
    }
    case 'dss': {
      const reason = dsaProblem(material);
      if (reason !== undefined) {
        throw keysError('KEYS_DSA_LIMITS', { reason, bits: bitLength(material.p) });
      }
    }
  }
}

function isCurve(name: string): name is EcdsaCurve {
  return Object.hasOwn(ECDSA_FIELD_LENGTH, name);
}

const shown = (keyType: string): string => printable(keyType, 64);

import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToNumberLE } from '@noble/curves/utils.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { equalBytes } from '../../wire/index.ts';
import { cryptoError } from '../errors.ts';
import type { SignatureSuite } from '../signature.ts';

const NAME = 'ssh-ed25519';
const KEY_LENGTH = 32;
const SIGNATURE_LENGTH = 64;

/**
 * Ed25519, RFC 8032 §5.1 and RFC 8709.
 *
 * Verification decodes A strictly, refuses small-order A and S ≥ L, and compares R as bytes. That is the equation
 * without the cofactor, which OpenSSH, OpenSSL and TweetNaCl use: with the other one, permitted by the RFC too, the
 * owner of a crafted key could make signatures that one implementation takes and the next one refuses.
 */
export const sshEd25519: SignatureSuite = {
  name: NAME,
  keyType: NAME,
  verify: (publicKey, data, signature) => {
    if (publicKey.type !== 'ed25519' || publicKey.publicKey.length !== KEY_LENGTH) return false;
    if (signature.length !== SIGNATURE_LENGTH) return false;
    return verifyStrictly(publicKey.publicKey, data, signature);
  },
  sign: (privateKey, data) => {
    if (privateKey.type !== 'ed25519') {
      throw cryptoError('CRYPTO_KEY_TYPE', { algorithm: NAME, keyType: privateKey.type });
    }
    return ed25519.sign(data, privateKey.seed);
  },
};

function verifyStrictly(publicKey: Uint8Array, data: Uint8Array, signature: Uint8Array): boolean {
  const { Point } = ed25519;
  const order = Point.Fn.ORDER;
  const encodedR = signature.subarray(0, KEY_LENGTH);
  const s = bytesToNumberLE(signature.subarray(KEY_LENGTH));
  if (s >= order) return false;
  try {
    const a = Point.fromBytes(publicKey, false);
    if (a.isSmallOrder()) return false;
    const challenge = sha512.create().update(encodedR).update(publicKey).update(data).digest();
    const k = bytesToNumberLE(challenge) % order;
    const r = Point.BASE.multiplyUnsafe(s).subtract(a.multiplyUnsafe(k));
    return equalBytes(r.toBytes(), encodedR);
  } catch {
    return false; // A is not a point.
  }
}

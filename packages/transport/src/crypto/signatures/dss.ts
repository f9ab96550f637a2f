import { sha1 } from '@noble/hashes/legacy.js';
import { bytesToBigint } from '../../wire/index.ts';
import { cryptoError } from '../errors.ts';
import { modInverse, modPowPublic } from '../modular.ts';
import type { SignatureSuite } from '../signature.ts';
import { DSA_HALF, dsaProblem } from './dsa-limits.ts';

const NAME = 'ssh-dss';

/**
 * DSA with SHA-1, RFC 4253 §6.6 and FIPS 186-4 §4.7, verification only: old equipment has such a host key, and nobody
 * should sign with one any more.
 */
export const sshDss: SignatureSuite = {
  name: NAME,
  keyType: NAME,
  verify: (publicKey, data, signature) => {
    if (publicKey.type !== 'dss' || dsaProblem(publicKey) !== undefined) return false;
    if (signature.length !== 2 * DSA_HALF) return false;
    const { p, q, g, y } = publicKey;
    const r = bytesToBigint(signature.subarray(0, DSA_HALF));
    const s = bytesToBigint(signature.subarray(DSA_HALF));
    if (r === 0n || r >= q || s === 0n || s >= q) return false;
    const w = modInverse(s, q);
    if (w === undefined) return false;
    // SHA-1 is as long as q, so the whole hash counts.
    const u1 = (bytesToBigint(sha1(data)) * w) % q;
    const u2 = (r * w) % q;
    const v = (modPowPublic(g, u1, p) * modPowPublic(y, u2, p)) % p;
    return v % q === r;
  },
  sign: (privateKey) => {
    throw cryptoError('CRYPTO_KEY_TYPE', { algorithm: NAME, keyType: privateKey.type });
  },
};

import { bigintToBytes, bytesToBigint, concat, equalBytes, fromHex } from '../../wire/index.ts';
import { cryptoError } from '../errors.ts';
import { modInverse, modPow, modPowPublic } from '../modular.ts';
import type { PrivateKeyMaterial, SignatureSuite } from '../signature.ts';
import { modulusLength, rsaProblem } from './rsa-limits.ts';

type RsaPrivateKey = Extract<PrivateKeyMaterial, { readonly type: 'rsa' }>;
type RandomBytes = (length: number) => Uint8Array;

/** What differs between `rsa-sha2-256`, `rsa-sha2-512` (RFC 8332 §3) and `ssh-rsa` (RFC 4253 §6.6). */
export interface RsaHash {
  readonly name: string;
  readonly digest: (data: Uint8Array) => Uint8Array;
  /** DER of DigestInfo up to the digest itself, RFC 8017 §9.2 note 1. */
  readonly digestInfo: Uint8Array;
}

export const SHA1_DIGEST_INFO: Uint8Array = /* @__PURE__ */ fromHex('3021300906052b0e03021a05000414');
export const SHA256_DIGEST_INFO: Uint8Array = /* @__PURE__ */ fromHex(
  '3031300d060960864801650304020105000420',
);
export const SHA512_DIGEST_INFO: Uint8Array = /* @__PURE__ */ fromHex(
  '3051300d060960864801650304020305000440',
);

/** RSASSA-PKCS1-v1_5 on BigInt, RFC 8017 §8.2, because no JavaScript library we use has it. */
export function rsaSuite(hash: RsaHash): SignatureSuite {
  return {
    name: hash.name,
    keyType: 'ssh-rsa',
    /** Wants exactly k bytes, as RFC 8017 §8.2.2 step 1 does. */
    verify: (publicKey, data, signature) => {
      if (publicKey.type !== 'rsa') return false;
      const { n, e } = publicKey;
      if (rsaProblem(n, e) !== undefined || signature.length !== modulusLength(n)) return false;
      const s = bytesToBigint(signature);
      if (s >= n) return false;
      const encoded = bigintToBytes(modPowPublic(s, e, n), signature.length);
      return equalBytes(encoded, encodeMessage(hash, data, signature.length));
    },
    sign: (privateKey, data, random) => {
      if (privateKey.type !== 'rsa') {
        throw cryptoError('CRYPTO_KEY_TYPE', { algorithm: hash.name, keyType: privateKey.type });
      }
      // A key that no verifier would accept must not sign either: its signature would only be refused later.
      if (rsaProblem(privateKey.n, privateKey.e) !== undefined) {
        throw cryptoError('CRYPTO_KEY_TYPE', { algorithm: hash.name, keyType: 'rsa outside of limits' });
      }
      const length = modulusLength(privateKey.n);
      const m = bytesToBigint(encodeMessage(hash, data, length));
      const s = rsaPrivate(privateKey, m, random);
      // A fault in one half of the CRT would give away a prime factor to whoever sees the signature.
      if (s === undefined || modPowPublic(s, privateKey.e, privateKey.n) !== m) {
        throw cryptoError('CRYPTO_SIGNATURE_SELF_CHECK', { algorithm: hash.name });
      }
      return bigintToBytes(s, length);
    },
  };
}

/** EMSA-PKCS1-v1_5, RFC 8017 §9.2. Verification makes this too and compares: nothing from the peer is parsed. */
function encodeMessage(hash: RsaHash, data: Uint8Array, length: number): Uint8Array {
  const tail = concat(Uint8Array.of(0), hash.digestInfo, hash.digest(data));
  const encoded = new Uint8Array(length).fill(0xff);
  encoded.set([0x00, 0x01]);
  encoded.set(tail, length - tail.length);
  return encoded;
}

/** Tries to find a blinding factor; each fails with probability below 2^-1000 unless `random` is broken. */
const BLINDING_TRIES = 4;
/** Bytes beyond the modulus, so that reducing a random number leaves no bias worth mentioning. */
const BLINDING_EXCESS = 8;

/** m ^ d mod n by CRT, RFC 8017 §5.1.2, on a blinded m: timing then says nothing about the real one. */
function rsaPrivate(key: RsaPrivateKey, m: bigint, random: RandomBytes): bigint | undefined {
  const { n, e, d, p, q, iqmp } = key;
  if (p < 3n || q < 3n) return undefined;
  for (let tries = 0; tries < BLINDING_TRIES; tries += 1) {
    const r = bytesToBigint(random(modulusLength(n) + BLINDING_EXCESS)) % n;
    const unblind = modInverse(r, n);
    if (unblind === undefined) continue;
    const blinded = (m * modPowPublic(r, e, n)) % n;
    const atP = modPow(blinded, d % (p - 1n), p);
    const atQ = modPow(blinded, d % (q - 1n), q);
    const difference = (((atP - atQ) % p) + p) % p;
    const s = atQ + q * ((iqmp * difference) % p);
    return (s * unblind) % n;
  }
  return undefined;
}

import { concat, equalBytes, wipe } from '../../wire/index.ts';
import type { Kem } from '../kem.ts';
import type { RandomSource } from '../kex.ts';
import { decodeRq, decrypt, encodeRq, encrypt } from './core.ts';
import { drawShort, drawSmall } from './draw.ts';
import { maskNonzero } from './modular.ts';
import { multiplyQ } from './multiply.ts';
import { CIPHERTEXT_LENGTH, HASH_LENGTH, PUBLIC_LENGTH, SECRET_LENGTH, SMALL_LENGTH } from './parameters.ts';
import { reciprocalOfTriple } from './reciprocal.ts';
import { reciprocal3 } from './reciprocal3.ts';
import { decodeSmall, encodeSmall } from './small.ts';

type Sha512 = (...parts: readonly Uint8Array[]) => Uint8Array;

/**
 * x^p − x − 1 has no factor of a degree below 19 modulo 3, so a random g is without a reciprocal once in 10^9: a source
 * that gives 64 of those is broken.
 */
const TRIES = 64;

/**
 * sntrup761, the key encapsulation mechanism of RFC 9941: Streamlined NTRU Prime as submitted to round 3 of the NIST
 * competition ("NTRU Prime: round 3", 2020-10-07, §3 and §4), where the functions here have their names from.
 *
 * No branch, no loop and no address depends on a secret. What JavaScript engines make of it is theirs to decide: see
 * SECURITY.md.
 */
export function sntrup761(sha512: Sha512): Kem {
  /** Hash_b: the prefix keeps the uses of the hash apart. */
  const hash = (prefix: number, ...parts: readonly Uint8Array[]): Uint8Array => {
    const whole = sha512(Uint8Array.of(prefix), ...parts);
    const half = whole.slice(0, HASH_LENGTH);
    wipe(whole);
    return half;
  };
  /** Encrypts `r` and confirms it, so that whoever decrypts can tell a damaged ciphertext. */
  const hide = (r: Int32Array, hashOfR: Uint8Array, h: Int32Array, hashOfKey: Uint8Array): Uint8Array =>
    concat(encrypt(h, r), hash(2, hashOfR, hashOfKey));

  return {
    publicLength: PUBLIC_LENGTH,
    ciphertextLength: CIPHERTEXT_LENGTH,

    keygen: (random) => {
      const [g, reciprocalOfG] = drawInvertible(random);
      const f = drawShort(random);
      const reciprocalOf3f = reciprocalOfTriple(f);
      const publicKey = encodeRq(multiplyQ(reciprocalOf3f, g));
      const [encodedF, encodedG] = [encodeSmall(f), encodeSmall(reciprocalOfG)];
      const forRejections = random(SMALL_LENGTH);
      const secretKey = concat(encodedF, encodedG, publicKey, forRejections, hash(4, publicKey));
      wipe(encodedF, encodedG, forRejections);
      for (const secret of [f, g, reciprocalOf3f, reciprocalOfG]) secret.fill(0);
      return { publicKey, secretKey };
    },

    encapsulate: (publicKey, random) => {
      const h = decodeRq(publicKey);
      // RFC 9941 leaves it open. No key generation makes such bytes, and two spellings of one key help nobody.
      if (!equalBytes(encodeRq(h), publicKey)) throw new RangeError('not the encoding of an element of R/q');
      const r = drawShort(random);
      const encodedR = encodeSmall(r);
      const hashOfR = hash(3, encodedR);
      const ciphertext = hide(r, hashOfR, h, hash(4, publicKey));
      const sharedSecret = hash(1, hashOfR, ciphertext);
      wipe(encodedR, hashOfR);
      r.fill(0);
      return { ciphertext, sharedSecret };
    },

    decapsulate: (ciphertext, secretKey) => {
      if (ciphertext.length !== CIPHERTEXT_LENGTH || secretKey.length !== SECRET_LENGTH) {
        throw new RangeError('sntrup761: a ciphertext has 1039 bytes, a secret key 1763');
      }
      const key = split(secretKey);
      const f = decodeSmall(key.f);
      const reciprocalOfG = decodeSmall(key.reciprocalOfG);
      const r = decrypt(ciphertext, f, reciprocalOfG);
      const encodedR = encodeSmall(r);
      const hashOfR = hash(3, encodedR);
      const again = hide(r, hashOfR, decodeRq(key.publicKey), key.hashOfKey);
      let difference = 0;
      for (let i = 0; i < CIPHERTEXT_LENGTH; i += 1)
        difference |= (again[i] as number) ^ (ciphertext[i] as number);
      // Implicit rejection: −1 when this is not what encapsulation makes, and the answer is then a function of secret
      // bytes and of the ciphertext.
      const rejected = maskNonzero(difference);
      for (let i = 0; i < SMALL_LENGTH; i += 1) {
        const byte = encodedR[i] as number;
        encodedR[i] = byte ^ (rejected & (byte ^ (key.forRejections[i] as number)));
      }
      const hashOfSeed = hash(3, encodedR);
      const sharedSecret = hash(1 + rejected, hashOfSeed, ciphertext);
      wipe(encodedR, hashOfR, hashOfSeed, again);
      for (const secret of [f, reciprocalOfG, r]) secret.fill(0);
      return sharedSecret;
    },
  };
}

/** A random g with its reciprocal in R/3. Those without one are thrown away. */
function drawInvertible(random: RandomSource): readonly [Int32Array, Int32Array] {
  for (let i = 0; i < TRIES; i += 1) {
    const g = drawSmall(random);
    const reciprocal = reciprocal3(g);
    if (reciprocal !== undefined) return [g, reciprocal];
  }
  throw new RangeError('the random source gives no invertible polynomial for sntrup761');
}

/** What keygen has put together. */
function split(secretKey: Uint8Array): {
  readonly f: Uint8Array;
  readonly reciprocalOfG: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly forRejections: Uint8Array;
  readonly hashOfKey: Uint8Array;
} {
  const afterKey = 2 * SMALL_LENGTH + PUBLIC_LENGTH;
  return {
    f: secretKey.subarray(0, SMALL_LENGTH),
    reciprocalOfG: secretKey.subarray(SMALL_LENGTH, 2 * SMALL_LENGTH),
    publicKey: secretKey.subarray(2 * SMALL_LENGTH, afterKey),
    forRejections: secretKey.subarray(afterKey, afterKey + SMALL_LENGTH),
    hashOfKey: secretKey.subarray(afterKey + SMALL_LENGTH),
  };
}

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { RandomSource } from '@nbs-ssh/transport/crypto';
import { concat, fromHex, toHex } from '@nbs-ssh/transport/wire';
import { describe, it } from 'vitest';
import { vectors } from '../fixtures.ts';
import { CIPHERTEXT, changed, kem } from './fixtures.ts';
import { NistDrbg } from './nist-drbg.ts';

interface Vectors {
  readonly knownAnswers: readonly {
    readonly source: string;
    readonly counts: number;
    readonly draws: string;
    readonly heading: string;
    readonly separator: string;
    readonly hash: string;
    readonly digest: string;
  }[];
  readonly recorded: readonly {
    readonly source: string;
    readonly sk: string;
    readonly ct: string;
    readonly k: string;
    readonly damaged: readonly { readonly at: number; readonly xor: number; readonly k: string }[];
    readonly filled: readonly { readonly fill: number; readonly k: string }[];
  }[];
}

const { knownAnswers, recorded } = vectors<Vectors>('sntrup761');
/** Bytes of randomness of one polynomial. */
const POLYNOMIAL = 3044;

describe('sntrup761, known answers', () => {
  for (const { source, counts, draws, heading, separator, hash, digest } of knownAnswers) {
    it(`${source}: ${counts} key pairs, ciphertexts and secrets`, () => {
      const whole = createHash(hash).update(heading);
      const seeds = new NistDrbg(Uint8Array.from({ length: 48 }, (_, i) => i));
      for (let count = 0; count < counts; count += 1) {
        const seed = seeds.fill(48);
        const drbg = new NistDrbg(seed);
        const random: RandomSource = (length) =>
          draws === 'a polynomial in one call' || length !== POLYNOMIAL
            ? drbg.fill(length)
            : concat(...Array.from({ length: length / 4 }, () => drbg.fill(4)));
        const { publicKey, secretKey } = kem.keygen(random);
        const { ciphertext, sharedSecret } = kem.encapsulate(publicKey, random);
        assert.deepEqual(kem.decapsulate(ciphertext, secretKey), sharedSecret);
        const values = { seed, pk: publicKey, sk: secretKey, ct: ciphertext, ss: sharedSecret };
        const lines = Object.entries(values).map(
          ([name, value]) => `${name} = ${toHex(value).toUpperCase()}\n`,
        );
        whole.update(`count = ${count}\n${lines.join('')}${separator}`);
      }
      assert.equal(whole.digest('hex'), digest);
    });
  }
});

describe('sntrup761, recorded from C libraries', () => {
  for (const { source, sk, ct, k, damaged, filled } of recorded) {
    const [secretKey, ciphertext] = [fromHex(sk), fromHex(ct)];

    it(`the same secret: ${source}`, () => {
      assert.equal(toHex(kem.decapsulate(ciphertext, secretKey)), k);
    });

    it('the same secret for a damaged ciphertext and for what never was one', () => {
      for (const { at, xor, k: rejected } of damaged) {
        assert.equal(toHex(kem.decapsulate(changed(ciphertext, at, xor), secretKey)), rejected, `byte ${at}`);
      }
      for (const { fill, k: rejected } of filled) {
        const bytes = new Uint8Array(CIPHERTEXT).fill(fill);
        assert.equal(toHex(kem.decapsulate(bytes, secretKey)), rejected, `all ${fill}`);
      }
      assert.equal(damaged.length + filled.length, 7);
    });
  }
});

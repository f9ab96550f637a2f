import assert from 'node:assert/strict';
import { seededRandom } from '@nbs-ssh/testing';
import { toHex } from '@nbs-ssh/transport/wire';
import { describe, it } from 'vitest';
import { CIPHERTEXT, changed, kem, PUBLIC } from './fixtures.ts';

const random = seededRandom('sntrup761');
const keys = kem.keygen(random);

describe('sntrup761', () => {
  it('gives both ends one secret in 60 random exchanges [T061]', () => {
    const secrets = new Set<string>();
    for (let i = 0; i < 60; i += 1) {
      const { publicKey, secretKey } = kem.keygen(random);
      const { ciphertext, sharedSecret } = kem.encapsulate(publicKey, random);
      assert.deepEqual(kem.decapsulate(ciphertext, secretKey), sharedSecret);
      assert.deepEqual([publicKey.length, ciphertext.length, sharedSecret.length], [PUBLIC, CIPHERTEXT, 32]);
      secrets.add(toHex(sharedSecret));
    }
    assert.equal(secrets.size, 60);
  });

  it('answers a ciphertext with any one bit changed with a secret of its own, the same each time [T059]', () => {
    const { ciphertext, sharedSecret } = kem.encapsulate(keys.publicKey, random);
    const secrets = new Set([toHex(sharedSecret)]);
    const step = 13;
    for (let at = 0; at < CIPHERTEXT; at += step) {
      const bad = changed(ciphertext, at, 1 << (at & 7));
      const rejected = kem.decapsulate(bad, keys.secretKey);
      assert.deepEqual(kem.decapsulate(bad, keys.secretKey), rejected);
      secrets.add(toHex(rejected));
    }
    assert.equal(secrets.size, 1 + Math.ceil(CIPHERTEXT / step));
  });

  it('gives another key pair no part of the secret', () => {
    const { ciphertext, sharedSecret } = kem.encapsulate(keys.publicKey, random);
    assert.notDeepEqual(kem.decapsulate(ciphertext, kem.keygen(random).secretKey), sharedSecret);
  });

  it('takes the extreme keys: every coefficient −2295, and every coefficient 0 [T059]', () => {
    // −2295 is encoded as 0, and 1 in the first byte is the one key beside it.
    for (const key of [new Uint8Array(PUBLIC), changed(new Uint8Array(PUBLIC), 0, 1)]) {
      assert.equal(kem.encapsulate(key, random).ciphertext.length, CIPHERTEXT);
    }
  });

  it('refuses what encodes a coefficient of q or more [T059]', () => {
    assert.throws(() => kem.encapsulate(new Uint8Array(PUBLIC).fill(255), random), RangeError);
    // The last two bytes belong to the merge of all, whose bound is below 65,536.
    const bad = keys.publicKey.slice();
    bad.fill(255, PUBLIC - 2);
    assert.throws(() => kem.encapsulate(bad, random), RangeError);
  });

  it('refuses lengths that are not its own', () => {
    for (const length of [0, CIPHERTEXT - 1, CIPHERTEXT + 1]) {
      assert.throws(() => kem.decapsulate(new Uint8Array(length), keys.secretKey), RangeError);
    }
    assert.throws(() => kem.decapsulate(new Uint8Array(CIPHERTEXT), keys.secretKey.slice(1)), RangeError);
  });

  it('gives up on a random source that never gives an invertible polynomial', () => {
    // 0x20000000 in every word is the polynomial 0.
    const zeros = (length: number): Uint8Array =>
      new Uint8Array(length).map((_, i) => (i % 4 === 3 ? 0x20 : 0));
    assert.throws(() => kem.keygen(zeros), RangeError);
  });
});

import assert from 'node:assert/strict';
import { seededRandom } from '@nbs-ssh/testing';
import type { PrivateKeyMaterial, PublicKeyMaterial } from '@nbs-ssh/transport/crypto';
import { concat } from '@nbs-ssh/transport/wire';
import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToNumberLE } from '@noble/curves/utils.js';
import { sha512 } from '@noble/hashes/sha2.js';
import nacl from 'tweetnacl';
import { describe, it } from 'vitest';
import { sshEd25519 } from '../../../src/crypto/signatures/ed25519.ts';
import { nobleSignatures } from '../../../src/crypto/signatures/noble.ts';
import { newKey, PROVIDERS, publicHalf, rsaVectorKey, signing, suite } from './fixtures.ts';

const MESSAGES = 10;

describe('noble and node', () => {
  for (const { name, keyType } of signing(nobleSignatures)) {
    it(`${name}: each takes what the other signs, and refuses it once a bit is changed`, () => {
      const random = seededRandom(name);
      const key = keyType === 'ssh-rsa' ? rsaVectorKey(2048) : newKey(keyType);
      const publicKey = publicHalf(key);
      for (let i = 0; i < MESSAGES; i += 1) {
        const message = random(i * 13);
        for (const signer of PROVIDERS) {
          const signature = suite(signer.signatures, name).sign(key, message, random);
          const spoiled = flipped(signature, (i * 7) % signature.length);
          for (const verifier of PROVIDERS) {
            const { verify } = suite(verifier.signatures, name);
            const pair = `${signer.name} to ${verifier.name}`;
            assert.equal(verify(publicKey, message, signature), true, pair);
            assert.equal(verify(publicKey, message, spoiled), false, pair);
            assert.equal(verify(publicKey, concat(message, Uint8Array.of(0)), signature), false, pair);
          }
        }
      }
    });
  }

  it('have the same names in the same order', () => {
    const [noble, node] = PROVIDERS.map(({ signatures }) => signatures.map(({ name }) => name));
    assert.deepEqual(noble, node);
    assert.deepEqual(noble, [
      'ssh-ed25519',
      'ecdsa-sha2-nistp256',
      'ecdsa-sha2-nistp384',
      'ecdsa-sha2-nistp521',
      'rsa-sha2-512',
      'rsa-sha2-256',
      'sk-ssh-ed25519@openssh.com',
      'sk-ecdsa-sha2-nistp256@openssh.com',
    ]);
  });
});

describe('Ed25519 and TweetNaCl', () => {
  it('make and take the same signatures for 1000 random messages and 20 keys', { timeout: 240_000 }, () => {
    const random = seededRandom('tweetnacl');
    for (let i = 0; i < 20; i += 1) {
      const seed = random(32);
      const pair = nacl.sign.keyPair.fromSeed(seed);
      const key: PrivateKeyMaterial = { type: 'ed25519', seed, publicKey: pair.publicKey };
      for (let j = 0; j < 50; j += 1) {
        const message = random(j * 5);
        const ours = sshEd25519.sign(key, message, random);
        // Equal signatures: what one makes the other would verify, so only a sample is.
        assert.deepEqual(ours, nacl.sign.detached(message, pair.secretKey));
        if (j % 10 !== 0) continue;
        assert.equal(sshEd25519.verify(publicHalf(key), message, ours), true);
        const spoiled = flipped(ours, (i * 50 + j) % 63);
        assert.equal(sshEd25519.verify(publicHalf(key), message, spoiled), false);
        if (j % 50 === 0) assert.equal(nacl.sign.detached.verify(message, ours, pair.publicKey), true);
      }
    }
  });

  // Keys and signatures with a part of small order tell the two verification equations apart.
  const { Point } = ed25519;
  const torsion = Point.fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05');
  const order = Point.Fn.ORDER;

  it('agree on keys that have a part of small order', () => {
    const random = seededRandom('mixed key');
    const { scalar, point } = ed25519.utils.getExtendedPublicKey(random(32));
    const publicKey = point.add(torsion).toBytes();
    let taken = 0;
    for (let i = 0; i < 64; i += 1) {
      const message = random(16);
      const { signature, k } = forge(random, scalar, publicKey, message, Point.ZERO);
      const expected = k % 8n === 0n;
      if (expected) taken += 1;
      assertVerdict(publicKey, message, signature, expected);
    }
    assert.ok(taken > 0);
  });

  it('refuse R with a part of small order, which the equation with the cofactor would take', () => {
    const random = seededRandom('mixed R');
    const { scalar, pointBytes } = ed25519.utils.getExtendedPublicKey(random(32));
    const message = random(16);
    const { signature } = forge(random, scalar, pointBytes, message, torsion);
    assert.equal(ed25519.verify(signature, message, pointBytes, { zip215: false }), true);
    assertVerdict(pointBytes, message, signature, false);
  });

  function forge(
    random: (length: number) => Uint8Array,
    scalar: bigint,
    publicKey: Uint8Array,
    message: Uint8Array,
    offset: typeof torsion,
  ): { signature: Uint8Array; k: bigint } {
    const r = bytesToNumberLE(random(64)) % order;
    const encodedR = Point.BASE.multiply(r).add(offset).toBytes();
    const k = bytesToNumberLE(sha512(concat(encodedR, publicKey, message))) % order;
    const s = Point.Fn.toBytes(Point.Fn.create(r + k * scalar));
    return { signature: concat(encodedR, s), k };
  }

  function assertVerdict(
    key: Uint8Array,
    message: Uint8Array,
    signature: Uint8Array,
    expected: boolean,
  ): void {
    assert.equal(nacl.sign.detached.verify(message, signature, key), expected, 'tweetnacl');
    const material: PublicKeyMaterial = { type: 'ed25519', publicKey: key };
    for (const { name, signatures } of PROVIDERS) {
      assert.equal(suite(signatures, 'ssh-ed25519').verify(material, message, signature), expected, name);
    }
  }
});

function flipped(signature: Uint8Array, index: number): Uint8Array {
  const copy = new Uint8Array(signature);
  copy[index] = (copy[index] as number) ^ 0x01;
  return copy;
}

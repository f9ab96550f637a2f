import assert from 'node:assert/strict';
import { createECDH, createHash } from 'node:crypto';
import { seededRandom } from '@nbs-ssh/testing';
import type { RandomSource } from '@nbs-ssh/transport/crypto';
import { concat, fromHex, toHex } from '@nbs-ssh/transport/wire';
import { ml_kem768, ml_kem1024 } from '@noble/post-quantum/ml-kem.js';
import nacl from 'tweetnacl';
import { describe, it } from 'vitest';
import { fixedRandom, kex, PROVIDERS, refuses, wycheproof } from './fixtures.ts';
import { changed, kem as sntrup761 } from './sntrup761/fixtures.ts';

/** A classic exchange by somebody else. */
interface Classic {
  readonly secretLength: number;
  readonly publicValue: (secret: Uint8Array) => Uint8Array;
  readonly shared: (secret: Uint8Array, peer: Uint8Array) => Uint8Array;
  /** Values that must be refused, and why. */
  readonly bad: readonly (readonly [string, Uint8Array, string])[];
}

const X25519: Classic = {
  secretLength: 32,
  publicValue: (secret) => nacl.scalarMult.base(secret),
  shared: (secret, peer) => nacl.scalarMult(secret, peer),
  bad: [['the all-zero value', new Uint8Array(32), 'weak']],
};

function nist(curve: string, secretLength: number): Classic {
  const at = (secret: Uint8Array): ReturnType<typeof createECDH> => {
    const ecdh = createECDH(curve);
    ecdh.setPrivateKey(secret);
    return ecdh;
  };
  const good = new Uint8Array(at(new Uint8Array(secretLength).fill(7)).getPublicKey());
  const as = (prefix: number): Uint8Array => changed(good, 0, 4 ^ prefix);
  return {
    secretLength,
    publicValue: (secret) => new Uint8Array(at(secret).getPublicKey()),
    // The x coordinate.
    shared: (secret, peer) => new Uint8Array(at(secret).computeSecret(peer)),
    bad: [
      ['a point that is not on the curve', changed(good, good.length - 1, 1), 'point'],
      ['a point marked as compressed', as(2), 'encoding'],
      ['a point in the hybrid form', as(6), 'encoding'],
      ['infinity', new Uint8Array(good.length), 'encoding'],
    ],
  };
}

/** What stands in front of the classic value, by the mechanism itself: from random bytes in the order of its draws. */
interface Mechanism {
  readonly keyLength: number;
  readonly ciphertextLength: number;
  readonly keygen: (random: RandomSource) => Uint8Array;
  readonly encapsulate: (
    key: Uint8Array,
    random: RandomSource,
  ) => { ciphertext: Uint8Array; secret: Uint8Array };
}

const mlkem = (noble: typeof ml_kem768, keyLength: number, ciphertextLength: number): Mechanism => ({
  keyLength,
  ciphertextLength,
  keygen: (random) => noble.keygen(random(64)).publicKey,
  encapsulate: (key, random) => {
    const { cipherText, sharedSecret } = noble.encapsulate(key, random(32));
    return { ciphertext: cipherText, secret: sharedSecret };
  },
});

const SNTRUP761: Mechanism = {
  keyLength: 1158,
  ciphertextLength: 1039,
  keygen: (random) => sntrup761.keygen(random).publicKey,
  encapsulate: (key, random) => {
    const { ciphertext, sharedSecret } = sntrup761.encapsulate(key, random);
    return { ciphertext, secret: sharedSecret };
  },
};
const MLKEM768 = mlkem(ml_kem768, 1184, 1088);
const MLKEM1024 = mlkem(ml_kem1024, 1568, 1568);

const HYBRIDS = [
  ['mlkem768x25519-sha256', 'sha256', MLKEM768, X25519],
  ['sntrup761x25519-sha512', 'sha512', SNTRUP761, X25519],
  ['sntrup761x25519-sha512@openssh.com', 'sha512', SNTRUP761, X25519],
  ['mlkem768nistp256-sha256', 'sha256', MLKEM768, nist('prime256v1', 32)],
  ['mlkem1024nistp384-sha384', 'sha384', MLKEM1024, nist('secp384r1', 48)],
] as const;

/** The same bytes again and again. */
const bytesOf = (name: string, length: number): Uint8Array => seededRandom(name)(length).fill(1, 0, 1);
/** The classic secret from one source, which the test knows, and the rest from another. */
function mixedRandom(secret: Uint8Array, rest: RandomSource): RandomSource {
  return (length) => (length === secret.length ? secret.slice() : rest(length));
}

it('are what each provider prefers, ML-KEM first, and are preferred to everything else', () => {
  for (const provider of PROVIDERS) {
    assert.deepEqual(
      provider.kex.slice(0, HYBRIDS.length).map((suite) => suite.name),
      HYBRIDS.map(([name]) => name),
    );
  }
});

for (const provider of PROVIDERS) {
  for (const [name, hash, mechanism, classic] of HYBRIDS) {
    const suite = kex(provider, name);
    const { keyLength, ciphertextLength } = mechanism;

    describe(`${name} of ${provider.name}`, () => {
      it('K is the hash of the post-quantum secret with the classic secret behind it', () => {
        const a = bytesOf('a', classic.secretLength);
        const b = bytesOf('b', classic.secretLength);
        const key = mechanism.keygen(seededRandom('key'));
        const { ciphertext, secret } = mechanism.encapsulate(key, seededRandom('message'));
        const k = createHash(hash)
          .update(secret)
          .update(classic.shared(a, classic.publicValue(b)))
          .digest('hex');
        const start = suite.start(mixedRandom(a, seededRandom('key')));
        assert.deepEqual(start.clientPublic, concat(key, classic.publicValue(a)));
        assert.equal(key.length, keyLength);
        // ML-KEM's message is as long as two of the classic secrets, which are drawn first.
        const answer = suite.respond(
          classic.secretLength === 32 && mechanism !== SNTRUP761
            ? fixedRandom(b, seededRandom('message')(32))
            : mixedRandom(b, seededRandom('message')),
          start.clientPublic,
        );
        assert.deepEqual(answer.serverPublic, concat(ciphertext, classic.publicValue(b)));
        assert.equal(ciphertext.length, ciphertextLength);
        assert.equal(toHex(answer.sharedSecret), k);
        assert.equal(toHex(start.finish(answer.serverPublic)), k);
        assert.equal(suite.hash, hash);
      });

      for (const [what, bad, reason] of classic.bad) {
        it(`refuses ${what} in both roles`, () => {
          const { clientPublic } = suite.start(seededRandom(5));
          const { serverPublic } = suite.respond(seededRandom(6), clientPublic);
          const forged = concat(clientPublic.subarray(0, keyLength), bad);
          refuses(() => suite.respond(seededRandom(6), forged), reason);
          const answer = concat(serverPublic.subarray(0, ciphertextLength), bad);
          refuses(() => suite.start(seededRandom(5)).finish(answer), reason);
        });
      }

      it('a damaged ciphertext gives another secret, not an error [T059]', () => {
        const answer = suite.respond(seededRandom(8), suite.start(seededRandom(7)).clientPublic);
        for (const at of [0, 100, ciphertextLength - 1]) {
          const k = suite.start(seededRandom(7)).finish(changed(answer.serverPublic, at, 1));
          assert.notDeepEqual(k, answer.sharedSecret);
        }
      });
    });
  }

  for (const name of ['mlkem768x25519-sha256', 'mlkem768nistp256-sha256', 'mlkem1024nistp384-sha384']) {
    it(`${name} of ${provider.name} refuses an encapsulation key with a coefficient of q or more`, () => {
      const suite = kex(provider, name);
      const { clientPublic } = suite.start(seededRandom(3));
      for (const at of [0, 600, 1149]) {
        for (const [b0, b1] of [
          [0x01, 0x0d],
          [0xff, 0x0f],
        ] as const) {
          const bad = clientPublic.slice();
          bad[at] = b0;
          bad[at + 1] = ((bad[at + 1] as number) & 0xf0) | b1;
          refuses(() => suite.respond(seededRandom(4), bad), 'encoding');
        }
      }
      // The largest coefficient that is allowed, q - 1 = 0xd00.
      const edge = clientPublic.slice();
      edge[0] = 0;
      edge[1] = ((edge[1] as number) & 0xf0) | 0x0d;
      suite.respond(seededRandom(4), edge);
    });
  }

  it(`sntrup761x25519-sha512 of ${provider.name} refuses a key with a coefficient of q or more`, () => {
    const suite = kex(provider, 'sntrup761x25519-sha512');
    const { clientPublic } = suite.start(seededRandom(3));
    const bad = clientPublic.slice();
    bad.fill(255, 1156, 1158);
    refuses(() => suite.respond(seededRandom(4), bad), 'encoding');
  });
}

const tests = wycheproof<{ tcId: number; seed: string; ek?: string; c: string; K: string; result: string }>(
  'mlkem_768_test',
);

describe.skipIf(tests === undefined)('Wycheproof mlkem_768_test (skipped where the file is absent)', () => {
  for (const provider of PROVIDERS) {
    it(`${provider.name}: keys, and secrets mixed with X25519 as the draft says`, () => {
      let checked = 0;
      const suite = kex(provider, 'mlkem768x25519-sha256');
      const x25519 = kex(provider, 'curve25519-sha256');
      const [a, b] = [seededRandom('a')(32), seededRandom('b')(32)] as const;
      const publicB = x25519.start(fixedRandom(b)).clientPublic;
      const classic = x25519.start(fixedRandom(a)).finish(publicB);
      for (const test of tests ?? []) {
        const seed = fromHex(test.seed);
        if (seed.length !== 64) continue;
        const start = suite.start(fixedRandom(seed, a));
        if (test.ek !== undefined) assert.equal(toHex(start.clientPublic.slice(0, 1184)), test.ek);
        const finish = () => start.finish(concat(fromHex(test.c), publicB));
        if (test.result === 'valid') {
          const k = createHash('sha256').update(fromHex(test.K)).update(classic).digest('hex');
          assert.equal(toHex(finish()), k, `test ${test.tcId}`);
        } else refuses(finish, 'length');
        checked += 1;
      }
      assert(checked > 150);
    });
  }
});

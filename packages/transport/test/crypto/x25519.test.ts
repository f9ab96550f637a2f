import assert from 'node:assert/strict';
import { seededRandom } from '@nbs-ssh/testing';
import { fromHex, toHex } from '@nbs-ssh/transport/wire';
import nacl from 'tweetnacl';
import { describe, it } from 'vitest';
import type { DiffieHellman } from '../../src/crypto/ecdh.ts';
import { nobleX25519 } from '../../src/crypto/noble/x25519.ts';
import { nodeX25519 } from '../../src/crypto/node/x25519.ts';
import { fixedRandom, kex, PROVIDERS, refuses, vectors, wycheproof } from './fixtures.ts';

const BOTH: readonly (readonly [string, DiffieHellman])[] = [
  ['noble', nobleX25519],
  ['node', nodeX25519],
];

const file = vectors<{
  vectors: { name: string; scalar: string; u: string; result: string }[];
  iterated: { count: number; result: string }[];
}>('x25519');

/** Every encoding of a point whose order divides 8, RFC 7748 §5 ignoring the top bit: four of the curve, three more. */
const SMALL_ORDER = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
].flatMap((hex) => {
  const high = fromHex(hex);
  high[31] = (high[31] as number) | 0x80;
  return [hex, toHex(high)];
});

const KEXES = ['curve25519-sha256', 'curve25519-sha256@libssh.org'];

for (const [name, dh] of BOTH) {
  describe(`X25519 of ${name}`, () => {
    for (const vector of file.vectors) {
      it(`gives the published result: RFC 7748 §5.2, ${vector.name}`, () => {
        assert.equal(
          toHex(dh.shared(fromHex(vector.scalar), fromHex(vector.u)) as Uint8Array),
          vector.result,
        );
      });
    }

    it('gives the published result after iterating, RFC 7748 §5.2', () => {
      let k = new Uint8Array(32);
      k[0] = 9;
      let u = k;
      let done = 0;
      for (const { count, result } of file.iterated) {
        for (; done < count; done += 1) [k, u] = [dh.shared(k, u) as Uint8Array<ArrayBuffer>, k];
        assert.equal(toHex(k), result);
      }
    });
  });
}

describe('X25519 against tweetnacl', () => {
  it('agrees over a thousand random exchanges', () => {
    const random = seededRandom('x25519');
    for (let i = 0; i < 1000; i += 1) {
      const [a, b] = [random(32), random(32)] as const;
      const publicB = nacl.scalarMult.base(b);
      const expected = toHex(nacl.scalarMult(a, publicB));
      assert.equal(toHex(nodeX25519.publicValue(b)), toHex(publicB));
      assert.equal(toHex(nodeX25519.shared(a, publicB) as Uint8Array), expected);
      if (i % 10 !== 0) continue;
      assert.equal(toHex(nobleX25519.publicValue(b)), toHex(publicB));
      assert.equal(toHex(nobleX25519.shared(a, publicB) as Uint8Array), expected);
    }
  });

  it('agrees on scalars and points at the ends of their ranges, and on the ignored top bit', () => {
    const edges = [
      new Uint8Array(32),
      new Uint8Array(32).fill(255),
      ...[0, 1, 7, 8, 64, 127, 128, 254, 255].flatMap((byte) =>
        [0, 1, 30, 31].map((at) => {
          const value = seededRandom(`${byte}/${at}`)(32);
          value[at] = byte;
          return value;
        }),
      ),
    ];
    for (const scalar of edges) {
      for (const u of edges.filter((_, i) => i % 3 === 0)) {
        const expected = nacl.scalarMult(scalar, u);
        const weak = expected.every((byte) => byte === 0);
        for (const [name, dh] of BOTH) {
          const actual = dh.shared(scalar, u);
          if (weak) assert.equal(actual, 'weak', name);
          else assert.equal(toHex(actual as Uint8Array), toHex(expected), name);
        }
      }
    }
  });

  it('agrees on shared secrets that begin with zeros, which stay in place for the mpint to strip', () => {
    const random = seededRandom('leading zero');
    const publicB = nacl.scalarMult.base(random(32));
    let found = 0;
    while (found < 3) {
      const a = random(32);
      const expected = nacl.scalarMult(a, publicB);
      if (expected[0] !== 0) continue;
      found += 1;
      for (const [, dh] of BOTH) assert.equal(toHex(dh.shared(a, publicB) as Uint8Array), toHex(expected));
    }
  });
});

for (const provider of PROVIDERS) {
  for (const name of KEXES) {
    describe(`${name} of ${provider.name}, RFC 8731`, () => {
      const suite = kex(provider, name);

      it('refuses every encoding of a point of small order, in both roles', () => {
        for (const hex of SMALL_ORDER) {
          refuses(() => suite.respond(provider.random, fromHex(hex)), 'weak');
          refuses(() => suite.start(provider.random).finish(fromHex(hex)), 'weak');
        }
      });

      it('refuses every length but 32, in both roles', () => {
        for (const length of [0, 1, 31, 33, 64, 1216]) {
          refuses(() => suite.respond(provider.random, new Uint8Array(length).fill(9)), 'length');
          refuses(() => suite.start(provider.random).finish(new Uint8Array(length).fill(9)), 'length');
        }
      });
    });
  }
}

const tests = wycheproof<{
  tcId: number;
  public: string;
  private: string;
  shared: string;
  flags: readonly string[];
}>('x25519_test');

describe.skipIf(tests === undefined)('Wycheproof x25519_test (skipped where the file is absent)', () => {
  for (const provider of PROVIDERS) {
    it(`${provider.name}: every shared secret is right, and all-zero ones are refused`, () => {
      const suite = kex(provider, 'curve25519-sha256');
      let refused = 0;
      for (const test of tests ?? []) {
        const finish = () => suite.start(fixedRandom(fromHex(test.private))).finish(fromHex(test.public));
        if (test.flags.includes('ZeroSharedSecret')) {
          refuses(finish, 'weak');
          refused += 1;
        } else assert.equal(toHex(finish()), test.shared, `test ${test.tcId}`);
      }
      assert(refused > 20);
    });
  }
});

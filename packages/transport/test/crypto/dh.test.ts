import assert from 'node:assert/strict';
import { createDiffieHellman, generatePrimeSync } from 'node:crypto';
import { seededRandom } from '@nbs-ssh/testing';
import type { CryptoProvider, GroupExchangeKexSuite } from '@nbs-ssh/transport/crypto';
import { withInsecure } from '@nbs-ssh/transport/crypto';
import { bigintToBytes, bigintToMpint, bytesToBigint, concat, toHex } from '@nbs-ssh/transport/wire';
import { describe, it } from 'vitest';
import { bigintPower, roundIn } from '../../src/crypto/dh/finite-field.ts';
import { groupExchangeKex } from '../../src/crypto/dh/group-exchange.ts';
import { isWellKnownPrime, MODP_SIZES, modpGroup } from '../../src/crypto/dh/groups.ts';
import { bitLength } from '../../src/crypto/modular.ts';
import { powerOrElse } from '../../src/crypto/node/detect.ts';
import { nodePower, nodePowerWorks } from '../../src/crypto/node/dh.ts';
import { fixedRandom, kex, PROVIDERS, refuses, vectors } from './fixtures.ts';

const known = vectors<{
  wellKnown: readonly { name: string; bits: number; p: string }[];
  moduli: readonly { bits: number; g: number; p: string }[];
}>('dh-groups');
const number = (hex: string): bigint => BigInt(`0x${hex}`);
const FIXED = [
  ['diffie-hellman-group14-sha256', 2048],
  ['diffie-hellman-group16-sha512', 4096],
  ['diffie-hellman-group18-sha512', 8192],
  ['diffie-hellman-group14-sha1', 2048],
  ['diffie-hellman-group1-sha1', 1024],
] as const;
const ALL = PROVIDERS.map((provider) =>
  withInsecure(provider, ['diffie-hellman-group14-sha1', 'diffie-hellman-group1-sha1']),
);

describe('groups that are computed from π and e', () => {
  for (const { name, bits, p } of known.wellKnown) {
    it(`${name} is what OpenSSL has`, () => {
      if (!name.startsWith('ffdhe')) assert.equal(modpGroup(bits).p, number(p));
      assert.equal(isWellKnownPrime(number(p), bits), true);
      assert.equal(isWellKnownPrime(number(p) + (1n << 65n), bits), false);
      assert.equal(isWellKnownPrime(number(p) - 2n, bits), false);
    });
  }

  it('there are no others', () => {
    assert.throws(() => modpGroup(1536), RangeError);
    for (const { bits, p } of known.moduli) assert.equal(isWellKnownPrime(number(p), bits), false);
  });
});

for (const provider of ALL) {
  for (const [name, bits] of FIXED) {
    describe(`${name} of ${provider.name}, RFC 4253 §8`, () => {
      const suite = kex(provider, name);
      const { p, g } = modpGroup(bits);

      it('gives the values and the secret that OpenSSL computes', () => {
        const [x, y] = [seededRandom('x')(64), seededRandom('y')(64)];
        const start = suite.start(fixedRandom(x));
        const answer = suite.respond(fixedRandom(y), start.clientPublic);
        const theirs = createDiffieHellman(bigintToBytes(p, bits / 8), Uint8Array.of(Number(g)));
        theirs.setPrivateKey(Buffer.from(x.map((byte, i) => (i === 0 ? byte | 0x80 : byte))));
        theirs.generateKeys();
        assert.equal(bytesToBigint(start.clientPublic), bytesToBigint(theirs.getPublicKey()));
        const k = bytesToBigint(theirs.computeSecret(answer.serverPublic));
        assert.equal(bytesToBigint(answer.sharedSecret), k);
        assert.equal(bytesToBigint(start.finish(answer.serverPublic)), k);
        assert.equal(answer.sharedSecret.length, bits / 8);
      });

      it('T057: refuses 0, 1, p − 1, p, p + 1, negative numbers and other forms of good ones, in both roles', () => {
        const good = suite.start(seededRandom('good')).clientPublic;
        const both = (bad: Uint8Array, reason: string): void => {
          refuses(() => suite.respond(seededRandom(1), bad), reason);
          refuses(() => suite.start(seededRandom(1)).finish(bad), reason);
        };
        for (const bad of [0n, 1n, p - 1n, p, p + 1n, (1n << BigInt(bits)) - 1n]) {
          both(bigintToMpint(bad), 'range');
        }
        // −1, −2, and −p as two's complement.
        both(Uint8Array.of(0xff), 'range');
        both(Uint8Array.of(0xfe), 'range');
        both(bigintToBytes((1n << BigInt(bits + 8)) - p, bits / 8 + 1), 'range');
        both(concat(Uint8Array.of(0x80), new Uint8Array(bits / 8 - 1)), 'range');
        both(Uint8Array.of(0, 2), 'encoding');
        both(Uint8Array.of(0), 'encoding');
        both(concat(new Uint8Array(2), bigintToBytes(bytesToBigint(good) >> 16n, bits / 8 - 1)), 'encoding');
        both(concat(Uint8Array.of(1), new Uint8Array(bits / 8 + 1)), 'length');
        both(concat(new Uint8Array(3), good), 'length');
        both(new Uint8Array(262_144).fill(1), 'length');
      });

      it('takes the smallest and the largest value that RFC 4253 allows, 1 and p − 1 left out', () => {
        for (const value of [2n, p - 2n]) suite.respond(seededRandom(1), bigintToMpint(value));
      });
    });
  }
}

describe('Diffie-Hellman in both providers', () => {
  it('asks for 512 bits of exponent, whatever the group, and sets the first of them', () => {
    for (const provider of ALL) {
      for (const [name] of FIXED) {
        const zeros = kex(provider, name).start(fixedRandom(new Uint8Array(64)));
        const first = new Uint8Array(64);
        first[0] = 0x80;
        assert.deepEqual(zeros.clientPublic, kex(provider, name).start(fixedRandom(first)).clientPublic);
      }
    }
  });

  it('agree on secrets that begin with zero bytes [T061]', () => {
    const group = modpGroup(2048);
    const tiny = {
      publicValue: bigintPower.publicValue,
      shared: (): bigint => 0x1234n,
    };
    const { sharedSecret } = roundIn('test', group, tiny).respond(seededRandom(1), Uint8Array.of(2));
    assert.equal(sharedSecret.length, 256);
    assert.equal(bytesToBigint(sharedSecret), 0x1234n);
    for (let i = 0; i < 40; i += 1) {
      const secret = seededRandom(i)(64).map((byte, at) => (at === 0 ? byte | 0x80 : byte));
      const peer = bigintPower.publicValue(group, seededRandom(`peer ${i}`)(64));
      assert.equal(nodePower.publicValue(group, secret), bigintPower.publicValue(group, secret));
      assert.equal(nodePower.shared(group, secret, peer), bigintPower.shared(group, secret, peer));
    }
  });

  it('are the platform’s where it is right, and ours where it is wrong or refuses', () => {
    assert.equal(nodePowerWorks(), true);
    const group = modpGroup(1024);
    const secret = new Uint8Array(64).fill(0x97);
    const right = bigintPower.publicValue(group, secret);
    const wrong = { publicValue: () => 5n, shared: () => 5n };
    assert.equal(powerOrElse(bigintPower, wrong, () => false).publicValue(group, secret), right);
    const throws = (): never => {
      throw new Error('refused');
    };
    assert.equal(powerOrElse(bigintPower, wrong, throws).publicValue(group, secret), right);
    const refusing = powerOrElse(bigintPower, { publicValue: throws, shared: throws }, () => true);
    assert.equal(refusing.publicValue(group, secret), right);
    assert.equal(refusing.shared(group, secret, 5n), bigintPower.shared(group, secret, 5n));
  });
});

describe('the group of a group exchange, RFC 4419', () => {
  const suite = (): GroupExchangeKexSuite => groupExchangeKex('gex', 'sha256', bigintPower);
  const never = (): never => assert.fail('no random bytes are needed');

  /** @returns how many times the event loop got a turn. */
  const examined = (
    method: GroupExchangeKexSuite,
    group: { p: bigint; g: bigint },
    random = seededRandom(1),
  ): number => {
    const examination = method.examine(group, random);
    let turns = 0;
    while (!examination.proceed()) turns += 1;
    return turns;
  };
  const refusesGroup = (group: { p: bigint; g: bigint }, reason: string): void => {
    assert.throws(
      () => examined(suite(), group),
      (error: unknown) => {
        const { code, disconnect, context } = error as {
          code: string;
          disconnect: number;
          context: { reason: string };
        };
        assert.deepEqual([code, disconnect, context.reason], ['CRYPTO_BAD_GROUP', 3, reason]);
        return true;
      },
    );
  };

  it('is taken at once when it is one of RFC 3526 or RFC 7919', () => {
    for (const { bits, p } of known.wellKnown) {
      if (bits === 1024) continue;
      const examination = suite().examine({ p: number(p), g: 2n }, never);
      assert.deepEqual([examination.bits, examination.wellKnown, examination.proceed()], [bits, true, true]);
    }
  });

  it('is examined in many short turns when it is not, and remembered when it was good', () => {
    const method = suite();
    for (const { bits, g, p } of known.moduli.filter((entry) => entry.bits <= 4096)) {
      const group = { p: number(p), g: BigInt(g) };
      const turns = examined(method, group);
      // 5 exponentiations of so many squarings, some 1,500,000 / bits of them in a turn.
      assert.ok(turns >= (5 * bits * bits) / 1_600_000 - 5, `${turns} turns`);
      assert.ok(turns <= (5 * bits * bits) / 1_400_000 + 5, `${turns} turns`);
      const again = method.examine(group, never);
      assert.deepEqual([again.wellKnown, again.proceed()], [false, true]);
      assert.equal(suite().examine(group, seededRandom(1)).proceed(), false);
    }
  }, 240_000);

  it('has the bits that were asked for', () => {
    refusesGroup({ p: modpGroup(1024).p, g: 2n }, 'size');
    refusesGroup({ p: (1n << 8192n) + 1n, g: 2n }, 'size');
    refusesGroup({ p: 0n, g: 2n }, 'size');
    refusesGroup({ p: 7n, g: 2n }, 'size');
    assert.equal(bitLength(modpGroup(2048).p), 2048);
  });

  it('T057: has a generator that generates something', () => {
    const { p } = modpGroup(2048);
    for (const g of [0n, 1n, p - 1n, p, p + 1n]) refusesGroup({ p, g }, 'generator');
  });

  it('has a safe prime: not an even number, not a prime whose half is none, not the double of a prime and 1', () => {
    const { p } = modpGroup(2048);
    refusesGroup({ p: p - 1n, g: 2n }, 'not-safe');
    refusesGroup({ p: p + 2n, g: 2n }, 'not-safe');
    refusesGroup({ p: p - 4n, g: 2n }, 'not-safe');
    const prime = generatePrimeSync(2048, { bigint: true });
    refusesGroup({ p: prime, g: 2n }, 'not-safe');
    // q is a prime and p is none.
    let q = generatePrimeSync(2047, { bigint: true });
    while ((2n * q + 1n) % 3n === 0n) q = generatePrimeSync(2047, { bigint: true });
    refusesGroup({ p: 2n * q + 1n, g: 2n }, 'not-safe');
  }, 240_000);

  it('is chosen by the server as RFC 4419 §3 says: the smallest that is as long as wanted, else the longest allowed', () => {
    const sizeFor = (min: number, preferred: number, max: number): number | undefined => {
      const group = suite().choose({ min, preferred, max });
      return group === undefined ? undefined : bitLength(group.p);
    };
    for (const [min, preferred, max, bits] of [
      [2048, 3072, 8192, 3072],
      [1024, 1024, 8192, 2048],
      [1024, 2048, 2048, 2048],
      [2048, 2049, 8192, 3072],
      [2048, 7680, 8192, 8192],
      [2048, 8192, 8192, 8192],
      [2048, 7680, 7680, 6144],
      [2048, 8193, 16_384, 8192],
      [3000, 3000, 3100, 3072],
      [0, 0, 0xffff_ffff, 2048],
      [4096, 4096, 4096, 4096],
      // None, and nonsense.
      [1024, 1024, 1536, undefined],
      [1024, 1024, 1024, undefined],
      [8193, 8193, 16_384, undefined],
      [2049, 2049, 3071, undefined],
      [3072, 2048, 8192, undefined],
      [2048, 8192, 4096, undefined],
      [8192, 4096, 2048, undefined],
    ] as const) {
      assert.equal(sizeFor(min, preferred, max), bits, `${min} ${preferred} ${max}`);
    }
    assert.deepEqual(
      MODP_SIZES.map((bits) => sizeFor(bits, bits, bits)),
      MODP_SIZES,
    );
  });

  for (const one of PROVIDERS) {
    for (const other of PROVIDERS) {
      it(`${one.name} and ${other.name} get one secret in it`, () => {
        const [{ g, p }] = known.moduli as [(typeof known.moduli)[0]];
        const group = { p: number(p), g: BigInt(g) };
        const start = gex(one).within(group).start(seededRandom('a'));
        const answer = gex(other).within(group).respond(seededRandom('b'), start.clientPublic);
        assert.equal(toHex(start.finish(answer.serverPublic)), toHex(answer.sharedSecret));
      });
    }
  }

  it('is asked for with 2048 bits at least, RFC 8270', () => {
    for (const provider of PROVIDERS) {
      assert.deepEqual(gex(provider).request, { min: 2048, preferred: 3072, max: 8192 });
    }
  });
});

function gex(provider: CryptoProvider): GroupExchangeKexSuite {
  const suite = provider.kex.find((candidate) => candidate.kind === 'group-exchange');
  assert(suite?.kind === 'group-exchange');
  return suite;
}

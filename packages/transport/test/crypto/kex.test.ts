import assert from 'node:assert/strict';
import { seededRandom } from '@nbs-ssh/testing';
import { bigintToBytes, bytesToBigint, concat, fromHex, toHex } from '@nbs-ssh/transport/wire';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import { describe, it } from 'vitest';
import { NISTP256, NISTP384, NISTP521 } from '../../src/crypto/nist.ts';
import { fixedRandom, kex, PAIRS, PROVIDERS, refuses, wycheproof } from './fixtures.ts';

const CURVES = [
  { name: 'ecdh-sha2-nistp256', noble: p256, file: 'ecdh_secp256r1_ecpoint_test', length: 32 },
  { name: 'ecdh-sha2-nistp384', noble: p384, file: 'ecdh_secp384r1_ecpoint_test', length: 48 },
  { name: 'ecdh-sha2-nistp521', noble: p521, file: 'ecdh_secp521r1_ecpoint_test', length: 66 },
] as const;
/** Those with one public value each way. */
const METHODS = (PROVIDERS[0]?.kex ?? []).filter((suite) => suite.kind === 'one-round');

describe('lists of the providers', () => {
  it('have the orders of the curves right', () => {
    for (const [curve, noble] of [
      [NISTP256, p256],
      [NISTP384, p384],
      [NISTP521, p521],
    ] as const) {
      assert.equal(curve.order, noble.Point.CURVE().n);
    }
  });

  it('offer the same suites, the key exchanges in the same order', () => {
    const [one, other] = PROVIDERS;
    assert.deepEqual(
      one?.kex.map((s) => s.name),
      other?.kex.map((s) => s.name),
    );
    for (const list of ['ciphers', 'macs', 'signatures'] as const) {
      assert.deepEqual(one?.[list].map((s) => s.name).sort(), other?.[list].map((s) => s.name).sort());
    }
    assert.equal(one?.ciphers[0]?.name, 'chacha20-poly1305@openssh.com');
    assert.equal(other?.ciphers[0]?.name, 'aes128-gcm@openssh.com');
  });

  it('encode K as a string in the hybrids and as an mpint elsewhere', () => {
    for (const suite of PROVIDERS.flatMap((p) => p.kex)) {
      assert.equal(
        suite.sharedSecretEncoding,
        /^(mlkem|sntrup)/.test(suite.name) ? 'string' : 'mpint',
        suite.name,
      );
    }
  });
});

for (const [client, server] of PAIRS) {
  describe(`${client.name} with ${server.name}`, () => {
    for (const { name } of METHODS) {
      it(`${name}: both ends get one secret, another each time`, () => {
        const random = seededRandom(`${client.name}/${server.name}/${name}`);
        const secrets = new Set<string>();
        for (let i = 0; i < 3; i += 1) {
          const start = kex(client, name).start(random);
          const answer = kex(server, name).respond(random, start.clientPublic);
          const k = start.finish(answer.serverPublic);
          assert.deepEqual(k, answer.sharedSecret);
          secrets.add(toHex(k));
        }
        assert.equal(secrets.size, 3);
      });
    }
  });
}

describe('every key exchange', () => {
  for (const { name } of METHODS) {
    it(`${name} is a function of its random bytes, the same in both providers`, () => {
      const runs = [...PROVIDERS, ...PROVIDERS].map((provider) => {
        const random = seededRandom('same');
        const suite = kex(provider, name);
        const start = suite.start(random);
        const answer = suite.respond(random, start.clientPublic);
        return toHex(concat(start.clientPublic, answer.serverPublic, answer.sharedSecret));
      });
      assert.equal(new Set(runs).size, 1);
    });

    // A number that is cut short is another number.
    if (name.startsWith('diffie-hellman-')) continue;
    it(`${name} takes no public value that is cut short or has a byte too many`, () => {
      const suite = kex(PROVIDERS[0] as never, name);
      const random = seededRandom('cut');
      const { clientPublic } = suite.start(random);
      const { serverPublic } = suite.respond(random, clientPublic);
      const step = clientPublic.length > 200 ? 97 : 7;
      for (let length = 0; length < clientPublic.length; length += step) {
        refuses(() => suite.respond(random, clientPublic.slice(0, length)), 'length');
      }
      refuses(() => suite.respond(random, concat(clientPublic, new Uint8Array(1))), 'length');
      refuses(() => suite.start(random).finish(serverPublic.slice(0, -1)), 'length');
      refuses(() => suite.start(random).finish(concat(serverPublic, new Uint8Array(1))), 'length');
    });
  }
});

for (const provider of PROVIDERS) {
  for (const { name, noble, length } of CURVES) {
    describe(`${name} of ${provider.name}, RFC 5656 §4`, () => {
      const suite = kex(provider, name);
      const point = (x: bigint, y: bigint) =>
        concat(Uint8Array.of(4), bigintToBytes(x, length), bigintToBytes(y, length));

      it('refuses points that are not on the curve, in both roles', () => {
        const { p } = noble.Point.CURVE();
        const { x, y } = noble.Point.BASE.multiply(5n).toAffine();
        for (const bad of [
          point(x, y ^ 1n),
          point(0n, 0n),
          point(x, 0n),
          point(p, y),
          point(y, x),
          point(p - 1n, p - 1n),
        ]) {
          refuses(() => suite.respond(seededRandom(name), bad), 'point');
          refuses(() => suite.start(seededRandom(name)).finish(bad), 'point');
        }
      });

      it('refuses coordinates that are not reduced', () => {
        const { p, b } = noble.Point.CURVE();
        // The point with x = 0 exists on all three curves; x = p says the same number in a form that is not allowed.
        const { Fp } = noble.Point;
        const y = Fp.sqrt(b);
        suite.respond(seededRandom(name), point(0n, y));
        refuses(() => suite.respond(seededRandom(name), point(p, y)), 'point');
      });

      it('refuses compressed and hybrid points and infinity', () => {
        const good = noble.Point.BASE.multiply(7n);
        const compressed = good.toBytes(true);
        refuses(() => suite.respond(seededRandom(name), compressed), 'length');
        refuses(() => suite.respond(seededRandom(name), Uint8Array.of(0)), 'length');
        const long = good.toBytes(false);
        for (const prefix of [0, 2, 3, 5, 6, 7, 255]) {
          const bad = long.slice();
          bad[0] = prefix;
          refuses(() => suite.respond(seededRandom(name), bad), 'encoding');
          refuses(() => suite.start(seededRandom(name)).finish(bad), 'encoding');
        }
        refuses(() => suite.respond(seededRandom(name), new Uint8Array(1 + 2 * length)), 'encoding');
      });

      it('draws again when the random bytes are not a scalar, and gives up on a source that never gives one', () => {
        const { n } = noble.Point.CURVE();
        const random = fixedRandom(
          new Uint8Array(length),
          bigintToBytes(n, length),
          bigintToBytes(n - 1n, length),
        );
        const { clientPublic } = suite.start(random);
        assert.equal(toHex(clientPublic), toHex(noble.Point.BASE.negate().toBytes(false)));
        assert.throws(() => suite.start((count) => new Uint8Array(count)), RangeError);
      });
    });
  }
}

for (const { name, file, length } of CURVES) {
  const tests = wycheproof<{
    tcId: number;
    public: string;
    private: string;
    shared: string;
    result: 'valid' | 'invalid' | 'acceptable';
    flags: readonly string[];
  }>(file);

  describe.skipIf(tests === undefined)(`Wycheproof ${file} (skipped where the file is absent)`, () => {
    for (const provider of PROVIDERS) {
      it(`${provider.name}: right secrets for valid points; every other one, compressed ones too, is refused`, () => {
        let refused = 0;
        for (const test of tests ?? []) {
          // Of the valid ones on the larger curves, which take 20 ms each, every seventh.
          if (length > 32 && test.result === 'valid' && test.tcId % 7 !== 0) continue;
          const secret = bigintToBytes(bytesToBigint(fromHex(test.private)), length);
          const finish = () => kex(provider, name).start(fixedRandom(secret)).finish(fromHex(test.public));
          // "acceptable" here means compressed: RFC 5656 allows that only by an agreement SSH never makes.
          if (test.result === 'valid') {
            assert.equal(bytesToBigint(finish()), bytesToBigint(fromHex(test.shared)), `test ${test.tcId}`);
          } else {
            refuses(finish);
            refused += 1;
          }
        }
        assert(refused > 10);
      });
    }
  });
}

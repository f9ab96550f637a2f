import assert from 'node:assert/strict';
import { seededRandom } from '@nbs-ssh/testing';
import { concat, fromHex, toHex, utf8 } from '@nbs-ssh/transport/wire';
import { describe, it } from 'vitest';
import { mac, PROVIDERS, vectors } from './fixtures.ts';

const NAMES = [
  'hmac-sha2-256-etm@openssh.com',
  'hmac-sha2-512-etm@openssh.com',
  'hmac-sha2-256',
  'hmac-sha2-512',
];
const file = vectors<{
  vectors: { name: string; key: string; data: string; sha256: string; sha512: string }[];
}>('hmac-sha2');

for (const provider of PROVIDERS) {
  describe(`MACs of ${provider.name}, RFC 6668`, () => {
    for (const name of NAMES) {
      for (const vector of file.vectors) {
        it(`${name} gives the published MAC: RFC 4231 ${vector.name}`, () => {
          const data = fromHex(vector.data);
          const sequence = new DataView(data.buffer).getUint32(0);
          const instance = mac(provider, name).create(fromHex(vector.key));
          const expected = name.includes('256') ? vector.sha256 : vector.sha512;
          // Twice: the keyed state must survive a packet.
          assert.equal(toHex(instance.compute(sequence, data.subarray(4))), expected);
          assert.equal(toHex(instance.compute(sequence, data.subarray(4))), expected);
        });
      }

      it(`${name} covers the sequence number`, () => {
        const instance = mac(provider, name).create(new Uint8Array(32));
        const seen = new Set(
          [0, 1, 0x80000000, 0xffffffff].map((sequence) => toHex(instance.compute(sequence, utf8('x')))),
        );
        assert.equal(seen.size, 4);
      });
    }
  });

  describe(`hash and hmac of ${provider.name}`, () => {
    it('hash takes its input in parts', () => {
      for (const name of ['sha1', 'sha256', 'sha384', 'sha512'] as const) {
        const whole = provider.hash(name, utf8('abcdef'));
        assert.deepEqual(provider.hash(name, utf8('ab'), utf8(''), utf8('cdef')), whole);
      }
    });

    it('hash gives the well-known digests of "abc" (FIPS 180-4 examples, RFC 1321 A.5)', () => {
      assert.equal(toHex(provider.hash('sha1', utf8('abc'))), 'a9993e364706816aba3e25717850c26c9cd0d89d');
      assert.equal(
        toHex(provider.hash('sha256', utf8('abc'))),
        'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
      );
    });

    it('refuses an unknown hash', () => {
      assert.throws(() => provider.hash('sha3' as 'sha1', utf8('')), RangeError);
      assert.throws(() => provider.hmac('toString' as 'sha1', utf8(''), utf8('')), RangeError);
    });

    it('random gives plain arrays of the length asked for, never the same ones', () => {
      const one = provider.random(32);
      assert.equal(Object.getPrototypeOf(one), Uint8Array.prototype);
      assert.equal(one.length, 32);
      assert.notDeepEqual(one, provider.random(32));
      assert.equal(provider.random(0).length, 0);
    });

    it('results are plain arrays, so that slice copies', () => {
      assert.equal(Object.getPrototypeOf(provider.hash('sha256', utf8(''))), Uint8Array.prototype);
      assert.equal(Object.getPrototypeOf(provider.hmac('sha256', utf8(''), utf8(''))), Uint8Array.prototype);
    });
  });
}

describe('both providers', () => {
  it('agree on every MAC, hash and HMAC', () => {
    const random = seededRandom('macs');
    const [one, other] = PROVIDERS as [(typeof PROVIDERS)[number], (typeof PROVIDERS)[number]];
    for (const size of [0, 1, 55, 56, 63, 64, 65, 111, 112, 128, 1000, 40_000]) {
      const data = random(size);
      const key = random(size % 200);
      for (const name of NAMES) {
        const length = mac(one, name).keyLength;
        const macs = [one, other].map((p) => mac(p, name).create(new Uint8Array(length).fill(3)));
        const [first, second] = macs.map((m) => toHex(m.compute(size, data)));
        assert.equal(first, second);
      }
      for (const name of ['sha1', 'sha256', 'sha384', 'sha512'] as const) {
        assert.deepEqual(one.hash(name, data, key), other.hash(name, concat(data, key)));
        assert.deepEqual(one.hmac(name, key, data), other.hmac(name, key, data));
      }
    }
  });
});

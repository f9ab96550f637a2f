import assert from 'node:assert/strict';
import { randomInteger, seededRandom } from '@nbs-ssh/testing';
import { bigintToBytes, bytesToBigint, fromHex, toHex } from '@nbs-ssh/transport/wire';
import { poly1305 as noblePoly1305 } from '@noble/ciphers/_poly1305.js';
import { chacha20orig } from '@noble/ciphers/chacha.js';
import { describe, it } from 'vitest';
import { ChaCha20 } from '../../src/crypto/chacha20.ts';
import { advanceNonce } from '../../src/crypto/gcm.ts';
import { poly1305 } from '../../src/crypto/poly1305.ts';
import { vectors } from './fixtures.ts';

const polyFile = vectors<{ vectors: { name: string; key: string; data: string; tag: string }[] }>('poly1305');
const chachaFile = vectors<{ vectors: { name: string; key: string; counter: number; stream: string }[] }>(
  'chacha20',
);

describe('Poly1305, RFC 8439 §2.5', () => {
  for (const vector of polyFile.vectors) {
    it(`gives the published tag: ${vector.name}`, () => {
      const tag = new Uint8Array(16);
      poly1305(fromHex(vector.key), fromHex(vector.data), tag);
      assert.equal(toHex(tag), vector.tag);
    });
  }

  it('agrees with noble for every length up to 300 and for keys and data at the ends of their ranges', () => {
    const random = seededRandom('poly1305');
    const ones = (length: number): Uint8Array => new Uint8Array(length).fill(255);
    for (let length = 0; length <= 300; length += 1) {
      for (const key of [random(32), ones(32)]) {
        for (const data of [random(length), ones(length), new Uint8Array(length)]) {
          const tag = new Uint8Array(16);
          poly1305(key, data, tag);
          assert.equal(toHex(tag), toHex(noblePoly1305(data, key)), `length ${length}`);
        }
      }
    }
  });

  it('agrees with noble over long data, ordinary and extreme', () => {
    const random = seededRandom('poly1305 long');
    for (let i = 0; i < 200; i += 1) {
      const key = random(32);
      if (i % 4 === 1) key.fill(255, 0, 16);
      if (i % 4 === 2) key.fill(0, 1, 16);
      const data = random(randomInteger(random, 5000));
      if (i % 3 === 1) data.fill(255);
      const tag = new Uint8Array(16);
      poly1305(key, data, tag);
      assert.equal(toHex(tag), toHex(noblePoly1305(data, key)), `run ${i}`);
    }
  });

  it('agrees with noble on small r, where the last reduction shows', () => {
    for (let r = 0; r < 8; r += 1) {
      for (let low = 240; low < 256; low += 1) {
        const key = new Uint8Array(32);
        key[0] = r;
        const data = new Uint8Array(32).fill(255);
        data[0] = low;
        data[16] = low;
        const tag = new Uint8Array(16);
        poly1305(key, data, tag);
        assert.equal(toHex(tag), toHex(noblePoly1305(data, key)));
      }
    }
  });

  it('is right where the sum lands next to 0, 2^110, 2^128 or p, by the definition in big integers', () => {
    const P = (1n << 130n) - 5n;
    const number = (bytes: Uint8Array): bigint => bytesToBigint(bytes.slice().reverse());
    const targets = [0n, 1n << 110n, 1n << 128n, 1n << 129n, P - (1n << 110n), P].flatMap((near) =>
      [-6n, -5n, -4n, -3n, -2n, -1n, 0n, 1n, 2n, 3n, 4n, 5n].map((by) => (near + by + P) % P),
    );
    const random = seededRandom('poly1305 targets');
    for (const target of targets) {
      for (let blocks = 1; blocks < 5; blocks += 1) {
        // The last block is solved for, h · r = target, which works for about every fourth key.
        for (let hit = false; !hit; ) {
          const key = random(32);
          const r = number(key.subarray(0, 16)) & 0x0ffffffc0ffffffc0ffffffc0fffffffn;
          const data = random(16 * (blocks + 1));
          let h = 0n;
          for (let at = 0; at < 16 * blocks; at += 16) {
            h = ((h + number(data.subarray(at, at + 16)) + (1n << 128n)) * r) % P;
          }
          const last = (((target * inverse(r, P) - h) % P) + P) % P;
          hit = last >> 128n === 1n;
          if (!hit) continue;
          data.set(bigintToBytes(last & ((1n << 128n) - 1n), 16).reverse(), 16 * blocks);
          const tag = new Uint8Array(16);
          poly1305(key, data, tag);
          const expected = (target + number(key.subarray(16))) & ((1n << 128n) - 1n);
          assert.equal(number(tag), expected);
        }
      }
    }
  });

  it('reads data at any alignment and ignores what is behind the given length', () => {
    const random = seededRandom('poly1305 alignment');
    const key = random(32);
    const data = random(100);
    const expected = toHex(noblePoly1305(data, key));
    for (let shift = 0; shift < 8; shift += 1) {
      const room = random(120);
      room.set(data, shift);
      const tag = new Uint8Array(16);
      poly1305(key, room.subarray(shift), tag, data.length);
      assert.equal(toHex(tag), expected);
    }
  });
});

describe('ChaCha20 with a 64-bit counter', () => {
  for (const vector of chachaFile.vectors) {
    it(`gives the published key stream: ${vector.name}`, () => {
      const cipher = new ChaCha20(fromHex(vector.key));
      assert.equal(toHex(cipher.block(0, vector.counter)), vector.stream);
      const bytes = new Uint8Array(64);
      cipher.xor(0, vector.counter, bytes);
      assert.equal(toHex(bytes), vector.stream);
    });
  }

  it('agrees with noble for lengths up to 300, any alignment and sequence numbers up to 2^32 - 1', () => {
    const random = seededRandom('chacha20');
    for (let length = 0; length <= 300; length += 1) {
      const key = random(32);
      const sequence = length === 0 ? 0xffffffff : randomInteger(random, 2 ** 32);
      const nonce = new Uint8Array(8);
      new DataView(nonce.buffer).setUint32(4, sequence);
      const room = random(length + 8);
      const shift = length % 8;
      const expected = room.slice();
      expected.set(chacha20orig(key, nonce, room.slice(shift, shift + length), undefined, 1), shift);
      new ChaCha20(key).xor(sequence, 1, room, shift, shift + length);
      assert.equal(toHex(room), toHex(expected), `length ${length}`);
    }
  });
});

describe('GCM nonce, RFC 5647 §7.1', () => {
  it('counts in its last eight bytes and leaves the first four alone', () => {
    for (const [before, after] of [
      ['0102030400000000000000ff', '010203040000000000000100'],
      ['01020304ffffffffffffffff', '010203040000000000000000'],
      ['ffffffff00000000ffffffff', 'ffffffff0000000100000000'],
    ] as const) {
      const nonce = fromHex(before);
      advanceNonce(nonce);
      assert.equal(toHex(nonce), after);
    }
  });
});

/** By Fermat: value^(p − 2). */
function inverse(value: bigint, p: bigint): bigint {
  let result = 1n;
  let power = value;
  for (let exponent = p - 2n; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * power) % p;
    power = (power * power) % p;
  }
  return result;
}

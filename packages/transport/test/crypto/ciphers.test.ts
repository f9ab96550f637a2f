import assert from 'node:assert/strict';
import { seededRandom } from '@nbs-ssh/testing';
import type { AeadCipherSuite, PacketOpener, PacketSealer } from '@nbs-ssh/transport/crypto';
import { fromHex, toHex } from '@nbs-ssh/transport/wire';
import { poly1305 } from '@noble/ciphers/_poly1305.js';
import { chacha20orig } from '@noble/ciphers/chacha.js';
import { describe, it } from 'vitest';
import { aead, PAIRS, PROVIDERS, stream, vectors } from './fixtures.ts';

const AEAD = ['chacha20-poly1305@openssh.com', 'aes128-gcm@openssh.com', 'aes256-gcm@openssh.com'];
const STREAM = ['aes128-ctr', 'aes192-ctr', 'aes256-ctr'];
const SIZES = [1, 2, 3, 7, 8, 15, 16, 17, 31, 63, 64, 65, 127, 500, 1024, 4095, 4096, 4097, 32_768, 65_536];
const SEQUENCES = [0, 1, 2, 255, 256, 65_535, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];

const keys = (suite: { keyLength: number; ivLength: number }, seed = 'keys') => {
  const random = seededRandom(seed);
  return { key: random(suite.keyLength), iv: random(suite.ivLength) };
};

function packetOf(body: Uint8Array, tagLength: number): Uint8Array {
  const packet = new Uint8Array(4 + body.length + tagLength);
  new DataView(packet.buffer).setUint32(0, body.length);
  packet.set(body, 4);
  return packet;
}

function sealed(sealer: PacketSealer, sequence: number, body: Uint8Array): Uint8Array {
  const packet = packetOf(body, sealer.tagLength);
  sealer.seal(sequence, packet);
  return packet;
}

function open(opener: PacketOpener, sequence: number, packet: Uint8Array): Uint8Array | undefined {
  const length = opener.length(sequence, packet.subarray(0, opener.prefixLength));
  if (length !== packet.length - 4 - opener.tagLength) return undefined;
  return opener.open(sequence, packet) ? packet.subarray(4, 4 + length) : undefined;
}

for (const name of AEAD) {
  describe(name, () => {
    for (const [ours, theirs] of PAIRS) {
      it(`${theirs.name} opens what ${ours.name} sealed, whatever the size and sequence number`, () => {
        const sealer = aead(ours, name).sealer(keys(aead(ours, name)));
        const opener = aead(theirs, name).opener(keys(aead(theirs, name)));
        const random = seededRandom(name);
        let turn = 0;
        for (const size of SIZES) {
          for (const sequence of size < 5000 ? SEQUENCES : SEQUENCES.slice(-1)) {
            const body = random(size);
            assert.deepEqual(open(opener, sequence, sealed(sealer, sequence, body)), body);
            turn += 1;
          }
        }
        assert(turn > 150);
      });
    }

    it('gives the same bytes in both providers', () => {
      const sealers = PROVIDERS.map((provider) => aead(provider, name).sealer(keys(aead(provider, name))));
      for (const [sequence, size] of [1, 40, 4096, 32_768].entries()) {
        const [first, ...rest] = sealers.map((s) => toHex(sealed(s, sequence, new Uint8Array(size).fill(7))));
        for (const other of rest) assert.equal(other, first);
      }
    });

    for (const provider of PROVIDERS) {
      const suite = aead(provider, name);

      it(`${provider.name}: one flipped bit anywhere is noticed`, () => {
        const good = sealed(suite.sealer(keys(suite)), 5, new Uint8Array(80).fill(1));
        for (let at = 0; at < good.length; at += 1) {
          const bad = good.slice();
          bad[at] = (bad[at] as number) ^ (1 << (at % 8));
          assert.equal(open(suite.opener(keys(suite)), 5, bad), undefined, `byte ${at}`);
          if (at >= 4) {
            assert.equal(suite.opener(keys(suite)).open(5, bad.slice()), false, `byte ${at}, length unread`);
          }
        }
        assert(open(suite.opener(keys(suite)), 5, good) !== undefined);
      });

      it(`${provider.name}: the tag covers the length`, () => {
        const good = sealed(suite.sealer(keys(suite)), 5, new Uint8Array(32));
        for (let at = 0; at < 4; at += 1) {
          const bad = good.slice();
          bad[at] = (bad[at] as number) ^ 1;
          assert.equal(suite.opener(keys(suite)).open(5, bad), false);
        }
      });

      it(`${provider.name}: a packet cut short is refused, also below the size of a tag`, () => {
        const good = sealed(suite.sealer(keys(suite)), 5, new Uint8Array(32));
        for (let length = 0; length < good.length; length += 1) {
          assert.equal(suite.opener(keys(suite)).open(5, good.slice(0, length)), false);
        }
      });

      it(`${provider.name}: a packet that was repeated, left out or swapped is refused`, () => {
        const sealer = suite.sealer(keys(suite));
        const packets = [0, 1, 2].map((sequence) => sealed(sealer, sequence, new Uint8Array(32)));
        const tryIn = (order: readonly number[]): boolean => {
          const opener = suite.opener(keys(suite));
          return order.every((at, sequence) => {
            const packet = (packets[at] as Uint8Array).slice();
            return open(opener, sequence, packet) !== undefined;
          });
        };
        assert.equal(tryIn([0, 1, 2]), true);
        assert.equal(tryIn([0, 0]), false);
        assert.equal(tryIn([0, 2]), false);
        assert.equal(tryIn([1, 0]), false);
      });

      it(`${provider.name}: unaligned packets are sealed and opened alike`, () => {
        const expected = sealed(suite.sealer(keys(suite)), 9, new Uint8Array(5000).fill(3));
        for (let shift = 1; shift < 4; shift += 1) {
          const room = new Uint8Array(expected.length + shift).subarray(shift);
          room.set(packetOf(new Uint8Array(5000).fill(3), suite.sealer(keys(suite)).tagLength));
          suite.sealer(keys(suite)).seal(9, room);
          assert.equal(toHex(room), toHex(expected));
          assert.deepEqual(open(suite.opener(keys(suite)), 9, room), new Uint8Array(5000).fill(3));
        }
      });
    }
  });
}

describe('chacha20-poly1305@openssh.com, OpenSSH PROTOCOL.chacha20poly1305', () => {
  /** The construction once more, from noble's parts and straight from its description. */
  function reference(suite: AeadCipherSuite, sequence: number, body: Uint8Array): Uint8Array {
    const { key } = keys(suite);
    const main = key.slice(0, 32);
    const header = key.slice(32);
    const nonce = new Uint8Array(8);
    new DataView(nonce.buffer).setUint32(4, sequence);
    const packet = packetOf(body, 16);
    packet.set(chacha20orig(header, nonce, packet.slice(0, 4)));
    packet.set(chacha20orig(main, nonce, body, undefined, 1), 4);
    const oneTime = chacha20orig(main, nonce, new Uint8Array(32));
    packet.set(poly1305(packet.slice(0, -16), oneTime), packet.length - 16);
    return packet;
  }

  for (const provider of PROVIDERS) {
    it(`${provider.name}: equals the construction made from other parts`, () => {
      const suite = aead(provider, 'chacha20-poly1305@openssh.com');
      const sealer = suite.sealer(keys(suite));
      for (const [i, size] of SIZES.entries()) {
        const sequence = SEQUENCES[i % SEQUENCES.length] as number;
        const body = seededRandom(size)(size);
        assert.equal(toHex(sealed(sealer, sequence, body)), toHex(reference(suite, sequence, body)));
      }
    });
  }
});

describe('AES in counter mode, RFC 4344 §4', () => {
  const file = vectors<{
    vectors: { name: string; cipher: string; key: string; iv: string; plain: string; sealed: string }[];
  }>('aes-ctr');

  for (const provider of PROVIDERS) {
    for (const vector of file.vectors) {
      it(`${provider.name}: gives the published bytes, in one call and block by block: ${vector.name}`, () => {
        const suite = stream(provider, vector.cipher);
        const fresh = () => ({ key: fromHex(vector.key), iv: fromHex(vector.iv) });
        const whole = fromHex(vector.plain);
        suite.encryptor(fresh()).apply(whole);
        assert.equal(toHex(whole), vector.sealed);
        const decryptor = suite.decryptor(fresh());
        for (let at = 0; at < whole.length; at += 16) decryptor.apply(whole.subarray(at, at + 16));
        assert.equal(toHex(whole), vector.plain);
      });
    }

    for (const name of STREAM) {
      it(`${provider.name}: ${name} carries its counter through all 16 bytes, unaligned too`, () => {
        const suite = stream(provider, name);
        const fresh = () => ({
          key: new Uint8Array(suite.keyLength).fill(2),
          iv: new Uint8Array(16).fill(255),
        });
        const once = new Uint8Array(160);
        suite.encryptor(fresh()).apply(once);
        const room = new Uint8Array(162);
        const transform = suite.encryptor(fresh());
        for (const [from, to] of [
          [2, 18],
          [18, 66],
          [66, 162],
        ] as const)
          transform.apply(room.subarray(from, to));
        assert.equal(toHex(room.subarray(2)), toHex(once));
        // The wrapped counter is zero: the second block equals the first one of an all-zero IV.
        const zero = new Uint8Array(16);
        suite.encryptor({ ...fresh(), iv: new Uint8Array(16) }).apply(zero);
        assert.equal(toHex(once.subarray(16, 32)), toHex(zero));
      });
    }
  }

  for (const name of STREAM) {
    it(`${name} gives the same bytes in both providers over many packets`, () => {
      const transforms = PROVIDERS.map((p) => stream(p, name).encryptor(keys(stream(p, name))));
      for (const blocks of [1, 2, 3, 100, 257, 2048]) {
        const [first, second] = transforms.map((transform) => {
          const bytes = new Uint8Array(16 * blocks).fill(9);
          transform.apply(bytes);
          return toHex(bytes);
        });
        assert.equal(first, second);
      }
    });
  }
});

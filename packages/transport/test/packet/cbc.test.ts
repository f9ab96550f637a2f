import assert from 'node:assert/strict';
import { seededRandom } from '@nbs-ssh/testing';
import { isTransportError } from '@nbs-ssh/transport';
import type { StreamCipherSuite } from '@nbs-ssh/transport/crypto';
import { concat, fromHex, toHex, utf8 } from '@nbs-ssh/transport/wire';
import { describe, it } from 'vitest';
import { DISCARD_BYTES, DISCARD_MS } from '../../src/packet/hidden-length.ts';
import type { PacketReader } from '../../src/packet/reader.ts';
import { PROVIDERS } from '../crypto/fixtures.ts';
import { crafted, INSECURE_PROTECTIONS, sealed } from './suites.ts';

const payloadOf = (length: number, fill = 0): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 7 + fill) & 0xff);
const hides = (title: string): boolean => title.includes('-cbc hmac-sha1');

const RUBBISH = seededRandom('rubbish')(DISCARD_BYTES + 70_000);

/** Feeds `packet` and then rubbish, `step` bytes at a time. @returns how many bytes it took until the end. */
function bytesUntilTheEnd(reader: PacketReader, packet: Uint8Array, step: number): number {
  const stream = concat(packet, RUBBISH);
  for (let at = 0; at < stream.length; at += step) {
    reader.feed(stream.slice(at, at + step));
    try {
      assert.equal(reader.next(), undefined);
    } catch (error) {
      assert.ok(isTransportError(error));
      assert.equal(error.code, 'TRANSPORT_BAD_TAG');
      return at + step;
    }
  }
  return assert.fail('nothing was wrong');
}

for (const { title, lane } of INSECURE_PROTECTIONS) {
  describe(`packets that have to be opted into, ${title}`, () => {
    it('come out as they went in, whole, in single bytes and in one segment', () => {
      const lengths = [1, 7, 8, 15, 16, 17, 100, 255, 1000, 35_000 - 30];
      const one = lane();
      for (const length of lengths) {
        const packet = sealed(one.writer, payloadOf(length));
        if (length > 500) one.reader.feed(packet);
        else for (const byte of packet) one.reader.feed(Uint8Array.of(byte));
        assert.deepEqual(one.reader.next(), payloadOf(length));
        assert.equal(one.reader.next(), undefined);
        assert.equal(one.reader.deadline, undefined);
      }
      const all = lane();
      all.reader.feed(concat(...lengths.map((length) => sealed(all.writer, payloadOf(length)))));
      for (const length of lengths) assert.deepEqual(all.reader.next(), payloadOf(length));
      assert.equal(all.reader.midPacket, false);
    });

    it('end the connection when any byte is changed, after as many bytes whatever was changed [T018]', () => {
      const { length } = sealed(lane().writer, payloadOf(60));
      for (let at = 0; at < length; at += at < 20 ? 1 : 9) {
        const { writer, reader } = lane();
        const packet = sealed(writer, payloadOf(60));
        packet[at] = (packet[at] as number) ^ 0x10;
        if (hides(title)) {
          assert.equal(bytesUntilTheEnd(reader, packet, 32_768), DISCARD_BYTES, `byte ${at}`);
          continue;
        }
        reader.feed(concat(packet, new Uint8Array(length)));
        let code: unknown = 'waits';
        try {
          if (reader.next() !== undefined) code = 'ACCEPTED';
        } catch (error) {
          code = (error as { code: string }).code;
        }
        assert.match(String(code), at < 4 ? /BAD_TAG|LENGTH|waits/ : /BAD_TAG/, `byte ${at}`);
      }
    });
  });
}

for (const { title, lane } of INSECURE_PROTECTIONS.filter((protection) => hides(protection.title))) {
  describe(`what nobody learns about a length in CBC, ${title}`, () => {
    const impossible = (length: number): Uint8Array => crafted(lane().sealer, length, 4, 60);

    it('is whether it was possible: the end comes after the bytes of the longest packet, counted from its first', () => {
      for (const step of [4096, 65_536]) {
        const ends = [0, 5, 13, 0x40001, 0x7fff_ffff, 0xffff_ffff, 44, 1004, 200_012].map((length) =>
          bytesUntilTheEnd(lane().reader, impossible(length), step),
        );
        assert.deepEqual([...new Set(ends)], [DISCARD_BYTES]);
      }
    });

    it('is the same for a packet behind good ones, in one segment with them', () => {
      for (const spoil of [0, 40]) {
        const { writer, reader } = lane();
        const good = sealed(writer, payloadOf(20));
        const bad = sealed(writer, payloadOf(60));
        bad[spoil] = (bad[spoil] as number) ^ 0x80;
        reader.feed(good);
        assert.deepEqual(reader.next(), payloadOf(20));
        assert.equal(bytesUntilTheEnd(reader, bad, 8192), DISCARD_BYTES);
      }
    });

    it('is not told by time either: from the first block on, every packet has as long', () => {
      for (const length of [5, 0xffff_ffff, 1004, 200_012]) {
        const { reader } = lane();
        reader.tick(1000);
        reader.feed(impossible(length).slice(0, 16));
        assert.equal(reader.next(), undefined);
        assert.equal(reader.deadline, 1000 + DISCARD_MS, `length ${length}`);
        reader.tick(2000);
        reader.feed(new Uint8Array(100));
        assert.equal(reader.next(), undefined);
        assert.equal(reader.deadline, 1000 + DISCARD_MS);
        reader.tick(1000 + DISCARD_MS - 1);
        reader.checkDeadline();
        reader.tick(1000 + DISCARD_MS);
        assert.throws(() => reader.checkDeadline(), { code: 'TRANSPORT_BAD_TAG' });
      }
    });

    it('keeps nothing of what it throws away, and says what was wrong when the peer is gone', () => {
      const { reader } = lane();
      reader.feed(impossible(5));
      assert.equal(reader.next(), undefined);
      reader.feed(new Uint8Array(100_000));
      assert.equal(reader.next(), undefined);
      assert.equal(reader.buffered, 0);
      assert.equal(reader.midPacket, true);
      assert.equal(reader.failure?.code, 'TRANSPORT_BAD_TAG');
    });

    it('a packet that takes its time is none the worse for it, and one that is read late neither', () => {
      const { writer, reader } = lane();
      const packet = sealed(writer, payloadOf(200));
      reader.tick(0);
      reader.feed(packet.slice(0, 100));
      assert.equal(reader.next(), undefined);
      reader.tick(DISCARD_MS + 5);
      reader.resume();
      assert.equal(reader.deadline, 2 * DISCARD_MS + 5);
      reader.checkDeadline();
      reader.feed(packet.slice(100));
      assert.deepEqual(reader.next(), payloadOf(200));
      assert.equal(reader.deadline, undefined);
    });
  });
}

/** NIST SP 800-38A, appendix F.2: CBC, four blocks. */
const NIST_IV = '000102030405060708090a0b0c0d0e0f';
const NIST_TEXT =
  '6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51' +
  '30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710';
const CBC_VECTORS = [
  {
    name: 'aes128-cbc',
    key: '2b7e151628aed2a6abf7158809cf4f3c',
    iv: NIST_IV,
    text: NIST_TEXT,
    sealed:
      '7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2' +
      '73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7',
  },
  {
    name: 'aes192-cbc',
    key: '8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b',
    iv: NIST_IV,
    text: NIST_TEXT,
    sealed:
      '4f021db243bc633d7178183a9fa071e8b4d9ada9ad7dedf4e5e738763f69145a' +
      '571b242012fb7ae07fa9baac3df102e008b0e27988598881d920a9e64f5615cd',
  },
  {
    name: 'aes256-cbc',
    key: '603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4',
    iv: NIST_IV,
    text: NIST_TEXT,
    sealed:
      'f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d' +
      '39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b',
  },
  {
    // OpenSSL 3.0.19: openssl enc -des-ede3-cbc -K KEY -iv IV -nopad
    name: '3des-cbc',
    key: '0123456789abcdef23456789abcdef01456789abcdef0123',
    iv: 'fedcba9876543210',
    text: toHex(utf8('Neque porro quisquam est, qui do')),
    sealed: '1de93b5756bbd31d9ff7bd231a3325ceb9a023fa37f69b6dccc0afff652f3076',
  },
];

/** RFC 2202 §3, cases 1 to 3. The first four bytes of the data are what the suite takes for a sequence number. */
const HMAC_SHA1 = [
  ['0b'.repeat(20), toHex(utf8('Hi There')), 'b617318655057264e28bc0b6fb378c8ef146be00'],
  [
    toHex(utf8('Jefe')),
    toHex(utf8('what do ya want for nothing?')),
    'effcdf6ae5eb2fa2d27416d5f184df9c259a7c79',
  ],
  ['aa'.repeat(20), 'dd'.repeat(50), '125d7342b9ac11cd91a39af48aa17b4f63f175d3'],
] as const;

for (const provider of PROVIDERS) {
  describe(`vectors for ${provider.name}`, () => {
    for (const vector of CBC_VECTORS) {
      it(`${vector.name} gives them, in one call and in many`, () => {
        const found = provider.insecure.ciphers.find(({ name }) => name === vector.name);
        assert(found?.kind === 'stream');
        const suite: StreamCipherSuite = found;
        const keys = () => ({ key: fromHex(vector.key), iv: fromHex(vector.iv) });
        const [text, cipher] = [fromHex(vector.text), fromHex(vector.sealed)];
        for (const step of [suite.blockLength, 2 * suite.blockLength, text.length]) {
          const run = (from: Uint8Array, end: 'encryptor' | 'decryptor'): Uint8Array => {
            const bytes = from.slice();
            const transform = suite[end](keys());
            for (let at = 0; at < bytes.length; at += step) transform.apply(bytes.subarray(at, at + step));
            return bytes;
          };
          assert.equal(toHex(run(text, 'encryptor')), vector.sealed);
          assert.equal(toHex(run(cipher, 'decryptor')), vector.text);
        }
      });
    }

    it('hmac-sha1 gives those of RFC 2202', () => {
      for (const suite of provider.insecure.macs) {
        for (const [key, data, expected] of HMAC_SHA1) {
          const bytes = fromHex(data);
          const sequence = new DataView(bytes.buffer).getUint32(0);
          assert.equal(toHex(suite.create(fromHex(key)).compute(sequence, bytes.subarray(4))), expected);
        }
      }
    });
  });
}

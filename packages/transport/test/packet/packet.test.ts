import assert from 'node:assert/strict';
import { assertLinear, liveMemory, randomInteger, seededRandom } from '@nbs-ssh/testing';
import { isTransportError } from '@nbs-ssh/transport';
import { concat } from '@nbs-ssh/transport/wire';
import { describe, it } from 'vitest';
import { MAX_PACKET_LENGTH, PacketReader } from '../../src/packet/reader.ts';
import { PacketWriter } from '../../src/packet/writer.ts';
import { crafted, PLAIN, PROTECTIONS, sealed } from './suites.ts';

const payloadOf = (length: number, fill = 0): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 7 + fill) & 0xff);

/** @returns the code of the refusal, or `waits` when more is awaited. */
function refusal(reader: PacketReader, bytes: Uint8Array): string {
  reader.feed(bytes.slice());
  try {
    return reader.next() === undefined ? 'waits' : 'ACCEPTED';
  } catch (error) {
    assert.ok(isTransportError(error) && error.fault === 'peer', String(error));
    assert.equal(error.disconnect, error.code === 'TRANSPORT_BAD_TAG' ? 5 : 2);
    return error.code;
  }
}

for (const { title, lane } of [PLAIN, ...PROTECTIONS]) {
  describe(`binary packets, ${title}`, () => {
    it('carry every payload length, whole, in single bytes and in one segment', () => {
      const { writer, reader } = lane();
      const lengths = [...Array.from({ length: 80 }, (_, i) => i + 1), 255, 256, 1000, 4096, 35_000 - 20];
      const wire = lengths.map((length) => sealed(writer, payloadOf(length)));
      for (const [index, packet] of wire.entries()) {
        const length = lengths[index] as number;
        if (index % 3 === 0) reader.feed(packet);
        else if (index % 3 === 1 && length < 2000)
          for (const byte of packet) reader.feed(Uint8Array.of(byte));
        else reader.feed(concat(new Uint8Array(3), packet).subarray(3));
        assert.deepEqual(reader.next(), payloadOf(length), `payload of ${length}`);
        assert.equal(reader.next(), undefined);
      }
      const all = lane();
      const stream = concat(...lengths.map((length) => sealed(all.writer, payloadOf(length))));
      all.reader.feed(stream);
      for (const length of lengths) assert.deepEqual(all.reader.next(), payloadOf(length));
      assert.equal(all.reader.buffered, 0);
      assert.equal(all.reader.midPacket, false);
    });

    it('carry the largest packet, and none that is larger [T014, T029]', () => {
      const { writer, sealer, reader } = lane();
      const { blockLength, lengthOutside } = sealer;
      const most = MAX_PACKET_LENGTH - ((MAX_PACKET_LENGTH + 4 - lengthOutside) % blockLength);
      const payload = payloadOf(most - 5 - blockLength);
      assert.deepEqual([refusal(reader, sealed(writer, payload))], ['ACCEPTED']);
      for (const length of [most + blockLength, 0x7fff_fff4, 0x8000_0000, 0xffff_ffff]) {
        const fresh = lane();
        const packet = crafted(fresh.sealer, length, 4, blockLength * 4 - 4 + fresh.sealer.lengthOutside);
        assert.equal(refusal(fresh.reader, packet), 'TRANSPORT_PACKET_LENGTH', `length ${length}`);
      }
    });

    it('have a length that fills blocks and is no shorter than RFC 4253 §6 allows [T015]', () => {
      const { blockLength, lengthOutside } = lane().sealer;
      const least = lengthOutside === 4 ? blockLength : Math.max(12, blockLength - 4);
      for (let length = 0; length < 70; length += 1) {
        const fresh = lane();
        const legal = length >= least && (length + 4 - lengthOutside) % blockLength === 0;
        // Enough behind the length that any cipher has its blocks.
        const result = refusal(
          fresh.reader,
          crafted(fresh.sealer, length, 4, legal ? length : 124 + lengthOutside),
        );
        assert.equal(result, legal ? 'ACCEPTED' : 'TRANSPORT_PACKET_LENGTH', `length ${length}`);
      }
    });

    it('have 4 bytes of padding and one of payload at least [T016]', () => {
      const { blockLength, lengthOutside } = lane().sealer;
      const length = 4 * blockLength - 4 + lengthOutside;
      for (let padding = 0; padding < 256; padding += 1) {
        const { sealer, reader } = lane();
        const legal = padding >= 4 && padding <= length - 2;
        const result = refusal(reader, crafted(sealer, length, padding, length));
        assert.equal(result, legal ? 'ACCEPTED' : 'TRANSPORT_PADDING', `padding ${padding} of ${length}`);
      }
    });

    it('are padded as RFC 4253 §6 asks, with bytes that differ', () => {
      const { writer, opener } = lane();
      const seen = new Set<string>();
      for (let size = 1; size < 60; size += 1) {
        const packet = sealed(writer, payloadOf(size));
        const length = opener.length(size - 1, packet.subarray(0, opener.prefixLength));
        assert.equal(packet.length, 4 + length + opener.tagLength);
        assert.ok(opener.open(size - 1, packet));
        const padding = packet[4] as number;
        assert.equal(length, 1 + size + padding);
        assert.ok(padding >= 4 && padding < 4 + 2 * opener.blockLength, `padding ${padding}`);
        assert.equal((length + 4 - opener.lengthOutside) % opener.blockLength, 0);
        assert.ok(packet.length - opener.tagLength >= 16);
        seen.add(packet.subarray(5 + size, 5 + size + 4).join());
      }
      assert.ok(seen.size > 50);
    });
  });
}

for (const { title, lane } of PROTECTIONS) {
  describe(`authenticity of packets, ${title}`, () => {
    const pair = (): { first: Uint8Array; second: Uint8Array; reader: PacketReader } => {
      const { writer, reader } = lane();
      return { first: sealed(writer, payloadOf(9)), second: sealed(writer, payloadOf(9, 1)), reader };
    };

    it('fails when any bit of a packet is flipped, and no payload comes out [T018, T021]', () => {
      const { first } = pair();
      for (let bit = 0; bit < first.length * 8; bit += 1) {
        const { first: packet, second, reader } = pair();
        const at = bit >> 3;
        packet[at] = (packet[at] as number) ^ (1 << (bit & 7));
        const result = refusal(reader, concat(packet, second));
        const inLength = at < 4;
        if (inLength)
          assert.ok(['TRANSPORT_PACKET_LENGTH', 'TRANSPORT_BAD_TAG', 'waits'].includes(result), result);
        else assert.equal(result, 'TRANSPORT_BAD_TAG', `bit ${bit}`);
      }
    });

    it('waits for no more than the largest packet when its length is damaged [T021]', () => {
      for (let bit = 0; bit < 32; bit += 1) {
        const { first, reader } = pair();
        const at = bit >> 3;
        first[at] = (first[at] as number) ^ (1 << (bit & 7));
        let result = refusal(reader, first);
        const more = new Uint8Array(16_384);
        for (let fed = 0; result === 'waits' && fed <= MAX_PACKET_LENGTH + 64; fed += more.length) {
          result = refusal(reader, more);
        }
        assert.ok(['TRANSPORT_PACKET_LENGTH', 'TRANSPORT_BAD_TAG'].includes(result), `bit ${bit}: ${result}`);
      }
    });

    it('fails with another tag: all zero, of another packet, one byte short of its place [T020]', () => {
      const { sealer } = lane();
      for (const spoil of ['zero', 'other', 'shifted'] as const) {
        const { first, second, reader } = pair();
        const tag = first.length - sealer.tagLength;
        if (spoil === 'zero') first.fill(0, tag);
        else if (spoil === 'other') first.set(second.subarray(-sealer.tagLength), tag);
        else first.copyWithin(tag + 1, tag);
        assert.equal(refusal(reader, first), 'TRANSPORT_BAD_TAG', spoil);
      }
    });

    it('fails for a packet that comes again [T023]', () => {
      const { first, reader } = pair();
      const again = first.slice();
      assert.equal(refusal(reader, first), 'ACCEPTED');
      assert.notEqual(refusal(reader, again), 'ACCEPTED');
    });
    it('fails for packets that changed places [T024]', () => {
      const { second, reader } = pair();
      assert.notEqual(refusal(reader, second), 'ACCEPTED');
    });
    it('fails behind a packet that is missing [T025]', () => {
      const { writer, reader } = lane();
      const [first, , third] = [0, 1, 2].map((fill) => sealed(writer, payloadOf(9, fill)));
      assert.equal(refusal(reader, first as Uint8Array), 'ACCEPTED');
      assert.notEqual(refusal(reader, third as Uint8Array), 'ACCEPTED');
    });
    it('fails for a packet of the other direction: its keys are others', () => {
      const { reader } = lane('clientToServer');
      const { writer } = lane('serverToClient');
      assert.notEqual(refusal(reader, sealed(writer, payloadOf(9))), 'ACCEPTED');
    });
  });
}

describe('packet reader', () => {
  it('holds half a million single bytes that nobody reads in little more memory than their number', () => {
    const reader = new PacketReader();
    const { writer } = PLAIN.lane();
    const packet = sealed(writer, payloadOf(1000));
    const before = liveMemory();
    for (let i = 0; i < 500_000; i += 1) reader.feed(Uint8Array.of(packet[i % packet.length] as number));
    const grown = liveMemory() - before;
    assert.equal(reader.buffered, 500_000);
    let count = 0;
    while (reader.next() !== undefined) count += 1;
    assert.equal(count, Math.floor(500_000 / packet.length));
    assert.ok(grown < 2_000_000, `${grown} bytes`);
  });

  it('takes single bytes, and gives their packets, in time in proportion to their number', () => {
    const packet = sealed(PLAIN.lane().writer, payloadOf(1000));
    assertLinear(50_000, (size) => {
      const reader = new PacketReader();
      for (let i = 0; i < size; i += 1) reader.feed(Uint8Array.of(packet[i % packet.length] as number));
      while (reader.next() !== undefined);
    });
  });

  it('gives the same packets for every mix of chunk sizes, read late or at once', () => {
    for (let seed = 0; seed < 40; seed += 1) {
      const random = seededRandom(seed);
      const { writer, reader } = PLAIN.lane();
      const payloads = Array.from({ length: 30 }, (_, i) => payloadOf(1 + randomInteger(random, 3000), i));
      const stream = concat(...payloads.map((payload) => sealed(writer, payload)));
      const read: Uint8Array[] = [];
      const late = seed % 2 === 0;
      for (let at = 0; at < stream.length; ) {
        const size = 1 + randomInteger(random, randomInteger(random, 2) === 0 ? 20 : 4000);
        reader.feed(stream.slice(at, at + size));
        at += size;
        if (late && randomInteger(random, 4) !== 0) continue;
        for (let payload = reader.next(); payload !== undefined; payload = reader.next()) read.push(payload);
      }
      for (let payload = reader.next(); payload !== undefined; payload = reader.next()) read.push(payload);
      // Compared at the end: what was handed out must not change while later bytes arrive.
      assert.deepEqual(read, payloads, `seed ${seed}`);
    }
  });
});

describe('packet writer', () => {
  it('never touches bytes again that it gave out', () => {
    const { writer } = PROTECTIONS[0]?.lane() ?? PLAIN.lane();
    const given: { bytes: Uint8Array; copy: Uint8Array }[] = [];
    const random = seededRandom('writer');
    for (let i = 0; i < 400; i += 1) {
      writer.seal(payloadOf(1 + randomInteger(random, 9000)));
      if (randomInteger(random, 3) > 0) continue;
      for (let bytes = writer.take(); bytes !== undefined; bytes = writer.take()) {
        given.push({ bytes, copy: bytes.slice() });
      }
    }
    for (const { bytes, copy } of given) assert.deepEqual(bytes, copy);
  });
  it('fills a large buffer again once it came back, not before, and not after a rest', () => {
    const writer = new PacketWriter(seededRandom('recycled'));
    const bulk = (): Uint8Array => {
      for (let i = 0; i < 6; i += 1) writer.seal(new Uint8Array(32_000));
      let last: Uint8Array = new Uint8Array(0);
      for (let bytes = writer.take(); bytes !== undefined; bytes = writer.take()) last = bytes;
      return last;
    };
    // Buffers grow with the traffic.
    for (let i = 0; i < 4; i += 1) bulk();
    const [one, other] = [bulk(), bulk()];
    assert.ok(other.buffer !== one.buffer);
    writer.recycle(one);
    assert.ok(bulk().buffer === one.buffer);
    writer.recycle(other);
    writer.rest();
    assert.ok(bulk().buffer !== other.buffer);
  });
  it('starts every packet at an address that word-wise ciphers like', () => {
    const writer = new PacketWriter(seededRandom('aligned'));
    for (let i = 1; i < 100; i += 1) {
      writer.seal(payloadOf(i));
      const bytes = writer.take();
      assert.equal((bytes?.byteOffset ?? 1) % 4, 0);
    }
  });
  it('counts what is waiting to be taken', () => {
    const writer = new PacketWriter(seededRandom('pending'));
    writer.raw(payloadOf(10));
    const size = writer.seal(payloadOf(5)) + writer.seal(payloadOf(9000)) + writer.seal(payloadOf(20));
    assert.equal(writer.pending, size + 10);
    let taken = 0;
    for (let bytes = writer.take(); bytes !== undefined; bytes = writer.take()) {
      taken += bytes.length;
      assert.equal(writer.pending, size + 10 - taken);
    }
    assert.equal(taken, size + 10);
  });
  it('joins a payload that is given in two parts', () => {
    const { writer, reader } = PLAIN.lane();
    writer.seal(payloadOf(9), payloadOf(100));
    reader.feed(writer.take() ?? payloadOf(0));
    assert.deepEqual(reader.next(), concat(payloadOf(9), payloadOf(100)));
  });
});

import assert from 'node:assert/strict';
import { concat } from '@nbs-ssh/transport/wire';
import { describe, it } from 'vitest';
import { PLAIN, PROTECTIONS, sealed } from './suites.ts';

const PAYLOADS = [3, 100, 1000].map((length) => new Uint8Array(length).fill(length & 0xff));

for (const { title, lane } of [PLAIN, ...PROTECTIONS]) {
  describe(`packets in pieces that lie one behind the other, ${title}`, () => {
    it('are opened where they lie, wherever they were cut', () => {
      const length = concat(...PAYLOADS.map((payload) => sealed(lane().writer, payload))).length;
      for (let cut = 1; cut < length; cut += 1) {
        const { writer, reader } = lane();
        const memory = concat(...PAYLOADS.map((payload) => sealed(writer, payload)));
        const opened: Uint8Array[] = [];
        for (const piece of [memory.subarray(0, cut), memory.subarray(cut)]) {
          reader.feed(piece);
          for (let payload = reader.next(); payload !== undefined; payload = reader.next())
            opened.push(payload);
        }
        assert.deepEqual(opened, PAYLOADS, `cut at ${cut}`);
        for (const payload of opened) assert.equal(payload.buffer, memory.buffer, `cut at ${cut}`);
        assert.equal(reader.buffered, 0);
      }
    });

    it('are copied together where a piece lies elsewhere, and go on in place after it', () => {
      const { writer, reader } = lane();
      const memory = concat(...PAYLOADS.map((payload) => sealed(writer, payload)));
      const opened: Uint8Array[] = [];
      const third = memory.length - 40;
      const pieces = [
        memory.subarray(0, 20),
        memory.slice(20, 900),
        memory.slice(900, third),
        memory.subarray(third),
      ];
      for (const piece of pieces) {
        reader.feed(piece);
        for (let payload = reader.next(); payload !== undefined; payload = reader.next())
          opened.push(payload);
      }
      assert.deepEqual(opened, PAYLOADS);
    });
  });
}

/** The same bytes as a view of another class, whose `slice` shares memory, `offset` bytes into an aligned block. */
function asBuffer(bytes: Uint8Array, offset: number): Buffer {
  const buffer = Buffer.from(new ArrayBuffer(bytes.length + offset), offset);
  buffer.set(bytes);
  return buffer;
}

for (const { title, lane } of [PLAIN, ...PROTECTIONS]) {
  describe(`packets that arrive as Buffers of Node, ${title}`, () => {
    it('are opened at any alignment, and come out as plain arrays', () => {
      for (let offset = 0; offset < 4; offset += 1) {
        const { writer, reader } = lane();
        for (const payload of PAYLOADS) {
          reader.feed(asBuffer(sealed(writer, payload), offset));
          const opened = reader.next();
          assert.deepEqual(opened, payload, `at offset ${offset}`);
          assert.equal(opened?.constructor, Uint8Array);
        }
      }
    });

    it('are opened by the suite itself at any alignment', () => {
      for (let offset = 0; offset < 4; offset += 1) {
        const { writer, opener } = lane();
        const payload = new Uint8Array(200).fill(7);
        const packet = asBuffer(sealed(writer, payload), offset);
        const length = opener.length(0, packet.subarray(0, opener.prefixLength));
        assert.equal(4 + length + opener.tagLength, packet.length, `at offset ${offset}`);
        assert.ok(opener.open(0, packet), `at offset ${offset}`);
        assert.deepEqual([...packet.subarray(5, 205)], [...payload], `at offset ${offset}`);
      }
    });
  });
}

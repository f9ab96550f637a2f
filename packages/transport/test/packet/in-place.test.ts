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

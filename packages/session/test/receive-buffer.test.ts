import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { ReceiveBuffer } from '../src/node/receive-buffer.ts';

/** What a socket does: fills the first bytes of the room it was given. */
function read(buffer: ReceiveBuffer, length: number, fill: number): Uint8Array {
  const room = buffer.next();
  assert.ok(length <= room.length, `room of ${room.length}`);
  room.fill(fill, 0, length);
  return buffer.take(length, room);
}

describe('the memory a socket reads into', () => {
  it('gives small reads out as copies, so that sockets can share one buffer', () => {
    const [one, other] = [new ReceiveBuffer(), new ReceiveBuffer()];
    assert.equal(one.next().buffer, other.next().buffer);
    const first = read(one, 100, 1);
    read(other, 100, 2);
    assert.deepEqual(first, new Uint8Array(100).fill(1));
    assert.equal(first.buffer.byteLength, 100);
  });

  it('lays the reads of a bulk transfer one behind the other, in memory of this socket alone', () => {
    const buffer = new ReceiveBuffer();
    const shared = buffer.next().buffer;
    read(buffer, buffer.next().length, 1);
    const reads = [2, 3, 4].map((fill) => read(buffer, 40_000, fill));
    for (const [i, bytes] of reads.entries()) {
      assert.notEqual(bytes.buffer, shared);
      assert.equal(bytes.buffer, reads[0]?.buffer);
      assert.equal(bytes.byteOffset, (reads[0]?.byteOffset ?? 0) + i * 40_000);
      assert.deepEqual(bytes, new Uint8Array(40_000).fill(i + 2));
    }
  });

  it('never writes again where it has given bytes out', () => {
    const buffer = new ReceiveBuffer();
    const given: Uint8Array[] = [];
    for (let i = 0; i < 60; i += 1) {
      const length = i % 7 === 6 ? 500 : Math.min(buffer.next().length, 20_000 + 3000 * (i % 20));
      given.push(read(buffer, i === 0 ? buffer.next().length : length, i));
    }
    for (const [i, bytes] of given.entries()) assert.ok(bytes.every((byte) => byte === i));
  });

  it('goes back to the shared memory when the bulk is over', () => {
    const buffer = new ReceiveBuffer();
    const shared = buffer.next().buffer;
    read(buffer, buffer.next().length, 1);
    assert.notEqual(buffer.next().buffer, shared);
    read(buffer, 100, 2);
    assert.equal(buffer.next().buffer, shared);
  });

  it('always offers room for a large read', () => {
    const buffer = new ReceiveBuffer();
    read(buffer, buffer.next().length, 1);
    for (let i = 0; i < 40; i += 1) {
      assert.ok(buffer.next().length >= 65_536);
      read(buffer, 30_001, i);
    }
  });
});

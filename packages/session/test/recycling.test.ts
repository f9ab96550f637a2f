// What was written to a pipe, and when its memory is used again.
import assert from 'node:assert/strict';
import type { ByteDuplex } from '@nbs-ssh/session';
import { FakeClock } from '@nbs-ssh/testing';
import { describe, it } from 'vitest';
import { end } from './ends.ts';
import { clockOf, type PipeEnd, pipe, settled } from './pipes.ts';

interface Written {
  readonly bytes: Uint8Array;
  readonly copy: Uint8Array;
}

/** A pipe that remembers the very chunks it was given. */
function remembering(pipeEnd: PipeEnd, written: Written[], copies?: boolean): ByteDuplex {
  const { readable, writable } = pipeEnd;
  return {
    readable,
    writable: {
      ...(copies === undefined ? {} : { copies }),
      getWriter: () => {
        const writer = writable.getWriter();
        return {
          ...writer,
          write: (bytes) => {
            written.push({ bytes, copy: bytes.slice() });
            return writer.write(bytes);
          },
        };
      },
    },
  };
}

/** Sends 8 MiB through a channel. @returns what the client wrote to its pipe. */
async function upload(copies?: boolean): Promise<readonly Written[]> {
  const written: Written[] = [];
  const clock = new FakeClock(1000);
  const [near, far] = pipe();
  let received = 0;
  const server = end('server', far, clockOf(clock), {
    onEvent: (event) => {
      if (event.type === 'open-request') server.mux.accept(event.channel);
      if (event.type !== 'data') return;
      for (const byte of [event.bytes[0], event.bytes.at(-1)]) assert.equal(byte, 7);
      received += event.bytes.length;
      server.mux.consumed(event.channel, event.bytes.length);
    },
  });
  const client = end('client', remembering(near, written, copies), clockOf(clock), {});
  server.driver.start();
  client.driver.start();
  while (client.log.length === 0) await settled(1);
  const channel = client.mux.openChannel({ type: 'session' });
  client.mux.write(channel, new Uint8Array(8_388_608).fill(7));
  client.driver.wake();
  while (received < 8_388_608 && client.ends.length + server.ends.length === 0) await settled(1);
  await Promise.all([client.driver.close(11, 'done'), server.driver.close(11, 'done')]);
  return written;
}

const large = ({ bytes }: Written): boolean => bytes.length > 65_536;
const memories = (written: readonly Written[]): number =>
  new Set(written.filter(large).map(({ bytes }) => bytes.buffer)).size;

describe('what was written', () => {
  it('is never changed again where the pipe says nothing', async () => {
    const written = await upload();
    for (const { bytes, copy } of written) assert.deepEqual(bytes, copy);
    assert.equal(memories(written), written.filter(large).length);
  });

  it('is overwritten once the write has resolved where the pipe copies, and arrives all the same', async () => {
    const written = await upload(true);
    assert.ok(written.filter(large).length > 30);
    assert.ok(memories(written) < written.filter(large).length * 0.75);
  });
});

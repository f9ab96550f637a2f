import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import {
  type FaultPlan,
  type FaultProxy,
  seededRandom,
  startFaultProxy,
  watchForLeaks,
} from '@nbs-ssh/testing';
import { describe, it } from 'vitest';

const MESSAGE = Buffer.from('the quick brown fox jumps over the lazy dog');

describe('fault proxy', () => {
  for (const [name, segments] of [
    ['byte by byte', { kind: 'bytewise' }],
    ['in random pieces', { kind: 'random', random: seededRandom(1), longest: 7 }],
    ['split at two offsets', { kind: 'split-at', offsets: [4, 9] }],
  ] as const) {
    it(`keeps every byte and their order: ${name}`, async () => {
      await withEcho({ toServer: { segments }, toClient: { segments } }, async (client, proxy) => {
        client.end(MESSAGE);
        assert.deepEqual(await everything(client), MESSAGE);
        assert.deepEqual(proxy.bytes, { toServer: MESSAGE.length, toClient: MESSAGE.length });
      });
    });
  }

  it('changes exactly the byte it was told to', async () => {
    await withEcho({ toServer: { corrupt: [{ at: 4, mask: 0x20 }] } }, async (client) => {
      client.end(MESSAGE);
      assert.equal((await everything(client)).toString(), MESSAGE.toString().replace('q', 'Q'));
    });
  });

  it('cuts after the given number of bytes', async () => {
    await withEcho({ toClient: { cutAfter: 9 } }, async (client) => {
      client.write(MESSAGE);
      assert.equal((await everything(client)).toString(), 'the quick');
    });
  });

  it('resets both sides when the cut is a reset', async () => {
    await withEcho({ toServer: { cutAfter: 3, cutWith: 'reset' } }, async (client) => {
      client.write(MESSAGE);
      await assert.rejects(everything(client), { code: 'ECONNRESET' });
    });
  });

  it('half-closes one direction and leaves the other open', async () => {
    await withEcho({}, async (client, proxy) => {
      client.write(MESSAGE);
      await arrived(client, MESSAGE.length);
      proxy.halfClose('toServer');
      // The echo server ends its own side once it has seen the end of ours.
      assert.equal((await everything(client)).length, 0);
    });
  });

  it('holds bytes back while stalled and hands all of them on afterwards', async () => {
    await withEcho({ toClient: { stallAfter: 5 } }, async (client, proxy) => {
      client.end(MESSAGE);
      const first = await arrived(client, 5);
      while (proxy.bytes.toServer < MESSAGE.length) await new Promise((resolve) => setImmediate(resolve));
      assert.equal(proxy.bytes.toClient, 5);
      proxy.resume();
      assert.deepEqual(Buffer.concat([first, await everything(client)]), MESSAGE);
    });
  });

  it('delays every segment', async () => {
    await withEcho({ toClient: { delayMs: 50 } }, async (client) => {
      const start = performance.now();
      client.end(MESSAGE);
      await everything(client);
      assert(performance.now() - start >= 45);
    });
  });

  it('resets open connections on demand', async () => {
    await withEcho({}, async (client, proxy) => {
      client.write(MESSAGE);
      await arrived(client, MESSAGE.length);
      const ended = everything(client);
      proxy.reset();
      await assert.rejects(ended, { code: 'ECONNRESET' });
    });
  });
});

async function withEcho(
  plan: FaultPlan,
  work: (client: Socket, proxy: FaultProxy) => Promise<void>,
): Promise<void> {
  const leaks = watchForLeaks();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  assert(address !== null && typeof address === 'object');
  const proxy = await startFaultProxy({ host: '127.0.0.1', port: address.port }, plan);
  const client = connect({ port: proxy.port, host: proxy.host, allowHalfOpen: true });
  try {
    await work(client, proxy);
  } finally {
    client.destroy();
    await proxy.stop();
    server.close();
  }
  await leaks.assertClean();
}

async function everything(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

async function arrived(socket: Socket, count: number): Promise<Buffer> {
  while (socket.readableLength < count) {
    socket.read(0);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return socket.read(count) as Buffer;
}

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { fromSocket } from '@nbs-ssh/session/node';
import { startFaultProxy, watchForLeaks } from '@nbs-ssh/testing';
import { describe, it } from 'vitest';

/** Two connected sockets on loopback, optionally with a proxy between that cuts everything into single bytes. */
async function sockets(bytewise = false): Promise<{ near: Socket; far: Socket; stop: () => Promise<void> }> {
  const server = createServer({ allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const segments = { kind: 'bytewise' } as const;
  const proxy = bytewise
    ? await startFaultProxy({ host: '127.0.0.1', port }, { toServer: { segments }, toClient: { segments } })
    : undefined;
  const near = connect({ host: '127.0.0.1', port: proxy?.port ?? port, allowHalfOpen: true });
  const [far] = (await once(server, 'connection')) as [Socket];
  if (near.connecting) await once(near, 'connect');
  far.on('error', () => {});
  return {
    near,
    far,
    stop: async () => {
      near.destroy();
      far.destroy();
      await proxy?.stop();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function readAll(reader: {
  read(): Promise<{ done: boolean; value?: Uint8Array | undefined }>;
}): Promise<number[]> {
  const all: number[] = [];
  for (let read = await reader.read(); !read.done; read = await reader.read())
    all.push(...(read.value ?? []));
  return all;
}

describe('a socket as a pipe of bytes', () => {
  it('hands out plain arrays, whose slices are copies', async () => {
    const { near, far, stop } = await sockets();
    const reader = fromSocket(far).readable.getReader();
    await fromSocket(near)
      .writable.getWriter()
      .write(new Uint8Array([1, 2, 3]));
    assert.equal((await reader.read()).value?.constructor, Uint8Array);
    await stop();
  });
  for (const bytewise of [false, true]) {
    it(`carries bytes both ways and half-closes${bytewise ? ', in segments of one byte' : ''} [T192]`, async () => {
      const leaks = watchForLeaks();
      const { near, far, stop } = await sockets(bytewise);
      const [a, b] = [fromSocket(near), fromSocket(far)];
      const [writer, reader] = [a.writable.getWriter(), b.readable.getReader()];
      await writer.write(new Uint8Array([1, 2, 3]));
      await writer.write(new Uint8Array([4]));
      await writer.close();
      assert.deepEqual(await readAll(reader), [1, 2, 3, 4]);
      assert.deepEqual(await reader.read(), { done: true });
      // The other direction still works.
      const back = b.writable.getWriter();
      await back.write(new Uint8Array([9]));
      await back.close();
      assert.deepEqual(await readAll(a.readable.getReader()), [9]);
      await stop();
      await leaks.assertClean();
    });
  }
  it('rejects a read with the error of the socket when it is reset, after what came before', async () => {
    const { near, far, stop } = await sockets();
    const reader = fromSocket(near).readable.getReader();
    far.write(new Uint8Array([5]));
    assert.deepEqual((await reader.read()).value?.[0], 5);
    const read = reader.read();
    far.resetAndDestroy();
    await assert.rejects(read, { code: 'ECONNRESET' });
    await assert.rejects(reader.read(), { code: 'ECONNRESET' });
    await stop();
  });
  it('rejects a write to a socket that is gone', async () => {
    const { near, stop } = await sockets();
    const writer = fromSocket(near).writable.getWriter();
    near.destroy();
    await assert.rejects(writer.write(new Uint8Array([1])));
    await stop();
  });
  it('ends at once when the socket was gone before', async () => {
    const { near, stop } = await sockets();
    near.destroy();
    await once(near, 'close');
    assert.deepEqual(await fromSocket(near).readable.getReader().read(), { done: true });
    await stop();
  });
  it('ends the writer of a socket that is gone already', async () => {
    const { near, stop } = await sockets();
    const writer = fromSocket(near).writable.getWriter();
    await writer.abort();
    await writer.close();
    await stop();
  });
  it('stops reading when nobody takes what came', async () => {
    const { near, far, stop } = await sockets();
    const reader = fromSocket(near).readable.getReader();
    const total = 64 * 1024 * 1024;
    far.write(new Uint8Array(total));
    // Until nothing moves any more.
    for (let before = -1; before !== near.bytesRead; ) {
      before = near.bytesRead;
      for (let i = 0; i < 50; i += 1) await new Promise((resolve) => setImmediate(resolve));
    }
    assert.ok(near.bytesRead < 4 * 1024 * 1024, `${near.bytesRead} bytes taken`);
    let read = 0;
    while (read < total) read += (await reader.read()).value?.length ?? assert.fail('ended');
    assert.equal(read, total);
    await stop();
  });
  it('a write waits until the system has taken it', async () => {
    const { near, far, stop } = await sockets();
    const writer = fromSocket(near).writable.getWriter();
    let written = 0;
    const size = 1024 * 1024;
    for (let i = 0; i < 32; i += 1) {
      void writer.write(new Uint8Array(size)).then(
        () => {
          written += 1;
        },
        () => {},
      );
    }
    for (let i = 0; i < 200; i += 1) await new Promise((resolve) => setImmediate(resolve));
    assert.ok(written < 16, `${written} MiB written to a peer that reads nothing`);
    far.resume();
    while (written < 32) await new Promise((resolve) => setImmediate(resolve));
    await stop();
  });
});

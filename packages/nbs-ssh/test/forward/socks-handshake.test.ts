import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { FakeClock, type LeakCheck, watchForLeaks } from '@nbs-ssh/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { greetSocket } from '../../src/forward/socks/greet-socket.ts';
import type { SocksAsked } from '../../src/forward/socks/handshake.ts';
import { SocksLobby } from '../../src/forward/socks/lobby.ts';

/** Each client's fate, in the order in which it was decided. */
type Fate = { readonly asked: SocksAsked; readonly socket: Socket } | { readonly code: string };

/** A port with the handshake and nothing behind it; its time is ours. */
async function startPort() {
  const clock = new FakeClock();
  const lobby = new SocksLobby({
    now: clock.now,
    unixNow: clock.now,
    after: (delay, run) => clock.schedule(clock.now() + delay, run),
  });
  const fates: Fate[] = [];
  const sockets = new Set<Socket>();
  let changed = (): void => {};
  const until = async (reached: () => boolean): Promise<void> => {
    while (!reached()) {
      await new Promise<void>((resolve) => {
        changed = resolve;
      });
    }
  };
  const server: Server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => {
      sockets.delete(socket);
      changed();
    });
    greetSocket(socket, lobby).then(
      (asked) => fates.push({ asked, socket }) && changed(),
      (error) => fates.push({ code: error.code }) && changed(),
    );
    changed();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const stop = async (): Promise<void> => {
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await until(() => sockets.size === 0);
    await closed;
  };
  return { clock, lobby, fates, sockets, port, until, stop };
}

describe('the SOCKS handshake of a socket', () => {
  let leaks: LeakCheck;
  let here: Awaited<ReturnType<typeof startPort>>;
  let clients: Socket[];
  beforeEach(async () => {
    leaks = watchForLeaks();
    here = await startPort();
    clients = [];
  });
  afterEach(async () => {
    for (const socket of clients) socket.destroy();
    await here.stop();
    expect(here.lobby.size).toBe(0);
    expect(here.clock.pending).toBe(0);
    await leaks.assertClean();
  });

  async function dial(first?: string): Promise<Socket> {
    const socket = connect({ host: '127.0.0.1', port: here.port, allowHalfOpen: true });
    clients.push(socket);
    socket.on('error', () => {});
    await once(socket, 'connect');
    if (first !== undefined) socket.write(Buffer.from(first, 'hex'));
    return socket;
  }

  /** Everything until the end, in hex. */
  async function heard(socket: Socket): Promise<string> {
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString('hex');
  }

  it('gives the request, and the socket with what came behind it', async () => {
    const client = await dial('05010005010001');
    client.write(Buffer.from('7f0000011f90cafe', 'hex'));
    await here.until(() => here.fates.length === 1);
    const [fate] = here.fates;
    if (fate === undefined || !('asked' in fate)) throw new Error('expected a request');
    expect(fate.asked.request).toEqual({ protocol: 'socks5', host: '127.0.0.1', port: 8080 });
    expect(Buffer.from(fate.asked.early).toString('hex')).toBe('cafe');
    expect(fate.socket.listenerCount('data')).toBe(0);
    fate.socket.end(fate.asked.grant());
    expect(await heard(client)).toBe('050005000001000000000000');
  });

  it('tells a client what is wrong, whatever it sends behind it, and waits until it has read that', async () => {
    const client = await dial(`04020050${'41'.repeat(100_000)}`);
    client.write(Buffer.alloc(1_000_000));
    expect(await heard(client)).toBe('005b000000000000');
    expect(here.fates).toEqual([]);
    client.end();
    await here.until(() => here.fates.length === 1);
    expect(here.fates).toEqual([{ code: 'SOCKS_COMMAND' }]);
    expect(here.sockets.size).toBe(0);
  });

  it('closes the connection of a client that speaks HTTP, without a word', async () => {
    const client = await dial();
    client.write('GET http://example.org/ HTTP/1.1\r\nHost: example.org\r\n\r\n');
    expect(await heard(client)).toBe('');
    client.end();
    await here.until(() => here.fates.length === 1);
    expect(here.fates).toEqual([{ code: 'SOCKS_VERSION' }]);
  });

  it('closes the socket of a client that was refused and stays, when its time is over', async () => {
    const client = await dial('0402');
    expect(await heard(client)).toBe('005b000000000000');
    here.clock.advance(9999);
    expect(here.sockets.size).toBe(1);
    here.clock.advance(1);
    await here.until(() => here.sockets.size === 0);
  });

  it('notices a client that ends, and one that is reset, inside its request', async () => {
    const ended = await dial('0401');
    ended.end();
    expect(await heard(ended)).toBe('');
    await here.until(() => here.sockets.size === 0);
    const client = await dial('050100');
    await once(client, 'data');
    client.resetAndDestroy();
    await here.until(() => here.fates.length === 2);
    expect(here.fates).toEqual([{ code: 'SOCKS_CLOSED' }, { code: 'ECONNRESET' }]);
  });

  it('T165 closes a client that did not say in 10 s what it wants, however busy it was', async () => {
    const client = await dial('04');
    await here.until(() => here.lobby.size === 1);
    for (let second = 1; second < 10; second += 1) {
      client.write(Buffer.from('01', 'hex'));
      here.clock.advance(1000);
    }
    expect(here.fates).toEqual([]);
    const closed = new Promise<void>((resolve) => client.on('close', () => resolve()).resume());
    here.clock.advance(1000);
    await closed;
    await here.until(() => here.fates.length === 1);
    expect(here.fates).toEqual([{ code: 'SOCKS_TIMEOUT' }]);
  });

  it('T165 serves a new client while 1,000 are slow: the oldest make way', async () => {
    for (let count = 0; count < 1000; count += 50) {
      await Promise.all(Array.from({ length: 50 }, () => dial('0501')));
    }
    await here.until(() => here.fates.length === 1000 - 256);
    expect(here.lobby.size).toBe(256);
    expect(new Set(here.fates.map((fate) => ('code' in fate ? fate.code : 'asked')))).toEqual(
      new Set(['SOCKS_CROWDED']),
    );
    await dial('04011f907f00000100');
    await here.until(() => here.fates.some((fate) => 'asked' in fate));
    expect(here.lobby.size).toBe(255);
    here.clock.advance(10_000);
    await here.until(() => here.fates.length === 1001);
    expect(here.sockets.size).toBe(1);
  });
});

import { type Socket, connect as tcp } from 'node:net';
import { fromSocket } from '@nbs-ssh/session/node';
import { watchForLeaks } from '@nbs-ssh/testing';
import type { SshError } from '@nbs-ssh/transport/wire';
import { assert, describe, it } from 'vitest';
import { type ServerOptions, SSHServer } from '../src/index.ts';
import { RawClient, turn } from './raw-client.ts';

const auth = { password: (attempt: { readonly matches: (text: string) => boolean }) => attempt.matches('p') };

async function listen(options: Partial<ServerOptions> = {}): Promise<SSHServer & { errors: SshError[] }> {
  const errors: SshError[] = [];
  const server = await SSHServer.listen({ auth, onError: (error) => errors.push(error), ...options });
  return Object.assign(server, { errors });
}

async function dial(server: SSHServer, localAddress = '127.0.0.1'): Promise<Socket> {
  const { host, port } = server.address;
  const socket = tcp({ host, port, localAddress });
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('connect', resolve));
  return socket;
}

async function until(condition: () => boolean, withinMs = 20_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!condition()) {
    assert.isBelow(performance.now(), deadline, 'waited too long');
    await turn();
  }
}

async function raw(server: SSHServer, localAddress?: string): Promise<RawClient> {
  return new RawClient(fromSocket(await dial(server, localAddress)));
}

describe('the listener', () => {
  it('listens on loopback and says where, with its key', async () => {
    await using server = await listen();
    assert.equal(server.address.host, '127.0.0.1');
    assert.isAbove(server.address.port, 0);
    assert.match(server.fingerprints[0] ?? '', /^SHA256:[A-Za-z0-9+/]{43}$/);
    assert.match(server.hostKeyLines[0] ?? '', /^\[127\.0\.0\.1\]:\d+ ssh-ed25519 \S+$/);
  });

  it('makes another key each time it starts', async () => {
    await using one = await listen();
    await using two = await listen();
    assert.notEqual(one.fingerprints[0], two.fingerprints[0]);
  });

  it('says why when its port is taken', async () => {
    await using server = await listen();
    const failed = await SSHServer.listen({ auth, port: server.address.port }).then(
      () => undefined,
      (error: SshError) => error,
    );
    assert.equal(failed?.code, 'SERVER_LISTENER');
    assert.equal((failed?.cause as NodeJS.ErrnoException | undefined)?.code, 'EADDRINUSE');
  });

  for (const [what, options] of [
    ['no authentication handler', { auth: {} }],
    ['an unknown cipher', { algorithms: { ciphers: ['rot13'] } }],
    ['no kex at all', { algorithms: { kex: [] } }],
    ['a limit of 0', { limits: { maxSessions: 0 } }],
    ['an empty list of host keys', { hostKeys: [] }],
    ['a banner of 3000 characters', { banner: 'x'.repeat(3000) }],
  ] as const) {
    it(`T126 does not start with ${what}`, async () => {
      const error = await SSHServer.listen({ auth, ...options } as ServerOptions).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      assert.instanceOf(error, RangeError);
    });
  }

  it('T129 tells the sixth stranger of one address that there are too many (12)', async () => {
    await using server = await listen();
    const held = await Promise.all([1, 2, 3, 4, 5].map(() => raw(server)));
    for (const client of held) await client.ready();
    const sixth = await raw(server);
    await sixth.ended();
    assert.equal(sixth.reason, 12);
    assert.lengthOf(server.connections, 5);
    const elsewhere = await raw(server, '127.0.0.2');
    await elsewhere.ready();
    await Promise.all([...held, sixth, elsewhere].map((client) => client.close()));
  });

  it('T129 counts strangers over all addresses', async () => {
    await using server = await listen({ limits: { maxUnauthenticated: 2 } });
    const held = [await raw(server, '127.0.0.2'), await raw(server, '127.0.0.3')];
    for (const client of held) await client.ready();
    const third = await raw(server);
    await third.ended();
    assert.equal(third.reason, 12);
    await Promise.all([...held, third].map((client) => client.close()));
  });

  it('those who have logged in do not count as strangers', async () => {
    await using server = await listen({ limits: { maxUnauthenticatedPerAddress: 1 } });
    const first = await raw(server);
    assert.equal(await first.login('u', 'p'), 52);
    const second = await raw(server);
    assert.equal(await second.login('u', 'p'), 52);
    await Promise.all([first.close(), second.close()]);
  });

  it('T200 silent connections make room for an honest client', async () => {
    await using server = await listen();
    const silent = await Promise.all([1, 2, 3, 4, 5].map(() => dial(server)));
    await until(() => server.connections.length === 5);
    const begun = performance.now();
    await until(() => performance.now() - begun > 1050);
    const honest = await raw(server);
    assert.equal(await honest.login('u', 'p'), 52);
    for (const socket of silent) socket.destroy();
    await honest.close();
  });

  it('limits connections in all when asked to', async () => {
    await using server = await listen({ limits: { maxConnections: 1 } });
    const first = await raw(server);
    assert.equal(await first.login('u', 'p'), 52);
    const second = await raw(server);
    await second.ended();
    assert.equal(second.reason, 12);
    await Promise.all([first.close(), second.close()]);
  });

  it('close says goodbye to everybody (11) and leaves no socket and no timer', async () => {
    const leaks = watchForLeaks();
    const server = await listen();
    const clients = [await raw(server), await raw(server)];
    assert.equal(await clients[0]?.login('u', 'p'), 52);
    await clients[1]?.ready();
    const silent = await dial(server);
    await until(() => server.connections.length === 3);
    const closing = server.close();
    assert.strictEqual(server.close(), closing);
    for (const client of clients) {
      await client.ended();
      assert.equal(client.reason, 11);
      await client.close();
    }
    silent.destroy();
    await closing;
    assert.lengthOf(server.connections, 0);
    await leaks.assertClean();
  });

  it('forgets connections that ended', async () => {
    await using server = await listen();
    for (let i = 0; i < 20; i += 1) {
      const client = await raw(server);
      assert.equal(await client.login('u', 'p'), 52);
      await client.close();
    }
    await until(() => server.connections.length === 0);
  });

  it('garbage in place of SSH is one reported error and a closed socket', async () => {
    await using server = await listen();
    const socket = await dial(server);
    const ended = new Promise((resolve) => socket.once('close', resolve));
    socket.resume();
    socket.end('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await ended;
    await until(() => server.errors.length > 0);
    assert.match(server.errors[0]?.code ?? '', /^TRANSPORT_/);
    assert.lengthOf(server.errors, 1);
  });
});

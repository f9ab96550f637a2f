import { mkdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { scratchDir } from '@nbs-ssh/testing';
import { WireReader, WireWriter } from '@nbs-ssh/transport/wire';
import { assert, describe, it } from 'vitest';
import type { ConnectionOptions, ListenTarget } from '../../src/index.ts';
import { loggedIn, type Pair } from '../pair.ts';
import { turn } from '../raw-client.ts';
import { readToEnd } from './forward-client.ts';

const request = (name: string, host: string, port: number): Uint8Array =>
  new WireWriter().u8(80).text(name).bool(true).text(host).u32(port).finish();
const forward = (host: string, port: number): Uint8Array => request('tcpip-forward', host, port);
const cancel = (host: string, port: number): Uint8Array => request('cancel-tcpip-forward', host, port);
const pathRequest = (name: string, path: string): Uint8Array =>
  new WireWriter().u8(80).text(`${name}@openssh.com`).bool(true).text(path).finish();

/** The port of a success, 0 when it names none; `undefined` for a refusal. */
async function answer(pair: Pair): Promise<number | undefined> {
  const message = await pair.client.next(81, 82);
  if (message[0] === 82) return undefined;
  return message.length === 1 ? 0 : new WireReader(message.subarray(1)).u32('port');
}
async function ask(pair: Pair, ...requests: readonly Uint8Array[]): Promise<number | undefined> {
  pair.client.send(...requests);
  return answer(pair);
}
const withRemote = (more: Partial<ConnectionOptions> = {}): Promise<Pair> =>
  loggedIn({ forwarding: { remote: true, remotePath: true }, ...more });

/** Connects, and does not mind what happens. */
function visitor(port: number): Socket {
  const socket = connect({ host: '127.0.0.1', port });
  socket.on('error', () => {});
  return socket;
}

/** The channel that the server opens for a connection: its number, type, and what the type has. */
async function offered(
  pair: Pair,
): Promise<{ readonly id: number; readonly type: string; readonly rest: WireReader }> {
  const reader = new WireReader((await pair.client.next(90)).subarray(1));
  const type = reader.text('type');
  const id = reader.u32('sender');
  reader.u32('window');
  reader.u32('max packet');
  return { id, type, rest: reader };
}
const confirm = (id: number): Uint8Array =>
  new WireWriter().u8(91).u32(id).u32(id).u32(1_000_000).u32(32_768).finish();
const refuse = (id: number): Uint8Array =>
  new WireWriter().u8(92).u32(id).u32(1).text('not wanted').text('').finish();

async function connects(port: number): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port });
  return new Promise((resolve) => {
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

describe('requests to listen', () => {
  it('are answered with the port only where the client left it open, and the channel names it', async () => {
    await using pair = await withRemote();
    const port = await ask(pair, forward('', 0));
    assert.isAbove(port ?? 0, 1023);
    const socket = visitor(port ?? 0);
    const { type, rest } = await offered(pair);
    assert.equal(type, 'forwarded-tcpip');
    // The address as it was asked for, the real port.
    assert.equal(rest.text('address'), '');
    assert.equal(rest.u32('port'), port);
    assert.equal(rest.text('origin'), '127.0.0.1');
    assert.equal(rest.u32('origin port'), socket.localPort);
    socket.destroy();
    assert.equal(await ask(pair, cancel('', port ?? 0)), 0);
    assert.equal(await ask(pair, forward('', port ?? 0)), 0);
  });

  it('T155 are refused for ports and addresses that cannot be, and end the connection when malformed', async () => {
    await using pair = await withRemote();
    for (const [host, port] of [
      ['', 65_536],
      ['', 0xffff_ffff],
      ['', 22],
      ['example.org', 0],
      ['192.0.2.1', 0],
      ['a b', 0],
      ['169.254.169.254', 0],
    ] as const) {
      assert.isUndefined(await ask(pair, forward(host, port)), `${host}:${port}`);
    }
    pair.client.send(new Uint8Array([...forward('', 0), 0]));
    await pair.client.ended();
    assert.equal(pair.client.reason, 2);
  });

  it('are refused beyond the limit, and a cancelled one makes room', async () => {
    await using pair = await withRemote({ limits: { maxForwards: 2 } });
    const first = (await ask(pair, forward('', 0))) ?? 0;
    assert.isAbove((await ask(pair, forward('', 0))) ?? 0, 0);
    assert.isUndefined(await ask(pair, forward('', 0)));
    assert.equal(await ask(pair, cancel('', first)), 0);
    assert.isAbove((await ask(pair, forward('', 0))) ?? 0, 0);
  });

  it('are cancelled by the same words only, and once', async () => {
    await using pair = await withRemote();
    const port = (await ask(pair, forward('localhost', 0))) ?? 0;
    assert.isUndefined(await ask(pair, cancel('', port)));
    assert.isUndefined(await ask(pair, cancel('localhost', port + 1)));
    assert.isTrue(await connects(port));
    assert.equal(await ask(pair, cancel('localhost', port)), 0);
    assert.isFalse(await connects(port));
    assert.isUndefined(await ask(pair, cancel('localhost', port)));
  });

  it('are answered in their order, also when a cancel comes at once', async () => {
    await using pair = await withRemote();
    const port = (await ask(pair, forward('', 0))) ?? 0;
    pair.client.send(
      cancel('', port),
      forward('', port),
      cancel('', port),
      forward('', port),
      forward('', port),
    );
    const answers = [];
    for (let i = 0; i < 5; i += 1) answers.push(await answer(pair));
    assert.deepEqual(answers, [0, 0, 0, 0, undefined]);
  });

  it('T162 a cancel takes the listener away; what is connected or on its way goes on', async () => {
    await using pair = await withRemote();
    const port = (await ask(pair, forward('', 0))) ?? 0;
    const open = visitor(port);
    const opening = visitor(port);
    const [one, two] = [await offered(pair), await offered(pair)];
    pair.client.send(confirm(one.id));
    assert.equal(await ask(pair, cancel('', port)), 0);
    assert.isFalse(await connects(port));
    pair.client.send(confirm(two.id));
    for (const [socket, { id }] of [
      [open, one],
      [opening, two],
    ] as const) {
      const all = readToEnd(socket);
      pair.client.send(
        new WireWriter()
          .u8(94)
          .u32(id)
          .string(Uint8Array.of(1, 2, 3))
          .finish(),
      );
      pair.client.send(new WireWriter().u8(96).u32(id).finish());
      socket.end();
      assert.deepEqual([...(await all).received], [1, 2, 3]);
    }
  });

  it('a connection that the client refuses, or leaves waiting, is reset', async () => {
    await using pair = await withRemote({ limits: { forwardSec: 5 } });
    const port = (await ask(pair, forward('', 0))) ?? 0;
    const refused = visitor(port);
    pair.client.send(refuse((await offered(pair)).id));
    assert.equal((await readToEnd(refused)).end, 'reset');
    const waiting = readToEnd(visitor(port));
    await offered(pair);
    await pair.clock.advanceAsync(5000);
    assert.equal((await waiting).end, 'reset');
  });

  it('connections beyond the limit of their forward are reset, the others are not', async () => {
    await using pair = await withRemote({ limits: { maxConnectionsPerForward: 2 } });
    const port = (await ask(pair, forward('', 0))) ?? 0;
    const first = visitor(port);
    const { id } = await offered(pair);
    pair.client.send(confirm(id));
    const second = visitor(port);
    await offered(pair);
    assert.equal((await readToEnd(visitor(port))).end, 'reset');
    assert.isFalse(first.destroyed || second.destroyed);
    // Another forward of the client has a count of its own.
    const other = (await ask(pair, forward('', 0))) ?? 0;
    const third = visitor(other);
    await offered(pair);
    for (const socket of [first, second, third]) socket.destroy();
  });

  it('T169 a path that is too long, relative, or a folder is refused', async () => {
    const scratch = scratchDir('paths');
    try {
      await using pair = await withRemote();
      const longest = join(scratch.path, 'x'.repeat(107 - scratch.path.length - 1));
      mkdirSync(join(scratch.path, 'folder'));
      for (const path of [
        `${longest}x`,
        'socket',
        '../socket',
        '',
        `${scratch.path}/`,
        `${scratch.path}/a\0b`,
        join(scratch.path, 'folder'),
        '/proc/self/socket',
      ]) {
        assert.isUndefined(await ask(pair, pathRequest('streamlocal-forward', path)), path);
      }
      assert.equal(await ask(pair, pathRequest('streamlocal-forward', longest)), 0);
      const socket = connect({ path: longest });
      const { type, rest } = await offered(pair);
      assert.equal(type, 'forwarded-streamlocal@openssh.com');
      assert.equal(rest.text('path'), longest);
      socket.on('error', () => {});
      socket.destroy();
      assert.equal(await ask(pair, pathRequest('cancel-streamlocal-forward', longest)), 0);
      assert.equal(await ask(pair, pathRequest('streamlocal-forward', longest)), 0);
    } finally {
      scratch.remove();
    }
  });

  it('are refused when the policy throws or does not answer, and no listener stays', async () => {
    let policy: () => boolean | Promise<boolean> = () => {
      throw new Error('no idea');
    };
    await using pair = await loggedIn({ forwarding: { remote: () => policy() } });
    assert.isUndefined(await ask(pair, forward('', 0)));
    policy = () => new Promise(() => {});
    pair.client.send(forward('', 0));
    for (let i = 0; i < 20; i += 1) await turn();
    await pair.clock.advanceAsync(10_000);
    assert.isUndefined(await answer(pair));
    assert.deepEqual(
      pair.errors.map(({ code }) => code),
      ['SERVER_HANDLER_FAILED', 'SERVER_HANDLER_TIMEOUT'],
    );
  });

  it('T159 for a certain address beyond loopback do not even reach the policy', async () => {
    const seen: string[] = [];
    const remote = ({ host }: ListenTarget): boolean => {
      seen.push(host);
      return false;
    };
    await using pair = await loggedIn({ forwarding: { remote } });
    for (const host of ['192.0.2.1', '2001:db8::1', '0xc0000201', '127.0.0.9', '*', '::']) {
      assert.isUndefined(await ask(pair, forward(host, 0)), host);
    }
    assert.deepEqual(seen, ['127.0.0.9', 'localhost', 'localhost']);
  });

  it('end with the connection, whatever their policy still thinks about', async () => {
    await using pair = await loggedIn({
      forwarding: { remote: () => new Promise(() => {}), gatewayPorts: true },
    });
    pair.client.send(forward('', 0));
    for (let i = 0; i < 20; i += 1) await turn();
    const closed = pair.connection.close();
    await turn();
    // The goodbye has two seconds, and nothing else is waited for.
    await pair.clock.advanceAsync(2000);
    await closed;
  });

  it('that wait are bounded', async () => {
    await using pair = await loggedIn({ forwarding: { remote: () => new Promise(() => {}) } });
    pair.client.send(...Array.from({ length: 70 }, () => forward('', 0)));
    for (let i = 0; i < 20; i += 1) await turn();
    // What is beyond is refused without being looked at. Nothing overtakes the first one, which waits for its policy.
    assert.isFalse(pair.client.received.some(([number]) => number === 81 || number === 82));
    for (let i = 0; i < 64; i += 1) {
      await pair.clock.advanceAsync(10_000);
      assert.isUndefined(await answer(pair));
    }
    for (let i = 0; i < 6; i += 1) assert.isUndefined(await answer(pair));
    assert.equal(pair.errors.length, 64);
  });
});

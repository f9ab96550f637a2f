import { createHash, randomBytes } from 'node:crypto';
import {
  echoing,
  findProgram,
  freePort,
  type LeakCheck,
  run,
  type Sshd,
  sshdAvailable,
  startSilentPort,
  startSshd,
  startTcpTarget,
  type TcpTarget,
  watchForLeaks,
} from '@nbs-ssh/testing';
import { type RemoteDynamicForwardHandle, type RemoteDynamicForwardOptions, SSHConnection } from 'nbs-ssh';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectTo, MIB, rejection } from '../lab.ts';
import { options, ourServer } from '../own-server.ts';
import { GRANTED4, GRANTED5, rawClient, socks4To, socks5To } from './socks-raw.ts';

describe.skipIf(!sshdAvailable())('a remote dynamic forward through a real server', () => {
  let leaks: LeakCheck;
  let sshd: Sshd;
  let target: TcpTarget;
  let connection: SSHConnection;
  let failures: string[];
  beforeAll(async () => {
    sshd = await startSshd();
  });
  afterAll(() => sshd.stop());
  beforeEach(async () => {
    leaks = watchForLeaks();
    failures = [];
    target = await startTcpTarget(echoing);
    connection = await connectTo(sshd);
  });
  afterEach(async () => {
    await connection.close();
    await target.stop();
    await leaks.assertClean();
  });

  const dynamic = (more: Partial<RemoteDynamicForwardOptions> = {}): Promise<RemoteDynamicForwardHandle> =>
    connection.forwardRemoteDynamic({
      remotePort: 0,
      remoteHost: '127.0.0.1',
      onConnectionError: ({ code, reason }) => failures.push(`${code} ${reason}`),
      ...more,
    });
  const settled = async (handle: RemoteDynamicForwardHandle): Promise<readonly string[]> => {
    await handle.close();
    expect(await handle.closed).toBeUndefined();
    expect(handle.stats.active).toBe(0);
    return failures;
  };

  it('is described by its handle, takes its port alone too, and ends', async () => {
    const port = await freePort();
    const handle = await connection.forwardRemoteDynamic(port, { remoteHost: '127.0.0.1' });
    expect(handle.intent).toEqual({ type: 'remote-dynamic', remoteHost: '127.0.0.1', remotePort: port });
    expect(handle).toMatchObject({ isActive: true, remotePort: port, localPort: undefined });
    expect(connection.forwardManager.intents).toEqual([handle.intent]);
    await settled(handle);
    expect(await rejection(rawClient(port))).toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('refuses options that make no sense', async () => {
    for (const options of [
      { remotePort: -1 },
      { remotePort: 1.5 },
      {},
      { remotePort: 0, remoteHost: 'a\nb' },
      { remotePort: 0, permitTarget: ['localhost:80'] },
    ]) {
      const error = await rejection(connection.forwardRemoteDynamic(options as RemoteDynamicForwardOptions));
      expect(error instanceof TypeError || error instanceof RangeError).toBe(true);
    }
  });

  it.skipIf(findProgram('curl') === undefined)(
    'curl reaches a server of this side, by name and by address (skipped without curl)',
    async () => {
      const page = 'of this side';
      target.onSocket = (socket) => {
        socket.once('data', () =>
          socket.end(`HTTP/1.0 200 OK\r\nContent-Length: ${page.length}\r\n\r\n${page}`),
        );
      };
      const handle = await dynamic();
      for (const option of ['--socks5-hostname', '--socks5', '--socks4', '--socks4a']) {
        const args = [
          '-sS',
          '-4',
          option,
          `127.0.0.1:${handle.remotePort}`,
          `http://localhost:${target.port}/`,
        ];
        expect(await run('curl', args)).toMatchObject({ stdout: page, stderr: '', exitCode: 0 });
      }
      expect(await settled(handle)).toEqual([]);
      expect(handle.stats).toMatchObject({ connections: 4, failed: 0 });
    },
  );

  it('carries 8 MiB each way from a client that does not wait for the answer, with a half-close', async () => {
    const handle = await dynamic();
    const sent = randomBytes(8 * MIB);
    const client = await rawClient(handle.remotePort, socks5To(target.port));
    client.socket.end(sent);
    expect(await client.read(GRANTED5.length / 2)).toBe(GRANTED5);
    const hash = (hex: string): string => createHash('sha256').update(Buffer.from(hex, 'hex')).digest('hex');
    expect(hash(await client.rest())).toBe(hash(sent.toString('hex')));
    expect(await settled(handle)).toEqual([]);
    expect(handle.stats).toMatchObject({ bytesReceived: 8 * MIB, bytesSent: 8 * MIB });
  });

  it('T168 says why a target of this side was not reached, in both versions', async () => {
    const handle = await dynamic();
    const port = await freePort();
    const five = await rawClient(handle.remotePort, socks5To(port));
    expect(await five.rest()).toBe('050005050001000000000000');
    const four = await rawClient(handle.remotePort, socks4To(port));
    expect(await four.rest()).toBe('005b000000000000');
    const name = Buffer.from('nobody.invalid');
    const unknown = await rawClient(handle.remotePort, `050100050100030e${name.toString('hex')}0050`);
    expect(await unknown.rest()).toBe('050005040001000000000000');
    for (const { socket } of [five, four, unknown]) socket.end();
    expect(await settled(handle)).toEqual(Array(3).fill('FORWARD_TARGET connect_failed'));
  });

  it('lets a policy say where clients may go; one that throws permits nothing', async () => {
    const seen: unknown[] = [];
    const handle = await dynamic({
      permitTarget: (wanted) => {
        seen.push(wanted);
        if (wanted.port === 1) throw new Error('not thought of');
        return wanted.port === target.port;
      },
    });
    for (const [port, reply] of [
      [target.port, GRANTED5],
      [1, '050005020001000000000000'],
      [2, '050005020001000000000000'],
    ] as const) {
      const client = await rawClient(handle.remotePort, socks5To(port));
      expect(await client.read(reply.length / 2)).toBe(reply);
      client.socket.end();
      await client.rest();
    }
    expect(seen).toEqual([target.port, 1, 2].map((port) => ({ host: '127.0.0.1', port })));
    expect(await settled(handle)).toEqual(Array(2).fill('FORWARD_PROHIBITED prohibited'));
  });

  it('stops dialling when the client leaves while its target is silent', async () => {
    await using silent = await startSilentPort();
    // OpenSSH tells a reset of its client as an end of what that sends, which it may as well be.
    await using server = await ourServer({ forwarding: { remote: true } });
    await using other = await SSHConnection.connect(options(server.address.port));
    const handle = await other.forwardRemoteDynamic(0, {
      onConnectionError: ({ code, reason }) => failures.push(`${code} ${reason}`),
    });
    const client = await rawClient(handle.remotePort, socks5To(silent.port));
    expect(await client.read(2)).toBe('0500');
    client.socket.resetAndDestroy();
    expect(await settled(handle)).toEqual(['FORWARD_BROKEN broken']);
  });

  it('T163 tells clients what they did wrong, survives garbage at every byte, and serves the next one', async () => {
    const handle = await dynamic();
    for (const [sent, heard] of [
      ['0402', '005b000000000000'],
      [`0402${'00'.repeat(500_000)}`, '005b000000000000'],
      ['050102', '05ff'],
      ['05010005030001', '050005070001000000000000'],
      [Buffer.from('GET / HTTP/1.0\r\n\r\n').toString('hex'), ''],
    ] as const) {
      const client = await rawClient(handle.remotePort, sent);
      expect(await client.rest()).toBe(heard);
      client.socket.end();
    }
    const request = Buffer.from(socks5To(target.port), 'hex');
    for (let cut = 0; cut < request.length; cut += 1) {
      const client = await rawClient(handle.remotePort, request.subarray(0, cut).toString('hex'));
      client.socket.end(randomBytes(300));
      await client.rest();
      client.socket.destroy();
    }
    const client = await rawClient(handle.remotePort, socks4To(target.port));
    client.socket.end('alive');
    expect(await client.rest()).toBe(`${GRANTED4}${Buffer.from('alive').toString('hex')}`);
    expect((await connection.exec('echo alive')).stdout).toBe('alive\n');
    await settled(handle);
  });

  it('T165 serves a new client at once while 300 are slow', async () => {
    const handle = await dynamic();
    const slow = await Promise.all(Array.from({ length: 300 }, () => rawClient(handle.remotePort, '0501')));
    const client = await rawClient(handle.remotePort, socks5To(target.port));
    client.socket.end('served');
    expect(await client.rest()).toBe(`${GRANTED5}${Buffer.from('served').toString('hex')}`);
    for (const { socket } of slow) socket.destroy();
    await settled(handle);
    expect(new Set(failures)).toEqual(new Set(['SOCKS_CROWDED bad_request', 'SOCKS_CLOSED bad_request']));
    expect(failures.length).toBe(300);
  });

  it('leaves nothing behind when it is closed, or the session ends: in the handshake, while dialling, and open', async () => {
    await using silent = await startSilentPort();
    for (const end of ['forward', 'session'] as const) {
      const handle = await dynamic();
      const clients = [
        await rawClient(handle.remotePort, '0501'),
        await rawClient(handle.remotePort, socks5To(silent.port)),
        await rawClient(handle.remotePort, socks4To(target.port)),
      ];
      expect(await clients[1]?.read(2)).toBe('0500');
      expect(await clients[2]?.read(8)).toBe(GRANTED4);
      if (end === 'forward') await handle.close({ connections: 'reset' });
      else await connection.close();
      for (const client of clients) {
        await client.rest();
        client.socket.destroy();
      }
      await handle.closed;
      expect(handle.stats.active).toBe(0);
    }
  });
});

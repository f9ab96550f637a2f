import { createHash, randomBytes } from 'node:crypto';
import {
  echoing,
  freePort,
  type LeakCheck,
  type Sshd,
  sshdAvailable,
  startSilentPort,
  startSshd,
  startTcpTarget,
  watchForLeaks,
} from '@nbs-ssh/testing';
import type { ForwardError, SSHConnection } from 'nbs-ssh';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectTo, rejection } from '../lab.ts';
import { GRANTED4, GRANTED5, rawClient, socks4To, socks5To } from './socks-raw.ts';

type Dynamic = Awaited<ReturnType<SSHConnection['forwardDynamic']>>;
type Target = Awaited<ReturnType<typeof startTcpTarget>>;

describe.skipIf(!sshdAvailable())('a dynamic forward through a real server', () => {
  let leaks: LeakCheck;
  let sshd: Sshd;
  let target: Target;
  let connection: SSHConnection;
  let forward: Dynamic;
  let failures: string[];
  beforeAll(async () => {
    sshd = await startSshd();
  });
  afterAll(() => sshd.stop());
  beforeEach(async () => {
    leaks = watchForLeaks();
    failures = [];
    target = await startTcpTarget();
    connection = await connectTo(sshd);
    forward = await dynamic(connection);
  });
  afterEach(async () => {
    await connection.close();
    await target.stop();
    await leaks.assertClean();
  });

  const dynamic = (through: SSHConnection, localHost?: string): Promise<Dynamic> =>
    through.forwardDynamic({
      localPort: 0,
      ...(localHost === undefined ? {} : { localHost }),
      onConnectionError: ({ code, reason }: ForwardError) => failures.push(`${code} ${reason}`),
    });
  const settled = async (handle: Dynamic = forward): Promise<readonly string[]> => {
    await handle.close();
    expect(await handle.closed).toBeUndefined();
    return failures;
  };

  it('is described by its handle, and by the intents of the connection', () => {
    expect(forward.intent).toEqual({ type: 'dynamic', localHost: 'localhost', localPort: 0 });
    expect(forward).toMatchObject({ isActive: true, localHost: 'localhost' });
    expect(forward.remotePort).toBeUndefined();
    expect(forward.localPort).toBeGreaterThan(0);
    expect(connection.forwardManager.intents).toEqual([forward.intent]);
  });

  it('refuses options that make no sense', async () => {
    for (const options of [{ localPort: -1 }, { localPort: 65_536 }, { localPort: 1.5 }, {}]) {
      const error = await rejection(connection.forwardDynamic(options as { localPort: number }));
      expect(error instanceof TypeError || error instanceof RangeError).toBe(true);
    }
  });

  it('takes the port alone too, and says who has it when it is in use', async () => {
    const port = await freePort();
    const first = await connection.forwardDynamic(port);
    expect(first.localPort).toBe(port);
    expect(await rejection(connection.forwardDynamic(port))).toMatchObject({
      errorType: 'ForwardError',
      code: 'FORWARD_LISTEN',
      reason: 'address_in_use',
    });
  });

  it('listens on an IPv6 address', async () => {
    const six = await dynamic(connection, '::1');
    target.onSocket = (socket) => socket.end('six');
    const client = await rawClient(six.localPort, socks4To(target.port), '::1');
    expect(await client.read(8)).toBe(GRANTED4);
    expect(Buffer.from(await client.rest(), 'hex').toString()).toBe('six');
    client.socket.end();
    expect(await rejection(rawClient(six.localPort, '', '127.0.0.1'))).toMatchObject({
      code: 'ECONNREFUSED',
    });
  });

  it('reaches an IPv6 address', async () => {
    await using six = await startTcpTarget((socket) => socket.end('six'), { host: '::1', port: 0 });
    const port = six.port.toString(16).padStart(4, '0');
    const client = await rawClient(forward.localPort, `05010005010004${'0'.repeat(31)}1${port}`);
    expect(await client.rest()).toBe(`${GRANTED5}${Buffer.from('six').toString('hex')}`);
    client.socket.end();
    expect(await settled()).toEqual([]);
  });

  it('gives a client that does not wait for the answer everything in order: 4 MiB with the request, and a half-close', async () => {
    const sent = randomBytes(4 * 1024 * 1024);
    target.onSocket = (socket) => {
      const hash = createHash('sha256');
      socket.on('data', (chunk) => hash.update(chunk));
      socket.on('end', () => socket.end(hash.digest()));
    };
    const client = await rawClient(forward.localPort, socks5To(target.port));
    client.socket.end(sent);
    expect(await client.read(GRANTED5.length / 2)).toBe(GRANTED5);
    expect(await client.rest()).toBe(createHash('sha256').update(sent).digest('hex'));
    expect(await settled()).toEqual([]);
  });

  it('lets a client go on writing after its target has ended', async () => {
    const heard = new Promise<string>((resolve) => {
      target.onSocket = (socket) => {
        let text = '';
        socket.on('data', (chunk) => {
          text += chunk;
        });
        socket.on('end', () => resolve(text));
        socket.end();
      };
    });
    const client = await rawClient(forward.localPort, socks4To(target.port));
    expect(await client.rest()).toBe(GRANTED4);
    client.socket.end('still here');
    expect(await heard).toBe('still here');
    expect(await settled()).toEqual([]);
  });

  it('serves 200 clients at once, byte for byte', async () => {
    target.onSocket = echoing;
    const size = 65_536;
    await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        const sent = Buffer.alloc(size, index);
        const old = index % 2 === 0;
        const client = await rawClient(forward.localPort, (old ? socks4To : socks5To)(target.port));
        client.socket.end(sent);
        expect(await client.rest()).toBe(`${old ? GRANTED4 : GRANTED5}${sent.toString('hex')}`);
      }),
    );
    expect(await settled()).toEqual([]);
    expect(forward.stats).toMatchObject({ connections: 200, failed: 0, bytesSent: 200 * size });
  });

  it('closing with reset ends a busy client, and the connection goes on', async () => {
    target.onSocket = (socket) => {
      const push = (): void => {
        while (socket.writable && socket.write(Buffer.alloc(65_536)));
      };
      socket.on('drain', push);
      push();
    };
    const client = await rawClient(forward.localPort, socks4To(target.port));
    await client.read(1_000_000);
    await forward.close({ connections: 'reset' });
    // libuv may tell a reset behind unread data as an end.
    await client.rest();
    client.socket.destroy();
    await forward.closed;
    expect((await connection.exec('echo alive')).stdout).toBe('alive\n');
  });

  it('T168 says refused when nobody listens at the target: 5 in version 5, 91 in version 4', async () => {
    const port = await freePort();
    const five = await rawClient(forward.localPort, socks5To(port));
    expect(await five.rest()).toBe('050005050001000000000000');
    five.socket.end();
    expect(await five.gone).toBe('closed');
    const four = await rawClient(forward.localPort, socks4To(port));
    expect(await four.rest()).toBe('005b000000000000');
    four.socket.end();
    expect(await four.gone).toBe('closed');
    expect(await settled()).toEqual(Array(2).fill('FORWARD_OPEN_REFUSED connect_failed'));
    expect(forward.stats).toMatchObject({ connections: 2, failed: 2, active: 0 });
  });

  it('T168 says not allowed when the server forbids it', async () => {
    await using strict = await startSshd({ config: ['AllowTcpForwarding no'] });
    await using other = await connectTo(strict);
    const forbidden = await dynamic(other);
    const client = await rawClient(forbidden.localPort, socks5To(target.port));
    expect(await client.rest()).toBe('050005020001000000000000');
    client.socket.end();
    expect(await settled(forbidden)).toEqual(['FORWARD_OPEN_REFUSED prohibited']);
  });

  it('resets the client when its target is reset', async () => {
    target.onSocket = (socket) => socket.once('data', () => socket.resetAndDestroy());
    const client = await rawClient(forward.localPort, socks4To(target.port));
    expect(await client.read(8)).toBe(GRANTED4);
    client.socket.write('x');
    await client.rest();
    client.socket.end();
    await client.gone;
    await settled();
  });

  it('gives the channel up when a client leaves while its target is silent', async () => {
    await using silent = await startSilentPort();
    const client = await rawClient(forward.localPort, socks5To(silent.port));
    expect(await client.read(2)).toBe('0500');
    expect(forward.stats.active).toBe(1);
    client.socket.resetAndDestroy();
    expect(await settled()).toEqual(['FORWARD_BROKEN broken']);
  });

  it('resets its clients when the session is over: in the handshake, while opening, and open', async () => {
    await using silent = await startSilentPort();
    const talking = await rawClient(forward.localPort, '0501');
    const opening = await rawClient(forward.localPort, socks5To(silent.port));
    const open = await rawClient(forward.localPort, socks4To(target.port));
    expect(await opening.read(2)).toBe('0500');
    expect(await open.read(8)).toBe(GRANTED4);
    await connection.close();
    for (const client of [talking, opening, open]) {
      client.socket.resume();
      await client.rest();
      client.socket.destroy();
      await client.gone;
    }
    expect(forward.isActive).toBe(false);
    await forward.closed;
    expect(forward.stats.active).toBe(0);
  });

  it('closing with reset ends clients in their handshake too', async () => {
    const client = await rawClient(forward.localPort, '0501');
    const second = await rawClient(forward.localPort, '050100');
    expect(await second.read(2)).toBe('0500');
    await forward.close({ connections: 'reset' });
    await Promise.all([client.rest(), second.rest()]);
    for (const { socket } of [client, second]) socket.destroy();
    await forward.closed;
    expect(forward.stats.active).toBe(0);
  });

  it('T163 survives garbage at every byte, and serves the next client', async () => {
    const request = Buffer.from(socks5To(target.port), 'hex');
    for (let cut = 0; cut < request.length; cut += 1) {
      const client = await rawClient(forward.localPort, request.subarray(0, cut).toString('hex'));
      client.socket.end(randomBytes(300));
      await client.rest();
      client.socket.destroy();
    }
    target.onSocket = (socket) => socket.end('alive');
    const client = await rawClient(forward.localPort, socks4To(target.port));
    expect(await client.rest()).toBe(`${GRANTED4}${Buffer.from('alive').toString('hex')}`);
    client.socket.end();
    expect((await connection.exec('echo alive')).stdout).toBe('alive\n');
    await settled();
    expect(forward.stats.active).toBe(0);
  });

  it('T165 serves a new client at once while 1,000 are slow', async () => {
    target.onSocket = (socket) => socket.end('served');
    const slow: Awaited<ReturnType<typeof rawClient>>[] = [];
    for (let count = 0; count < 1000; count += 50) {
      slow.push(
        ...(await Promise.all(Array.from({ length: 50 }, () => rawClient(forward.localPort, '0501')))),
      );
    }
    const client = await rawClient(forward.localPort, socks5To(target.port));
    expect(await client.rest()).toBe(`${GRANTED5}${Buffer.from('served').toString('hex')}`);
    client.socket.end();
    expect(forward.stats.active).toBeLessThanOrEqual(257);
    for (const { socket } of slow) socket.destroy();
    await settled();
    expect(new Set(failures)).toEqual(new Set(['SOCKS_CROWDED bad_request', 'SOCKS_CLOSED bad_request']));
    expect(failures.length).toBe(1000);
  });
});

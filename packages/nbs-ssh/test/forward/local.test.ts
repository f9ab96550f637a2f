import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import {
  echoing,
  freePort,
  type Sshd,
  sshdAvailable,
  startSshd,
  startTcpTarget,
  type TcpTarget,
  watchForLeaks,
} from '@nbs-ssh/testing';
import { ConnectionClosed, type ForwardError, SSHConnection } from 'nbs-ssh';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectTo, MIB, optionsFor, rejection, sha256 } from '../lab.ts';
import { ask, dial, endOf, FLOOD, flood, heardBy } from './client.ts';

describe.skipIf(!sshdAvailable())('a local forward', () => {
  let sshd: Sshd;
  let connection: SSHConnection;
  let target: TcpTarget;
  beforeAll(async () => {
    sshd = await startSshd();
  });
  afterAll(() => sshd.stop());
  beforeEach(async () => {
    target = await startTcpTarget(echoing);
    connection = await connectTo(sshd);
  });
  afterEach(async () => {
    await connection.close();
    await target.stop();
  });

  it('carries 8 MiB each way at once, byte for byte, and counts them', async () => {
    const handle = await connection.forwardLocal({
      localPort: 0,
      remoteHost: '127.0.0.1',
      remotePort: target.port,
    });
    const sent = randomBytes(8 * MIB);
    expect(sha256(await ask(handle.localPort, sent))).toBe(sha256(sent));
    await handle.close();
    await handle.closed;
    expect(handle.stats).toEqual({
      connections: 1,
      active: 0,
      failed: 0,
      bytesSent: 8 * MIB,
      bytesReceived: 8 * MIB,
    });
  });

  it('takes its arguments by position, and tells the port that it got', async () => {
    const port = await freePort();
    const handle = await connection.forwardLocal(port, 'localhost', target.port);
    expect(handle).toMatchObject({ localPort: port, localHost: 'localhost', isActive: true });
    expect(handle.intent).toEqual({
      type: 'local',
      localHost: 'localhost',
      localPort: port,
      remoteHost: 'localhost',
      remotePort: target.port,
    });
    expect((await ask(port, 'by position')).toString()).toBe('by position');
    expect(connection.forwardManager.activeForwards).toEqual([handle]);
    expect(connection.forwardManager.intents).toEqual([handle.intent]);
  });

  it('gives the whole answer to a client that has ended its write side', async () => {
    target.onSocket = (socket) => {
      const question: Buffer[] = [];
      socket.on('data', (chunk) => question.push(chunk));
      socket.on('end', () => socket.end(`you said ${Buffer.concat(question)}`));
    };
    const { localPort } = await connection.forwardLocal(0, '127.0.0.1', target.port);
    expect((await ask(localPort, 'half of it')).toString()).toBe('you said half of it');
  });

  it('lets a client go on writing after the target has ended its side', async () => {
    const heard = new Promise<string>((resolve) => {
      target.onSocket = (socket) => {
        socket.end('I am done');
        void heardBy(socket).then(({ bytes }) => resolve(bytes.toString()));
      };
    });
    const { localPort } = await connection.forwardLocal(0, '127.0.0.1', target.port);
    const socket = await dial(localPort);
    expect((await heardBy(socket)).bytes.toString()).toBe('I am done');
    socket.end('and I am not');
    expect(await heard).toBe('and I am not');
  });

  it('stops the target when the client does not read, and holds no more than the window', async () => {
    const stalled = new Promise<number>((resolve) => {
      target.onSocket = (socket) => flood(socket, resolve);
    });
    const { localPort } = await connection.forwardLocal(0, '127.0.0.1', target.port);
    const socket = await dial(localPort);
    socket.pause();
    // The window, and what the kernel and sshd hold between here and there.
    expect(await stalled).toBeLessThan(32 * MIB);
    expect((await heardBy(socket.resume())).bytes.length).toBe(FLOOD);
    socket.end();
  });

  it('stops the client when the target does not read, and holds no more than the window', async () => {
    const reads = new Promise<Socket>((resolve) => {
      target.onSocket = (socket) => resolve(socket.pause());
    });
    const { localPort } = await connection.forwardLocal(0, '127.0.0.1', target.port);
    const socket = await dial(localPort);
    const stalled = await new Promise<number>((resolve) => flood(socket, resolve));
    expect(stalled).toBeLessThan(32 * MIB);
    expect((await connection.exec('echo alive')).stdout).toBe('alive\n');
    const reader = await reads;
    expect((await heardBy(reader.resume())).bytes.length).toBe(FLOOD);
    reader.end();
  });

  it('carries 200 connections at once', async () => {
    const { localPort, stats } = await connection.forwardLocal(0, '127.0.0.1', target.port);
    expect(stats.connections).toBe(0);
    const answers = await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        const sent = randomBytes(20_000 + index);
        return sha256(await ask(localPort, sent)) === sha256(sent);
      }),
    );
    expect(answers).toEqual(Array.from({ length: 200 }, () => true));
    expect(target.connections).toBe(200);
  });

  it('T168 resets the client when the target refuses, and says why', async () => {
    const dead = await freePort();
    const told: ForwardError[] = [];
    const handle = await connection.forwardLocal({
      localPort: 0,
      remoteHost: '127.0.0.1',
      remotePort: dead,
      onConnectionError: (error) => told.push(error),
    });
    expect(await endOf(handle.localPort)).toBe('ECONNRESET');
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({
      errorType: 'ForwardError',
      reason: 'connect_failed',
      fault: 'peer',
      context: { remoteHost: '127.0.0.1', remotePort: dead },
    });
    expect(handle.isActive).toBe(true);
    expect(handle.stats).toMatchObject({ connections: 1, failed: 1, active: 0 });
  });

  it('T168 ends the client when the target is reset in the middle', async () => {
    target.onSocket = (socket) =>
      socket.write('first', () => socket.once('data', () => socket.resetAndDestroy()));
    const { localPort } = await connection.forwardLocal(0, '127.0.0.1', target.port);
    const socket = await dial(localPort);
    const heard = heardBy(socket);
    await once(socket, 'data');
    socket.write('break');
    expect((await heard).bytes.toString()).toBe('first');
    socket.destroy();
  });

  it('T168 closes the target when the client is reset in the middle', async () => {
    const gone = new Promise<void>((resolve) => {
      target.onSocket = (socket) => {
        socket.write('hello');
        socket.resume();
        socket.once('end', () => {
          socket.destroy();
          resolve();
        });
      };
    });
    const handle = await connection.forwardLocal(0, '127.0.0.1', target.port);
    const socket = await dial(handle.localPort);
    await once(socket, 'data');
    socket.resetAndDestroy();
    await gone;
    expect((await connection.exec('echo alive')).stdout).toBe('alive\n');
  });

  it('refuses a port that somebody else has', async () => {
    const error = await rejection(connection.forwardLocal(target.port, '127.0.0.1', 1));
    expect(error).toMatchObject({ errorType: 'ForwardError', reason: 'address_in_use', fault: 'caller' });
    expect(connection.forwardManager.intents).toEqual([]);
  });

  it('refuses an address that is not of this machine', async () => {
    const options = { localHost: '192.0.2.1', localPort: 0, remoteHost: 'localhost', remotePort: 1 };
    const error = await rejection(connection.forwardLocal(options));
    expect(error).toMatchObject({ errorType: 'ForwardError', reason: 'address_not_available' });
  });

  it('refuses what cannot be a port or a host, at once', async () => {
    for (const bad of [-1, 65_536, 1.5, Number.NaN]) {
      expect(await rejection(connection.forwardLocal(bad, 'localhost', 1))).toBeInstanceOf(RangeError);
      expect(await rejection(connection.forwardLocal(0, 'localhost', bad))).toBeInstanceOf(RangeError);
    }
    expect(await rejection(connection.forwardLocal(0, '', 1))).toBeInstanceOf(RangeError);
    expect(await rejection(connection.forwardLocal(0, 'a\nb', 1))).toBeInstanceOf(RangeError);
    expect(await rejection(connection.forwardLocal('80' as never))).toBeInstanceOf(TypeError);
    expect(await rejection(connection.forwardLocal(0, 'localhost', 1, { maxConnections: 0 }))).toBeInstanceOf(
      RangeError,
    );
  });

  it('lets open connections finish when it is closed, and takes no new ones', async () => {
    const handle = await connection.forwardLocal(0, '127.0.0.1', target.port);
    const socket = await dial(handle.localPort);
    const answer = heardBy(socket);
    socket.write('before ');
    await once(socket, 'data');
    await handle.close();
    expect(handle.isActive).toBe(false);
    expect(connection.forwardManager.intents).toEqual([]);
    expect(await rejection(dial(handle.localPort))).toMatchObject({ code: 'ECONNREFUSED' });
    socket.end('and after');
    expect((await answer).bytes.toString()).toBe('before and after');
    expect(await handle.closed).toBeUndefined();
  });

  it('resets open connections when it is closed with that wish', async () => {
    const handle = await connection.forwardLocal(0, '127.0.0.1', target.port);
    const socket = await dial(handle.localPort);
    socket.write('x');
    await once(socket, 'data');
    const heard = heardBy(socket);
    await handle.close({ connections: 'reset' });
    expect((await heard).error?.code).toBe('ECONNRESET');
    expect(await handle.closed).toBeUndefined();
    expect(connection.isConnected).toBe(true);
  });

  it('resets more connections than it may have at a time', async () => {
    const told: ForwardError[] = [];
    const options = { maxConnections: 1, onConnectionError: (error: ForwardError) => told.push(error) };
    const { localPort } = await connection.forwardLocal(0, '127.0.0.1', target.port, options);
    const first = await dial(localPort);
    first.write('x');
    await once(first, 'data');
    expect(await endOf(localPort)).toBe('ECONNRESET');
    expect(told[0]).toMatchObject({ reason: 'resource_shortage' });
    first.end();
  });

  it('cannot be set up on a connection that is not open', async () => {
    const idle = new SSHConnection(optionsFor(sshd));
    expect(await rejection(idle.forwardLocal(0, 'localhost', 1))).toBeInstanceOf(ConnectionClosed);
    await connection.close();
    expect(await rejection(connection.forwardLocal(0, 'localhost', 1))).toBeInstanceOf(ConnectionClosed);
  });

  it('leaves no listener and no socket when the connection is closed while busy', async () => {
    await using mortal = await startSshd();
    const leaks = watchForLeaks();
    const busy = await connectTo(mortal);
    target.onSocket = (socket) => {
      socket.write(randomBytes(4 * MIB));
    };
    const handle = await busy.forwardLocal(0, '127.0.0.1', target.port);
    const sockets = await Promise.all(Array.from({ length: 5 }, () => dial(handle.localPort)));
    await Promise.all(sockets.map((socket) => once(socket, 'data')));
    const ends = sockets.map((socket) => heardBy(socket));
    await busy.close();
    // A reset behind unread data is told as an end by libuv. That there is an end is what counts here.
    for (const { bytes } of await Promise.all(ends)) expect(bytes.length).toBeLessThan(4 * MIB);
    for (const socket of [...sockets, ...target.sockets]) socket.destroy();
    expect(await handle.closed).toBeInstanceOf(ConnectionClosed);
    expect(await rejection(dial(handle.localPort))).toMatchObject({ code: 'ECONNREFUSED' });
    await leaks.assertClean();
  });

  it('ends with the connection when the server dies while busy', async () => {
    await using mortal = await startSshd();
    const doomed = await connectTo(mortal);
    const told: ForwardError[] = [];
    const handle = await doomed.forwardLocal(0, '127.0.0.1', target.port, {
      onConnectionError: (error) => told.push(error),
    });
    const socket = await dial(handle.localPort);
    socket.write('x');
    await once(socket, 'data');
    const heard = heardBy(socket);
    mortal.kill('SIGKILL');
    expect((await heard).error?.code).toBe('ECONNRESET');
    expect(await handle.closed).toMatchObject({ errorType: 'ConnectionLost' });
    expect(told[0]).toMatchObject({ reason: 'broken', cause: { errorType: 'ConnectionLost' } });
    expect(doomed.forwardManager.intents).toEqual([]);
    await doomed.close();
  });
});

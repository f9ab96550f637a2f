import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
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
import type { ForwardError, SSHConnection } from 'nbs-ssh';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectTo, MIB, rejection, sha256 } from '../lab.ts';
import { ask, dial, endOf, heardBy } from './client.ts';

/** OpenSSH binds what it can of `localhost`: at a port that it chose, the other family may be somebody else's. */
const V4 = { remoteHost: '127.0.0.1' };

describe.skipIf(!sshdAvailable())('a remote forward', () => {
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

  it('carries 8 MiB each way at once, byte for byte, from a port that the server chose', async () => {
    const handle = await connection.forwardRemote({ ...V4, remotePort: 0, localPort: target.port });
    expect(handle.remotePort).toBeGreaterThan(0);
    expect(handle.intent).toEqual({
      type: 'remote',
      remoteHost: '127.0.0.1',
      remotePort: 0,
      localHost: 'localhost',
      localPort: target.port,
    });
    const sent = randomBytes(8 * MIB);
    expect(sha256(await ask(handle.remotePort, sent))).toBe(sha256(sent));
    await handle.close();
    expect(await rejection(dial(handle.remotePort))).toMatchObject({ code: 'ECONNREFUSED' });
    await handle.closed;
    expect(handle.stats).toMatchObject({
      connections: 1,
      failed: 0,
      bytesSent: 8 * MIB,
      bytesReceived: 8 * MIB,
    });
  });

  it('takes its arguments by position', async () => {
    const port = await freePort();
    const handle = await connection.forwardRemote(port, '127.0.0.1', target.port);
    expect(handle).toMatchObject({ remotePort: port, localPort: target.port, isActive: true });
    expect((await ask(port, 'by position')).toString()).toBe('by position');
  });

  it('keeps half-close in both directions', async () => {
    target.onSocket = (socket) => {
      void heardBy(socket).then(({ bytes }) => socket.end(`you said ${bytes}`));
    };
    const { remotePort } = await connection.forwardRemote(0, '127.0.0.1', target.port, V4);
    expect((await ask(remotePort, 'the question')).toString()).toBe('you said the question');
    const last = new Promise<string>((resolve) => {
      target.onSocket = (socket) => {
        socket.end('first');
        void heardBy(socket).then(({ bytes }) => resolve(bytes.toString()));
      };
    });
    const socket = await dial(remotePort);
    expect((await heardBy(socket)).bytes.toString()).toBe('first');
    socket.end('last');
    expect(await last).toBe('last');
  });

  it('carries 200 connections at once', async () => {
    const { remotePort } = await connection.forwardRemote(0, '127.0.0.1', target.port, V4);
    const answers = await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        const sent = randomBytes(20_000 + index);
        return sha256(await ask(remotePort, sent)) === sha256(sent);
      }),
    );
    expect(answers).toEqual(Array.from({ length: 200 }, () => true));
  });

  it('is refused when somebody has the port at the server', async () => {
    const error = await rejection(connection.forwardRemote(target.port, '127.0.0.1', 1, V4));
    expect(error).toMatchObject({
      errorType: 'ForwardError',
      reason: 'refused',
      fault: 'peer',
      context: { remoteHost: '127.0.0.1', remotePort: target.port },
    });
    expect(connection.forwardManager.intents).toEqual([]);
  });

  it('is refused when the server does not allow it', async () => {
    await using strict = await startSshd({ config: ['AllowTcpForwarding no'] });
    await using refused = await connectTo(strict);
    expect(await rejection(refused.forwardRemote(0, '127.0.0.1', target.port, V4))).toMatchObject({
      errorType: 'ForwardError',
      reason: 'refused',
    });
    const told: ForwardError[] = [];
    const onConnectionError = (error: ForwardError): void => void told.push(error);
    const local = await refused.forwardLocal(0, '127.0.0.1', target.port, { onConnectionError });
    expect(await endOf(local.localPort)).toBe('ECONNRESET');
    expect(told[0]).toMatchObject({ reason: 'prohibited', fault: 'peer', retryable: false });
  });

  it('reaches only what PermitOpen names', async () => {
    await using picky = await startSshd({ config: [`PermitOpen 127.0.0.1:${target.port}`] });
    await using limited = await connectTo(picky);
    const good = await limited.forwardLocal(0, '127.0.0.1', target.port);
    expect((await ask(good.localPort, 'allowed')).toString()).toBe('allowed');
    const told: ForwardError[] = [];
    const onConnectionError = (error: ForwardError): void => void told.push(error);
    const bad = await limited.forwardLocal(0, '127.0.0.1', picky.port, { onConnectionError });
    expect(await endOf(bad.localPort)).toBe('ECONNRESET');
    expect(told[0]).toMatchObject({ reason: 'prohibited' });
  });

  it('T168 tells the server when the target refuses, and goes on', async () => {
    const dead = await freePort();
    const told: ForwardError[] = [];
    const onConnectionError = (error: ForwardError): void => void told.push(error);
    const handle = await connection.forwardRemote(0, '127.0.0.1', dead, { ...V4, onConnectionError });
    const { bytes } = await heardBy(await dial(handle.remotePort));
    expect(bytes.length).toBe(0);
    expect(told[0]).toMatchObject({
      errorType: 'ForwardError',
      reason: 'connect_failed',
      code: 'FORWARD_TARGET',
      context: { localHost: '127.0.0.1', localPort: dead },
    });
    expect(handle.isActive).toBe(true);
    expect(handle.stats).toMatchObject({ connections: 1, failed: 1, active: 0 });
  });

  it('T168 ends the client when the target is reset in the middle', async () => {
    target.onSocket = (socket) => {
      socket.write('first');
      socket.once('data', () => socket.resetAndDestroy());
    };
    const { remotePort } = await connection.forwardRemote(0, '127.0.0.1', target.port, V4);
    const socket = await dial(remotePort);
    const heard = heardBy(socket);
    await once(socket, 'data');
    socket.write('break');
    expect((await heard).bytes.toString()).toBe('first');
    socket.destroy();
  });

  it('T162 lets open connections finish when it is closed, and takes no new ones', async () => {
    const handle = await connection.forwardRemote(0, '127.0.0.1', target.port, V4);
    const socket = await dial(handle.remotePort);
    const answer = heardBy(socket);
    socket.write('before ');
    await once(socket, 'data');
    await handle.close();
    expect(handle.isActive).toBe(false);
    expect(await rejection(dial(handle.remotePort))).toMatchObject({ code: 'ECONNREFUSED' });
    socket.end('and after');
    expect((await answer).bytes.toString()).toBe('before and after');
    expect(await handle.closed).toBeUndefined();
  });

  it('can be set up again on its port after it was closed', async () => {
    const first = await connection.forwardRemote(0, '127.0.0.1', target.port, V4);
    await first.close();
    const again = await connection.forwardRemote(first.remotePort, '127.0.0.1', target.port, V4);
    expect(again.remotePort).toBe(first.remotePort);
    expect((await ask(again.remotePort, 'again')).toString()).toBe('again');
  });

  it('is withdrawn again when the caller gave up waiting for the answer', async () => {
    const controller = new AbortController();
    const reason = new Error('changed my mind');
    const port = await freePort();
    const setUp = rejection(
      connection.forwardRemote(port, '127.0.0.1', target.port, { signal: controller.signal }),
    );
    controller.abort(reason);
    expect(await setUp).toBe(reason);
    await connection.ping();
    await connection.ping();
    expect(await endOf(port)).toBe('ECONNREFUSED');
    expect(connection.forwardManager.intents).toEqual([]);
  });

  it('leaves nothing when the server dies while busy', async () => {
    await using mortal = await startSshd();
    const leaks = watchForLeaks();
    const doomed = await connectTo(mortal);
    target.onSocket = (socket) => {
      socket.write(randomBytes(4 * MIB));
    };
    const handle = await doomed.forwardRemote(0, '127.0.0.1', target.port, V4);
    const sockets = await Promise.all(Array.from({ length: 5 }, () => dial(handle.remotePort)));
    await Promise.all(sockets.map((socket) => once(socket, 'data')));
    mortal.kill('SIGKILL');
    expect(await handle.closed).toMatchObject({ errorType: 'ConnectionLost' });
    expect(handle.stats.active).toBe(0);
    await doomed.close();
    for (const socket of [...sockets, ...target.sockets]) socket.destroy();
    await leaks.assertClean();
  });
});

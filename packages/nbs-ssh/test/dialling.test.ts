import { createServer } from 'node:net';
import { freePort, type LeakCheck, sshdAvailable, startSshd, watchForLeaks } from '@nbs-ssh/testing';
import { ConnectionRefused, HostKeyMismatch, SSHConnection } from 'nbs-ssh';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { optionsFor, rejection } from './lab.ts';
import { options } from './own-server.ts';

let leaks: LeakCheck;
beforeEach(() => {
  leaks = watchForLeaks();
});
afterEach(() => leaks.assertClean());

describe('dialling', () => {
  it('tries again as often as it is told, and says what the last attempt said', async () => {
    const port = await freePort();
    const error = await rejection(SSHConnection.connect(options(port, { connectionAttempts: 2 })));
    expect(error).toBeInstanceOf(ConnectionRefused);
  });

  it('reaches a server that starts to listen between two attempts', async () => {
    const port = await freePort();
    let seen: () => void = () => {};
    const reached = new Promise<void>((resolve) => {
      seen = resolve;
    });
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.resume().end();
      seen();
    });
    const connecting = rejection(SSHConnection.connect(options(port, { connectionAttempts: 5 })));
    server.listen(port, '127.0.0.1');
    await reached;
    expect(await connecting).not.toBeInstanceOf(ConnectionRefused);
    server.close();
  });

  it('can be ended between two attempts', async () => {
    const port = await freePort();
    const controller = new AbortController();
    const connecting = rejection(
      SSHConnection.connect(options(port, { connectionAttempts: 100, signal: controller.signal })),
    );
    controller.abort(new Error('enough'));
    expect(await connecting).toMatchObject({ message: 'enough' });
  });

  it('comes from the address, and uses the family, that it is told', async () => {
    const peers: (string | undefined)[] = [];
    const server = createServer((socket) => {
      peers.push(socket.remoteAddress);
      socket.on('error', () => {});
      socket.resume().end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    await rejection(SSHConnection.connect(options(port, { bindAddress: '127.0.0.9', addressFamily: 4 })));
    expect(peers).toEqual(['127.0.0.9']);
    server.close();
    const error = await rejection(
      SSHConnection.connect(options(port, { host: 'localhost', addressFamily: 6 })),
    );
    expect(error).not.toMatchObject({ context: { phase: 'identification' } });
  });
});

describe.skipIf(!sshdAvailable())('against OpenSSH', () => {
  it('looks a host up by its alias only, without the port', async () => {
    await using sshd = await startSshd();
    const given = optionsFor(sshd, { hostKeyAlias: 'alias' });
    const error = await rejection(SSHConnection.connect(given));
    expect(error).toBeInstanceOf(HostKeyMismatch);
    expect(error).toMatchObject({ reason: 'unknown' });
    sshd.writeKnownHosts(sshd.knownHostsLine().replace(/^\S+/gm, 'Alias'));
    await using connection = await SSHConnection.connect(given);
    expect(connection.isConnected).toBe(true);
  });

  it('sends the environment of the connection with every command, and a command may change it', async () => {
    await using sshd = await startSshd({ config: ['AcceptEnv LC_*'] });
    await using connection = await SSHConnection.connect(
      optionsFor(sshd, { env: { LC_ONE: 'a', LC_TWO: 'b', OTHER: 'no' } }),
    );
    const { stdout } = await connection.exec('echo $LC_ONE-$LC_TWO-$OTHER', { env: { LC_TWO: 'c' } });
    expect(stdout).toBe('a-c-\n');
  });
});

import { chmodSync, existsSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  echoing,
  type ScratchDir,
  type Sshd,
  scratchDir,
  sshdAvailable,
  startSshd,
  startTcpTarget,
  type TcpTarget,
} from '@nbs-ssh/testing';
import type { SSHConnection } from 'nbs-ssh';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectTo, rejection } from '../lab.ts';
import { ask, dial } from './client.ts';

describe.skipIf(!sshdAvailable())('a forward of Unix sockets', () => {
  let sshd: Sshd;
  let connection: SSHConnection;
  let port: TcpTarget;
  let socket: TcpTarget;
  let scratch: ScratchDir;
  const at = (name: string): string => join(scratch.path, name);
  beforeAll(async () => {
    sshd = await startSshd();
  });
  afterAll(() => sshd.stop());
  beforeEach(async () => {
    scratch = scratchDir('forward');
    port = await startTcpTarget(echoing);
    socket = await startTcpTarget(echoing, { path: at('target') });
    connection = await connectTo(sshd);
  });
  afterEach(async () => {
    await connection.close();
    await port.stop();
    await socket.stop();
    scratch.remove();
  });

  it('reaches a socket of the server from one here', async () => {
    const handle = await connection.forwardLocalPath(at('here'), at('target'));
    expect((await ask({ path: at('here') }, 'socket to socket')).toString()).toBe('socket to socket');
    expect(handle).toMatchObject({ localPath: at('here'), remotePath: at('target'), localPort: undefined });
    expect(handle.intent).toEqual({ type: 'local', localPath: at('here'), remotePath: at('target') });
  });

  it('reaches a port of the server from a socket here, and a socket from a port', async () => {
    await connection.forwardLocalPath({
      localPath: at('here'),
      remoteHost: '127.0.0.1',
      remotePort: port.port,
    });
    expect((await ask({ path: at('here') }, 'to a port')).toString()).toBe('to a port');
    const { localPort = 0 } = await connection.forwardLocalPath({ localPort: 0, remotePath: at('target') });
    expect((await ask(localPort, 'to a socket')).toString()).toBe('to a socket');
  });

  it('lets the server listen on a socket, for a socket and for a port here', async () => {
    const handle = await connection.forwardRemotePath(at('there'), at('target'));
    expect((await ask({ path: at('there') }, 'to a socket')).toString()).toBe('to a socket');
    expect(handle.intent).toEqual({ type: 'remote', localPath: at('target'), remotePath: at('there') });
    await connection.forwardRemotePath({ remotePath: at('other'), localPort: port.port });
    expect((await ask({ path: at('other') }, 'to a port')).toString()).toBe('to a port');
    const { remotePort = 0 } = await connection.forwardRemotePath({
      remoteHost: '127.0.0.1',
      remotePort: 0,
      localPath: at('target'),
    });
    expect((await ask(remotePort, 'from a port')).toString()).toBe('from a port');
    await handle.close();
    expect(await rejection(dial({ path: at('there') }))).toMatchObject({ code: /ECONNREFUSED|ENOENT/ });
  });

  it('is refused where the server has a file already, or does not allow it', async () => {
    writeFileSync(at('taken'), '');
    expect(await rejection(connection.forwardRemotePath(at('taken'), at('target')))).toMatchObject({
      errorType: 'ForwardError',
      reason: 'refused',
      context: { remotePath: at('taken') },
    });
    await using strict = await startSshd({ config: ['AllowStreamLocalForwarding no'] });
    await using limited = await connectTo(strict);
    expect(await rejection(limited.forwardRemotePath(at('there'), at('target')))).toMatchObject({
      reason: 'refused',
    });
  });

  it('T169 makes a socket for its owner alone, and removes it when it is closed', async () => {
    const before = process.umask(0);
    try {
      const handle = await connection.forwardLocalPath(at('here'), at('target'));
      const { mode } = lstatSync(at('here'));
      expect(mode & 0o777).toBe(0o600);
      await handle.close();
      expect(existsSync(at('here'))).toBe(false);
      expect(process.umask()).toBe(0);
    } finally {
      process.umask(before);
    }
  });

  it('T169 removes its socket when the connection ends', async () => {
    await connection.forwardLocalPath(at('here'), at('target'));
    await connection.close();
    expect(existsSync(at('here'))).toBe(false);
  });

  it('T169 refuses a path that is too long, and one just so long works', async () => {
    const longest = (process.platform === 'linux' ? 107 : 103) - scratch.path.length - 1;
    const fits = at('x'.repeat(longest));
    await connection.forwardLocalPath(fits, at('target'));
    expect((await ask({ path: fits }, 'fits')).toString()).toBe('fits');
    const error = await rejection(connection.forwardLocalPath(`${fits}x`, at('target')));
    expect(error).toMatchObject({ errorType: 'ForwardError', reason: 'path_too_long', fault: 'caller' });
  });

  it('T169 refuses a place where something is: a file, a symbolic link, a socket in use', async () => {
    writeFileSync(at('file'), 'precious');
    symlinkSync(at('nowhere'), at('link'));
    for (const [name, reason] of [
      ['file', 'path_exists'],
      ['link', 'path_exists'],
      ['target', 'address_in_use'],
    ] as const) {
      for (const replaceStale of [false, true]) {
        const options = { localPath: at(name), remotePath: at('target'), replaceStale };
        expect(await rejection(connection.forwardLocalPath(options))).toMatchObject({ reason });
      }
    }
    expect(lstatSync(at('file')).size).toBe(8);
    expect(lstatSync(at('link')).isSymbolicLink()).toBe(true);
    expect(existsSync(at('nowhere'))).toBe(false);
  });

  it('T169 takes the place of a socket on which nobody listens, when that is wanted', async () => {
    await leaveStale(at('stale'));
    const ends = { localPath: at('stale'), remotePath: at('target') };
    expect(await rejection(connection.forwardLocalPath(ends))).toMatchObject({ reason: 'path_exists' });
    await connection.forwardLocalPath({ ...ends, replaceStale: true });
    expect((await ask({ path: at('stale') }, 'fresh')).toString()).toBe('fresh');
  });

  it('T169 refuses a folder that others can write to, unless it is sticky, and one that is missing', async () => {
    mkdirSync(at('shared'));
    chmodSync(at('shared'), 0o777);
    const inside = join(at('shared'), 's');
    expect(await rejection(connection.forwardLocalPath(inside, at('target')))).toMatchObject({
      reason: 'path_unsafe',
    });
    chmodSync(at('shared'), 0o1777);
    await connection.forwardLocalPath(inside, at('target'));
    expect((await ask({ path: inside }, 'sticky')).toString()).toBe('sticky');
    const missing = join(at('missing'), 's');
    expect(await rejection(connection.forwardLocalPath(missing, at('target')))).toMatchObject({
      reason: 'path_unsafe',
    });
  });
});

/** A socket whose process went away without removing it. */
async function leaveStale(path: string): Promise<void> {
  const { execFileSync } = await import('node:child_process');
  const program = `require('net').createServer().listen(${JSON.stringify(path)},()=>process.kill(process.pid,'SIGKILL'))`;
  try {
    execFileSync(process.execPath, ['-e', program], { stdio: 'ignore' });
  } catch {
    // Killed, as it should be.
  }
}

import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findProgram, freePort, type Sshd, sshdAvailable, startSshd } from '@nbs-ssh/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { builtCli, type Cli, finished, knownHostsArgs, loginArgs } from './cli.ts';
import { shellWords, terminal } from './in-terminal.ts';

const script = findProgram('script');

describe.skipIf(!sshdAvailable())('nbs-ssh -f', () => {
  let cli: Cli;
  let sshd: Sshd;
  const left: number[] = [];
  beforeAll(async () => {
    [cli, sshd] = await Promise.all([builtCli(), startSshd()]);
  });
  afterEach(() => {
    for (const pid of left.splice(0)) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  });
  afterAll(async () => {
    await sshd.stop();
    cli[Symbol.dispose]();
  });

  /** The server's identification, as it comes through a forward. */
  const greets = (port: number): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('data', (chunk) => {
        resolve(chunk.toString());
        socket.destroy();
      });
      socket.once('error', reject);
    });
  const processIn = (text: string): number => {
    const pid = Number(/in the background as process (\d+)/.exec(text)?.[1]);
    expect(pid).toBeGreaterThan(1);
    left.push(pid);
    return pid;
  };
  const gone = async (pid: number): Promise<void> => {
    while (isAlive(pid)) await delay(20);
  };

  it('ends with 0 once the forwards are there, and goes on until a signal', async () => {
    const port = await freePort();
    const child = cli.start(loginArgs(sshd, '-f', '-N', '-v', '-L', `${port}:127.0.0.1:${sshd.port}`));
    let told = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      told += chunk.toString();
    });
    // Without a command standard output is closed with it; the copy still has standard error.
    const [[code]] = await Promise.all([once(child, 'exit'), once(child.stdout ?? child, 'close')]);
    expect(code).toBe(0);
    const pid = processIn(told);
    expect(await greets(port)).toMatch(/^SSH-2\.0-/);
    process.kill(pid, 'SIGTERM');
    await gone(pid);
    await expect(greets(port)).rejects.toThrow('ECONNREFUSED');
  });

  it('ends with the status of the copy when it cannot log in or forward', async () => {
    const wrong = await finished(cli.start(loginArgs(sshd, '-fN', '-l', 'nobody-here')));
    expect(wrong.exitCode).toBe(255);
    expect(wrong.lines.length).toBeGreaterThan(0);
    const taken = ['-fN', '-o', 'ExitOnForwardFailure=yes', '-L', `${sshd.port}:127.0.0.1:1`];
    const refused = await finished(cli.start(loginArgs(sshd, ...taken)));
    expect(refused.exitCode).toBe(255);
    expect(refused.lines[0]).toContain('somebody listens there already');
    const nothing = await cli.run(loginArgs(sshd, '-f'));
    expect(nothing.lines[0]).toContain('-f needs a command');
  });

  it('runs a command, whose output comes later, without an input', async () => {
    const child = cli.start([...loginArgs(sshd, '-f'), 'cat; echo later']);
    let exited: number | null | undefined;
    child.once('exit', (code) => {
      exited = code;
    });
    // Its end is that of the copy, which has the same standard output.
    const { stdout } = await finished(child);
    expect([exited, stdout]).toEqual([0, 'later\n']);
  });

  it.skipIf(script === undefined)(
    'asks on the terminal first, and stays when the terminal is closed',
    async () => {
      const port = await freePort();
      const file = join(cli.scratch.path, 'background_known_hosts');
      rmSync(file, { force: true });
      const args = [
        ...[...knownHostsArgs(file), '-i', sshd.clientKey(), '-p', `${sshd.port}`, '-fNv'],
        ...['-L', `${port}:127.0.0.1:${sshd.port}`, `${sshd.username}@127.0.0.1`],
      ];
      const command = `${shellWords([process.execPath, cli.file, ...args])}; echo "status $?"`;
      const { shown } = await terminal(script as string, cli.env, command, [[/Trust it/, 'yes\n']]);
      expect(shown).toContain('status 0');
      const pid = processIn(shown);
      expect(await greets(port)).toMatch(/^SSH-2\.0-/);
      process.kill(pid, 'SIGTERM');
      await gone(pid);
    },
  );
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

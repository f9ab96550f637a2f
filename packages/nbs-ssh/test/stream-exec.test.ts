import { createHash } from 'node:crypto';
import { liveMemory, type Sshd, sshdAvailable, startSshd } from '@nbs-ssh/testing';
import { ConnectionLost, createNodeProvider, type SSHConnection } from 'nbs-ssh';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectTo, rejection } from './lab.ts';

/**
 * Bytes that may live while a command's output is not read: the channel's window of 16 MiB, and as much again for
 * what it is cut from, the evidence and the tests themselves. The commands here have far more to say.
 */
const UNREAD_LIMIT = 32 * 1024 * 1024;

describe.skipIf(!sshdAvailable())('streamExec on a real OpenSSH server', () => {
  let sshd: Sshd;
  let connection: SSHConnection;
  beforeAll(async () => {
    // With passwords on, the login is an ordinary user's: OpenSSH delivers signals only where it separates privileges.
    sshd = await startSshd({ password: true });
    connection = await connectTo(sshd, { crypto: createNodeProvider() });
  });
  afterAll(async () => {
    await connection.close();
    await sshd.stop();
  });

  /** Runs a command by another login: a clock that is as slow as the machine. @returns its output. */
  async function meanwhile(script: string): Promise<string> {
    await using other = await connectTo(sshd, { crypto: createNodeProvider() });
    return (await other.exec(script)).stdout;
  }

  it('hands out output as it arrives, and the exit last', async () => {
    const events = [];
    const command = connection.streamExec('echo out; sleep 0.2; echo err >&2; exit 4');
    for await (const event of command) events.push(event);
    expect(events.map(({ stream, data, exitCode }) => ({ stream, data, exitCode }))).toEqual([
      { stream: 'stdout', data: 'out\n', exitCode: null },
      { stream: 'stderr', data: 'err\n', exitCode: null },
      { stream: 'exit', data: '', exitCode: 4 },
    ]);
    expect(await command.done).toMatchObject({ exitCode: 4, signal: null });
  });

  it('takes input while output comes', async () => {
    const command = connection.streamExec('cat');
    const seen: string[] = [];
    await command.write('one');
    for await (const event of command) {
      if (event.stream === 'stdout') seen.push(event.data);
      if (seen.length === 1) await command.write('two');
      if (seen.length === 2) command.end();
    }
    expect(seen).toEqual(['one', 'two']);
  });

  it('delivers 100 MB of stdout and 100 MB of stderr to a slow reader, in bounded memory', async () => {
    const size = 100_000_000;
    const script = `head -c ${size} /dev/zero | openssl enc -aes-128-ctr -nosalt -K 00 -iv 00 2>/dev/null`;
    const before = liveMemory();
    const command = connection.streamExec(`(${script}) & (${script}) >&2; wait`, { encoding: 'bytes' });
    // All of it could be here when another login has made as much again: what is here then is what the window lets pass.
    const digest = (await meanwhile(`(${script}; ${script}) | wc -c; ${script} | sha256sum`)).split(/\s+/)[1];
    let peak = liveMemory() - before;
    const hash = { stdout: createHash('sha256'), stderr: createHash('sha256') };
    const bytes = { stdout: 0, stderr: 0 };
    let taken = 0;
    for await (const event of command) {
      if (event.stream === 'exit') continue;
      hash[event.stream].update(event.data);
      bytes[event.stream] += event.data.length;
      taken += 1;
      if (taken % 500 === 0) peak = Math.max(peak, liveMemory() - before);
    }
    expect(bytes).toEqual({ stdout: size, stderr: size });
    expect(hash.stdout.digest('hex')).toBe(digest);
    expect(hash.stderr.digest('hex')).toBe(digest);
    console.info(`peak above the start while 200 MB passed: ${(peak / 1048576).toFixed(1)} MiB`);
    expect(peak).toBeLessThan(UNREAD_LIMIT);
  }, 240_000);

  it('stops the server by the window when nobody reads', async () => {
    const before = liveMemory();
    const command = connection.streamExec('cat /dev/zero', { encoding: 'bytes' });
    await meanwhile('head -c 200000000 /dev/zero | sha256sum');
    expect(liveMemory() - before).toBeLessThan(UNREAD_LIMIT);
    expect((await connection.exec('echo alive')).stdout).toBe('alive\n');
    await command.cancel();
  });

  it('closes the channel when the loop is left early', async () => {
    for await (const event of connection.streamExec('yes')) {
      expect(event.data.startsWith('y\n')).toBe(true);
      break;
    }
    expect((await connection.exec('echo alive')).stdout).toBe('alive\n');
  });

  it('cancels with TERM, which the command may answer', async () => {
    const command = connection.streamExec(
      'trap "echo bye; exit 9" TERM; echo ready; while :; do sleep 0.05; done',
    );
    const seen: string[] = [];
    let exitCode: number | null = null;
    for await (const event of command) {
      if (event.data === 'ready\n') void command.cancel();
      seen.push(event.data);
      exitCode = event.exitCode;
    }
    expect(exitCode).toBe(9);
  });

  it('kills after two seconds what ignores TERM', async () => {
    const command = connection.streamExec('trap "" TERM; echo ready; while :; do sleep 0.05; done');
    for await (const event of command) {
      if (event.data === 'ready\n') void command.cancel();
    }
    expect((await command.done).exitCode).toBeNull();
  });

  it('throws from the iteration and from done when the link breaks, after all that had arrived', async () => {
    await using mortal = await startSshd();
    const victim = await connectTo(mortal);
    const command = victim.streamExec('echo begun; sleep 60');
    const seen: string[] = [];
    const error = await rejection(
      (async () => {
        for await (const event of command) {
          seen.push(event.data);
          mortal.kill('SIGKILL');
        }
      })(),
    );
    expect(seen).toEqual(['begun\n']);
    expect(error).toBeInstanceOf(ConnectionLost);
    expect(await rejection(command.done)).toBe(error);
  });

  it("tells the terminal's new size", async () => {
    const command = connection.streamExec(
      'trap "stty size; exit 0" WINCH; echo ready; while :; do sleep 0.05; done',
      {
        pty: true,
      },
    );
    let text = '';
    for await (const event of command) {
      text += event.data;
      if (event.data.includes('ready')) command.resize(120, 40);
    }
    expect(text).toContain('40 120');
  });
});

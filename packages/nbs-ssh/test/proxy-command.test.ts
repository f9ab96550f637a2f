import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  findProgram,
  type LeakCheck,
  type ScratchDir,
  type Sshd,
  scratchDir,
  sshdAvailable,
  startSshd,
  watchForLeaks,
} from '@nbs-ssh/testing';
import {
  ConnectionLost,
  createPasswordAuth,
  SSHConnection,
  SSHConnectionError,
  type SSHConnectionOptions,
  type SSHError,
} from 'nbs-ssh';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { optionsFor, rejection } from './lab.ts';

describe.skipIf(!sshdAvailable() || findProgram('nc') === undefined)('a connection through a program', () => {
  let sshd: Sshd;
  let scratch: ScratchDir;
  let leaks: LeakCheck;
  beforeAll(async () => {
    sshd = await startSshd();
    scratch = scratchDir('proxy-command');
  });
  afterAll(async () => {
    await sshd.stop();
    scratch.remove();
  });
  beforeEach(() => {
    leaks = watchForLeaks();
  });
  afterEach(() => leaks.assertClean());

  const shell = (script: string): readonly string[] => ['/bin/sh', '-c', script, 'proxy'];
  const by = (
    proxyCommand: readonly string[],
    more: Partial<SSHConnectionOptions> = {},
  ): SSHConnectionOptions =>
    optionsFor(sshd, { host: 'named.by.nobody', knownHosts: nameKnown(), proxyCommand, ...more });
  const refused = async (options: SSHConnectionOptions): Promise<SSHError> =>
    (await rejection(SSHConnection.connect(options))) as SSHError;
  /** known_hosts with the name that is only known on the other side. */
  function nameKnown(): string {
    const [, ...key] = sshd.knownHostsLine().split(' ');
    const path = join(scratch.path, 'known_hosts');
    writeFileSync(path, `[named.by.nobody]:${sshd.port} ${key.join(' ')}\n`);
    return path;
  }
  const netcat = (): readonly string[] => ['nc', sshd.host, String(sshd.port)];

  it('runs commands and carries 8 MiB through its standard input and output', async () => {
    const connection = await SSHConnection.connect(by(netcat()));
    const input = Buffer.alloc(8 * 1_048_576, 'nbs');
    const { stdout } = await connection.exec('cat', { stdin: input, encoding: 'bytes' });
    expect(input.equals(stdout)).toBe(true);
    await connection.close();
  });

  it('ends the program with the connection', async () => {
    const pidFile = join(scratch.path, 'pid');
    const script = `echo $$ > '${pidFile}'; exec nc ${sshd.host} ${sshd.port}`;
    const connection = await SSHConnection.connect(by(shell(script)));
    const pid = Number(readFileSync(pidFile, 'utf8'));
    expect(isAlive(pid)).toBe(true);
    await connection.close();
    expect(isAlive(pid)).toBe(false);
  });

  it('T199 kills a program that neither its end of input nor SIGTERM can move', async () => {
    const pidFile = join(scratch.path, 'stubborn');
    const script = `trap '' TERM; echo $$ > '${pidFile}'; nc ${sshd.host} ${sshd.port}; while :; do sleep 0.05; done`;
    const connection = await SSHConnection.connect(by(shell(script)));
    const pid = Number(readFileSync(pidFile, 'utf8'));
    await connection.close();
    // Two seconds after SIGTERM; the leak check waits for the process itself.
    await until(() => !isAlive(pid));
  });

  it('T199 quotes the last words of a program that gives up, and may be tried again', async () => {
    const error = await refused(by(shell('echo first >&2; printf "no \\033[31mroute\\n" >&2; exit 3')));
    expect(error).toBeInstanceOf(SSHConnectionError);
    expect(error).toMatchObject({
      code: 'PROXY_COMMAND_ENDED',
      fault: 'network',
      retryable: true,
      context: { command: '/bin/sh', exitCode: 3, signal: null },
    });
    expect(error.message).toContain('route');
    expect(error.message).not.toContain('\u001b');
  });

  it('T188 leaves what looks like a secret, and secrets of ours, out of evidence and of the JSON of the error', async () => {
    const said = 'echo "$1 password=hunter2" >&2; echo "Authorization: Bearer abcdef0123456789" >&2; exit 1';
    const error = await refused(
      by([...shell(said), 'correct-horse'], { auth: createPasswordAuth('correct-horse') }),
    );
    expect(error.code).toBe('PROXY_COMMAND_ENDED');
    const kept = JSON.stringify([error, error.evidence]);
    expect(error.message).toContain('Authorization: ');
    for (const secret of ['abcdef0123456789', 'correct-horse', 'hunter2']) expect(kept).not.toContain(secret);
  });

  it('T199 keeps no more than the last of what a program writes to its standard error', async () => {
    const heard: number[] = [];
    const error = await refused(
      by(shell('head -c 3000000 /dev/zero | tr "\\0" x >&2; echo the end >&2; exit 1'), {
        onProxyStderr: (bytes) => heard.push(bytes.length),
      }),
    );
    expect(heard.reduce((sum, length) => sum + length, 0)).toBe(3_000_008);
    expect(error.message.length).toBeLessThan(3000);
    expect(error.message).toContain('the end');
  });

  it('T199 says that a program died while commands ran', async () => {
    const pidFile = join(scratch.path, 'mortal');
    const script = `echo $$ > '${pidFile}'; exec nc ${sshd.host} ${sshd.port}`;
    const connection = await SSHConnection.connect(by(shell(script)));
    const running = rejection(connection.exec('sleep 60'));
    process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL');
    const error = (await running) as SSHError;
    expect(error).toBeInstanceOf(ConnectionLost);
    expect(await connection.closed).toMatchObject({
      code: 'PROXY_COMMAND_ENDED',
      context: { signal: 'SIGKILL' },
    });
    await connection.close();
  });

  it('names the program that does not exist, and that trying again will not help', async () => {
    const error = await refused(by(['/nowhere/at-all', 'x']));
    expect(error).toMatchObject({ code: 'PROXY_COMMAND_START', fault: 'caller', retryable: false });
    expect(error.message).toContain('/nowhere/at-all');
  });

  it('is not SSH when the program says something else', async () => {
    const error = await refused(by(shell('printf "HTTP/1.1 400 Bad Request\\r\\n\\r\\n"')));
    expect(error.code).toBe('TRANSPORT_NOT_SSH');
  });

  it('T199 times out on a program that says nothing, and ends it', async () => {
    const pidFile = join(scratch.path, 'silent');
    const error = await refused(
      by(shell(`echo $$ > '${pidFile}'; exec sleep 60`), { connectTimeoutSec: 0.3 }),
    );
    expect(error).toMatchObject({ errorType: 'ConnectionTimeout', phase: 'identification' });
    await until(() => existsSync(pidFile) && !isAlive(Number(readFileSync(pidFile, 'utf8'))));
  });

  it('T177 gives its words to the program as they are: no shell sees them', async () => {
    const marker = join(scratch.path, 'never');
    const error = await refused(by(['/bin/echo', `$(touch ${marker})`, `; touch ${marker}`, '`id`']));
    expect(error.code).toBe('TRANSPORT_NOT_SSH');
    expect(existsSync(marker)).toBe(false);
  });

  it('leads to the first jump host when there are some', async () => {
    await using target = await startSshd();
    const connection = await SSHConnection.connect(
      optionsFor(target, {
        proxyCommand: netcat(),
        proxyJump: { ...optionsFor(sshd), host: 'named.by.nobody', knownHosts: nameKnown() },
      }),
    );
    expect((await connection.exec('echo far')).stdout).toBe('far\n');
    await connection.close();
  });

  it('refuses what is no program with arguments', () => {
    for (const proxyCommand of ['nc host 22', [], [''], [7], ['nc', 'a\0b']]) {
      expect(() => new SSHConnection({ host: 'h', proxyCommand } as unknown as SSHConnectionOptions)).toThrow(
        /proxyCommand/,
      );
    }
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Looks until `condition` holds; the test's own time limit ends a wait that never does. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
}

import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram, makeKey, run, sshdAvailable, startTcpTarget, systemOpenssh } from '@nbs-ssh/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtCli, type Cli, finished, knownHostsArgs, shows } from './cli.ts';

interface Served {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly fingerprint: string;
  readonly known_hosts: string;
}

describe('nbs-ssh serve', () => {
  let cli: Cli;
  beforeAll(async () => {
    cli = await builtCli();
  });
  afterAll(() => cli[Symbol.dispose]());

  /** Runs `use` against a server, which must end cleanly on SIGINT afterwards. */
  async function serving(
    args: readonly string[],
    use: (served: Served, knownHosts: string) => Promise<void>,
  ) {
    const child = cli.start(['serve', '--json', ...args]);
    const end = finished(child);
    try {
      const served = JSON.parse(await shows(child, /\}\n/)) as Served;
      const knownHosts = join(cli.scratch.path, 'served_known_hosts');
      writeFileSync(knownHosts, `${served.known_hosts}\n`);
      await use(served, knownHosts);
    } finally {
      child.kill('SIGINT');
    }
    expect((await end).exitCode).toBe(0);
  }

  it('serves our own client, which logs in with the password it printed', async () => {
    await serving(['--user', 'guest'], async ({ host, port, user, password, fingerprint }, knownHosts) => {
      expect(host).toBe('127.0.0.1');
      expect(fingerprint).toMatch(/^SHA256:/);
      const bytes = randomBytes(3_000_000);
      const args = ['-p', String(port), ...knownHostsArgs(knownHosts), `${user}@${host}`, 'cat; exit 7'];
      const result = await cli.run(args, { stdin: bytes, env: { NBS_SSH_PASSWORD: password } });
      expect(result).toMatchObject({ exitCode: 7, stderr: '' });
      expect(result.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
    });
  });

  it('prints what a person needs, and another password each time', async () => {
    const passwords = new Set<string>();
    for (let round = 0; round < 2; round += 1) {
      const child = cli.start(['serve']);
      const end = finished(child);
      const text = await shows(child, /Ctrl-C/);
      expect(text).toMatch(/known_hosts {2}\[127\.0\.0\.1\]:\d+ ssh-ed25519 AAAA/);
      passwords.add(/^password +(\S{20})$/m.exec(text)?.[1] ?? '');
      child.kill('SIGTERM');
      expect(await end).toMatchObject({ exitCode: 0, stderr: '' });
    }
    expect(passwords.size).toBe(2);
  });

  it('tells that a port is taken', async () => {
    await serving([], async ({ port }) => {
      const second = await cli.run(['serve', '--port', String(port)]);
      expect(second.exitCode).toBe(255);
      expect(second.lines).toHaveLength(2);
      expect(second.stderr).toContain(`port ${port}`);
    });
  });

  it.skipIf(!sshdAvailable())('serves the official client, with a key', async () => {
    const peer = systemOpenssh();
    if (!peer.available) return;
    const key = await makeKey(peer.binaries, cli.scratch.path, 'guest', 'ed25519');
    const keysArgs = ['--user', 'guest', '--authorized-keys', `${key.path}.pub`];
    await serving(keysArgs, async ({ host, port }, knownHosts) => {
      const options = [`UserKnownHostsFile=${knownHosts}`, 'GlobalKnownHostsFile=/dev/null', 'BatchMode=yes'];
      const args = [
        '-F',
        'none',
        '-p',
        String(port),
        '-i',
        key.path,
        ...options.flatMap((line) => ['-o', line]),
      ];
      const result = await run(findProgram('ssh') ?? 'ssh', [...args, `guest@${host}`, 'echo hello; exit 5']);
      expect(result).toMatchObject({ stdout: 'hello\n', exitCode: 5 });
    });
  });

  it.skipIf(!sshdAvailable())('forwards only when told to', async () => {
    const peer = systemOpenssh();
    if (!peer.available) return;
    const key = await makeKey(peer.binaries, cli.scratch.path, 'forwards', 'ed25519');
    await using target = await startTcpTarget((socket) => socket.end('from the target'));
    const keysArgs = ['--user', 'guest', '--authorized-keys', `${key.path}.pub`];
    for (const more of [[], ['--allow-forwarding']]) {
      await serving([...keysArgs, ...more], async ({ host, port }, knownHosts) => {
        const options = ['-o', `UserKnownHostsFile=${knownHosts}`, '-o', 'GlobalKnownHostsFile=/dev/null'];
        const args = ['-F', 'none', '-p', String(port), '-i', key.path, ...options, '-o', 'BatchMode=yes'];
        const way = ['-W', `127.0.0.1:${target.port}`, `guest@${host}`];
        const result = await run(findProgram('ssh') ?? 'ssh', [...args, ...way]);
        if (more.length > 0) expect(result).toMatchObject({ stdout: 'from the target', exitCode: 0 });
        else expect(result.stderr).toMatch(/administratively prohibited/);
      });
    }
  });
});

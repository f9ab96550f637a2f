import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Sshd, sshdAvailable, startSshd, testAccountAvailable } from '@nbs-ssh/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtCli, type Cli, finished, loginArgs, shows } from './cli.ts';

describe.skipIf(!sshdAvailable())('nbs-ssh against OpenSSH', () => {
  let cli: Cli;
  let sshd: Sshd;
  beforeAll(async () => {
    [cli, sshd] = await Promise.all([
      builtCli(),
      // Not root: sshd delivers signals only to sessions of other users.
      startSshd({ password: testAccountAvailable() }),
    ]);
  });
  afterAll(async () => {
    await sshd.stop();
    cli[Symbol.dispose]();
  });

  it('prints what the command prints and exits with what it exits with', async () => {
    const result = await cli.run([...loginArgs(sshd), 'uname -a; echo oops >&2; exit 3']);
    expect(result.stdout).toMatch(/^Linux /);
    expect(result.stderr).toBe('oops\n');
    expect(result.exitCode).toBe(3);
  });

  it('writes a bundle that names algorithms, both offers and five timings, for its owner only', async () => {
    const evidence = join(cli.scratch.path, 'bundle.json');
    const result = await cli.run([...loginArgs(sshd, '--evidence', evidence), 'exit 3']);
    expect(result.exitCode).toBe(3);
    expect(statSync(evidence).mode & 0o777).toBe(0o600);
    const { algorithms, timing } = JSON.parse(readFileSync(evidence, 'utf8'));
    for (const slot of ['kex', 'host_key', 'cipher_cs', 'cipher_sc']) expect(algorithms[slot]).toMatch(/./);
    expect(algorithms.offers.client.kex.length).toBeGreaterThan(1);
    expect(algorithms.offers.server.kex.length).toBeGreaterThan(1);
    for (const part of ['tcp_ms', 'version_ms', 'kex_ms', 'auth_ms', 'total_ms']) {
      expect(timing[part]).toBeGreaterThan(0);
    }
  });

  it('appends the events to a log, one JSON object a line', async () => {
    const events = join(cli.scratch.path, 'events.jsonl');
    await cli.run([...loginArgs(sshd, '--events', events), 'true']);
    const types = readFileSync(events, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).event_type);
    expect(types).toEqual(
      expect.arrayContaining(['CONNECT', 'KEX', 'HOST_KEY', 'AUTH', 'EXEC', 'DISCONNECT']),
    );
  });

  it('passes 20 MB of binary input and output through unchanged', async () => {
    const bytes = randomBytes(20_000_000);
    const result = await cli.run([...loginArgs(sshd), 'cat'], { stdin: bytes });
    expect(result).toMatchObject({ exitCode: 0, stderr: '', stdoutBytes: bytes.length });
    expect(result.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
  });

  it('gives an empty input with -n, and ends although its own input stays open', async () => {
    // `during` keeps standard input open.
    const result = await cli.run([...loginArgs(sshd, '-n'), 'cat; echo done'], { during: () => {} });
    expect(result).toMatchObject({ exitCode: 0, stdout: 'done\n' });
  });

  it('ends with the command, although its own input stays open', async () => {
    const result = await cli.run([...loginArgs(sshd), 'echo done'], { during: () => {} });
    expect(result).toMatchObject({ exitCode: 0, stdout: 'done\n' });
  });

  it('exits with 128 + n when a signal ended the command', async () => {
    expect((await cli.run([...loginArgs(sshd), 'kill -TERM $$'])).exitCode).toBe(143);
  });

  it('ends quietly when its reader goes away, and takes the command with it', async () => {
    const child = cli.start([...loginArgs(sshd), 'echo $$; exec yes']);
    child.stdin?.end();
    const pid = Number(/^\d+/.exec(await shows(child, /^\d+\ny/))?.[0]);
    child.stdout?.destroy();
    const result = await finished(child);
    expect(result).toMatchObject({ exitCode: 141, stderr: '' });
    await expect.poll(() => isAlive(pid), { timeout: 20_000 }).toBe(false);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)(
    'ends the remote command on %s, writes the evidence and exits with %i',
    async (signal, code) => {
      const evidence = join(cli.scratch.path, `${signal}.json`);
      const child = cli.start([...loginArgs(sshd, '--evidence', evidence), 'echo $$; exec sleep 1000']);
      const end = finished(child);
      const pid = Number(await shows(child, /^\d+\n/));
      child.kill(signal);
      expect((await end).exitCode).toBe(code);
      await expect.poll(() => isAlive(pid), { timeout: 20_000 }).toBe(false);
      expect(JSON.parse(readFileSync(evidence, 'utf8')).algorithms.kex).toMatch(/./);
    },
  );

  it('ends on a signal also when its reader has stalled', async () => {
    const child = cli.start([...loginArgs(sshd, '-vvv'), 'exec yes']);
    const exit = once(child, 'exit');
    // Twenty packets are more than the pipe to us holds.
    await shows(child, /(?:received CHANNEL_DATA[\s\S]*?){20}/, 'stderr');
    child.kill('SIGTERM');
    expect(await exit).toEqual([143, null]);
    child.stdout?.destroy();
  });

  it('traces the phases with -v, the offers with -vv and the packets with -vvv', async () => {
    const one = await cli.run([...loginArgs(sshd, '-v'), 'true']);
    expect(one.stderr).toMatch(/connecting to 127\.0\.0\.1 port \d+/);
    expect(one.stderr).toMatch(/host key ssh-ed25519 SHA256:\S+: trusted at .*known_hosts:1/);
    expect(one.stderr).toMatch(/keys exchanged: \S+, ssh-ed25519, /);
    expect(one.stderr).toMatch(/login publickey SHA256:\S+: success/);
    expect(one.stderr).not.toMatch(/offers?|packet|\?/);
    const two = await cli.run([...loginArgs(sshd, '-vv'), 'true']);
    expect(two.stderr).toMatch(/server offers kex: /);
    expect(two.stderr).not.toMatch(/packet/);
    const three = await cli.run([...loginArgs(sshd, '-vvv'), 'true']);
    expect(three.stderr).toMatch(/packet \S+ KEXINIT \(20\)/);
  });

  it('tells the result as one line of JSON with --json', async () => {
    const { lines, exitCode } = await cli.run([...loginArgs(sshd, '--json'), 'exit 4']);
    expect(exitCode).toBe(4);
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ ok: true, exit_code: 4, remote_signal: null });
  });

  it('tells the result as the last line with --json, also with -v and for a reader that went away', async () => {
    const { lines } = await cli.run([...loginArgs(sshd, '--json', '-v'), 'exit 4']);
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ ok: true, exit_code: 4 });
    const child = cli.start([...loginArgs(sshd, '--json', '-v'), 'exec yes']);
    child.stdin?.end();
    const end = finished(child);
    await shows(child, /y/);
    child.stdout?.destroy();
    const closed = await end;
    expect(closed.exitCode).toBe(141);
    expect(JSON.parse(closed.lines.at(-1) ?? '')).toMatchObject({
      ok: false,
      exit_code: 141,
      error: { type: 'OutputClosed' },
    });
  });

  it('negotiates what the settings ask for, with either crypto', async () => {
    const wanted = [
      '-o',
      'Ciphers=aes256-ctr',
      '-o',
      'MACs=hmac-sha2-512',
      '-o',
      'KexAlgorithms=ecdh-sha2-nistp256',
    ];
    for (const crypto of ['noble', 'node', 'auto']) {
      const { lines } = await cli.run([...loginArgs(sshd, ...wanted, '--json', '--crypto', crypto), 'true']);
      expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({
        algorithms: { kex: 'ecdh-sha2-nistp256', cipherClientToServer: 'aes256-ctr' },
      });
    }
  });

  it('accepts a new host key and writes it down with accept-new', async () => {
    const file = join(cli.scratch.path, 'new_known_hosts');
    const args = ['-p', String(sshd.port), '-i', sshd.clientKey(), '-o', `UserKnownHostsFile=${file}`];
    const target = `${sshd.username}@${sshd.host}`;
    const first = await cli.run([...args, '--host-key-policy', 'accept-new', target, 'true']);
    expect(first).toMatchObject({ exitCode: 0 });
    expect(first.stderr).toMatch(/unknown host key .* was accepted/);
    expect(await cli.run([...args, target, 'true'])).toMatchObject({ exitCode: 0, stderr: '' });
  });

  it("writes no new host key anywhere when the user has no files, least of all into the system's", async () => {
    const system = join(cli.scratch.path, 'system_known_hosts');
    writeFileSync(system, '# of the system\n');
    const none = ['-o', 'UserKnownHostsFile=none', '-o', `GlobalKnownHostsFile=${system}`];
    const args = [
      '-p',
      String(sshd.port),
      '-i',
      sshd.clientKey(),
      ...none,
      '--host-key-policy',
      'accept-new',
    ];
    const { exitCode } = await cli.run([...args, `${sshd.username}@${sshd.host}`, 'true']);
    expect(exitCode).toBe(0);
    expect(readFileSync(system, 'utf8')).toBe('# of the system\n');
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

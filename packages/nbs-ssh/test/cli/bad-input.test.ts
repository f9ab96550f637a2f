import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  fingerprintOf,
  freePort,
  garbageScript,
  httpScript,
  type Sshd,
  silentScript,
  sshdAvailable,
  startHostileServer,
  startSshd,
  testAccountAvailable,
} from '@nbs-ssh/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  builtCli,
  type Cli,
  type Finished,
  finished,
  knownHostsArgs,
  loginArgs,
  shows,
  trustArgs,
} from './cli.ts';

let cli: Cli;
beforeAll(async () => {
  cli = await builtCli();
});
afterAll(() => cli[Symbol.dispose]());

/** Exit 255, nothing on stdout, one line of cause and one of remedy; and a bundle that agrees. */
async function fails(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Failure> {
  const evidence = join(cli.scratch.path, 'failure.json');
  const result = await cli.run(['--evidence', evidence, ...args], { env });
  expect(result).toMatchObject({ exitCode: 255, stdout: '' });
  return { ...told(result), bundle: JSON.parse(readFileSync(evidence, 'utf8')) };
}

interface Failure {
  readonly cause: string;
  readonly remedy: string;
  readonly bundle: { readonly error_context: Readonly<Record<string, unknown>> };
}

function told(result: Finished): { readonly cause: string; readonly remedy: string } {
  expect(result.lines).toHaveLength(2);
  const [cause = '', remedy = ''] = result.lines;
  expect(cause).toMatch(/^nbs-ssh: .*\.$/);
  expect(remedy).toMatch(/^nbs-ssh: .*\.$/);
  return { cause, remedy };
}

describe('without a usable server, nbs-ssh', () => {
  it('tells that a port is wrong', async () => {
    const { cause, remedy, bundle } = await fails(['-p', String(await freePort()), '127.0.0.1', 'true']);
    expect(cause).toContain('refused');
    expect(remedy).toContain('-p');
    expect(bundle.error_context['error_type']).toBe('ConnectionRefused');
  });

  it('tells that a name does not exist', async () => {
    const { cause } = await fails(['no-such-host.invalid', 'true']);
    expect(cause).toMatch(/no-such-host\.invalid/);
  });

  it('gives up on a silent server within its deadline and names the phase', async () => {
    await using server = await startHostileServer(silentScript);
    const args = ['-o', 'ConnectTimeout=1', '-p', String(server.port), '127.0.0.1', 'true'];
    const { cause, bundle } = await fails(args);
    expect(cause).toContain('did not say in time that it is an SSH server');
    expect(bundle.error_context).toMatchObject({ error_type: 'ConnectionTimeout', phase: 'identification' });
  });

  it.each([
    ['a web server', httpScript, 'it speaks HTTP'],
    ['noise', garbageScript(7), 'SSH'],
  ])('recognises %s', async (_, script, part) => {
    await using server = await startHostileServer(script);
    const args = ['-o', 'ConnectTimeout=3', '-p', String(server.port), '127.0.0.1', 'true'];
    expect((await fails(args)).cause).toContain(part);
  });

  it.each([
    ['no host', []],
    ['no command', ['127.0.0.1']],
    ['an unknown option', ['-Z', '127.0.0.1', 'true']],
    ['a later option', ['-L', '1:localhost:2', '127.0.0.1', 'true']],
    ['an unknown algorithm', ['-o', 'Ciphers=blowfish-cbc', '127.0.0.1', 'true']],
    ['a log that cannot be written', ['--events', '/nowhere/events', '127.0.0.1', 'true']],
  ])('tells about %s in the same form', async (_, args) => {
    const result = await cli.run(args);
    expect(result.exitCode).toBe(255);
    told(result);
  });
});

describe('with --json, the last line on standard error', () => {
  const last = ({ lines }: Finished): unknown => JSON.parse(lines.at(-1) ?? '');

  it.each([
    ['in front of', ['--json', '-Z', '127.0.0.1', 'true']],
    ['behind', ['-p', 'x', '--json', '127.0.0.1', 'true']],
    ['after the host and', ['127.0.0.1', '--json', '-Z', 'true']],
  ])('is a usage error also when it stands %s what is wrong', async (_, args) => {
    const result = await cli.run(args);
    expect(result.exitCode).toBe(255);
    expect(last(result)).toMatchObject({ ok: false, exit_code: 255, error: { type: 'UsageError' } });
  });

  it('is none when --json belongs to the command', async () => {
    const { stderr } = await cli.run(['-Z', '127.0.0.1', 'true', '--json']);
    expect(stderr).not.toContain('{');
  });

  it('is the error also when the evidence cannot be written and the end is traced', async () => {
    const args = ['--json', '-v', '--evidence', '/nowhere/bundle', '-p', String(await freePort())];
    const result = await cli.run([...args, '127.0.0.1', 'true']);
    expect(result.stderr).toContain('/nowhere/bundle');
    expect(last(result)).toMatchObject({ ok: false, error: { type: 'ConnectionRefused' } });
  });

  it('names the signal that came while connecting', async () => {
    await using server = await startHostileServer(silentScript);
    const child = cli.start(['--json', '-v', '-p', String(server.port), '127.0.0.1', 'true']);
    const end = finished(child);
    await shows(child, /connecting to/, 'stderr');
    child.kill('SIGINT');
    const result = await end;
    expect(result.exitCode).toBe(130);
    expect(last(result)).toMatchObject({ ok: false, exit_code: 130, error: { type: 'Interrupted' } });
  });
});

describe.skipIf(!sshdAvailable())('with OpenSSH, nbs-ssh', () => {
  let sshd: Sshd;
  beforeAll(async () => {
    sshd = await startSshd({ password: testAccountAvailable(), hostKeyTypes: ['ed25519'] });
  });
  afterAll(() => sshd.stop());

  it('refuses an unknown host key with its fingerprint, and says how to accept it', async () => {
    const { cause, remedy, bundle } = await fails(withKnownHosts('empty', '\n'));
    expect(cause).toContain(await fingerprintOf(sshd.binaries, hostKey()));
    expect(remedy).toContain('--host-key-policy accept-new');
    expect(bundle.error_context['error_type']).toBe('HostKeyMismatch');
  });

  it('refuses a changed host key, naming the line that knows another', async () => {
    const other = await sshd.addKey('other', 'ed25519');
    const line = other.publicLine.split(' ').slice(0, 2).join(' ');
    const args = withKnownHosts('changed', `# a comment\n[127.0.0.1]:${sshd.port} ${line}\n`);
    const { cause, remedy } = await fails(args);
    expect(cause).toContain(`${join(cli.scratch.path, 'changed')}:2 expects`);
    expect(cause).toContain(await fingerprintOf(sshd.binaries, other));
    expect(remedy).toContain('nbs-ssh keygen -R');
  });

  it('refuses a revoked host key', async () => {
    const line = hostKey().publicLine.split(' ').slice(0, 2).join(' ');
    const { cause } = await fails(withKnownHosts('revoked', `@revoked * ${line}\n`));
    expect(cause).toContain('revoked');
  });

  it('never sends a password to a changed host, also where the policy accepts every key', async () => {
    const other = await sshd.addKey('another', 'ed25519');
    const file = join(cli.scratch.path, 'insecure');
    writeFileSync(file, `[127.0.0.1]:${sshd.port} ${other.publicLine.split(' ').slice(0, 2).join(' ')}\n`);
    const args = ['-p', String(sshd.port), ...knownHostsArgs(file), '-o', 'StrictHostKeyChecking=no'];
    const env = { NBS_SSH_PASSWORD: sshd.password ?? 'unused' };
    const result = await cli.run([...args, `${sshd.username}@127.0.0.1`, 'true'], { env });
    expect(result.exitCode).toBe(255);
    expect(result.stderr).toMatch(/is not the known one; no password is sent/);
    const withKey = await cli.run([...args, '-i', sshd.clientKey(), `${sshd.username}@127.0.0.1`, 'true']);
    expect(withKey.exitCode).toBe(0);
  });

  it.skipIf(!testAccountAvailable())(
    'logs in with a password of the environment, and not with a wrong one',
    async () => {
      const target = `${sshd.username}@${sshd.host}`;
      const password = sshd.password ?? '';
      const good = await cli.run([...trustArgs(sshd), target, 'env | grep -c NBS_SSH_PASSWORD'], {
        env: { NBS_SSH_PASSWORD: password },
      });
      expect(good).toMatchObject({ stdout: '0\n', exitCode: 1 });
      const bad = await fails([...trustArgs(sshd), target, 'true'], { NBS_SSH_PASSWORD: 'hunter-two-two' });
      expect(bad.cause).toMatch(/password refused/);
      expect(bad.remedy).toContain('password');
      expect(JSON.stringify(bad)).not.toContain('hunter-two-two');
    },
  );

  it('says what it could not try when there is nobody to ask', async () => {
    const { cause, remedy } = await fails([
      ...trustArgs(sshd),
      '-o',
      'BatchMode=yes',
      `${sshd.username}@127.0.0.1`,
      'true',
    ]);
    expect(cause).toMatch(/did not let .* in \(the server takes publickey/);
    expect(remedy).toMatch(/-i/);
  });

  it('tells that a key file is missing, unreadable, no key, or encrypted', async () => {
    const locked = await sshd.addKey('locked', 'ed25519', { passphrase: 'opens it', authorized: true });
    const stranger = await sshd.addKey('stranger', 'ed25519');
    const noKey = join(cli.scratch.path, 'no-key');
    writeFileSync(noKey, 'hello\n', { mode: 0o600 });
    const open = join(cli.scratch.path, 'open-key');
    writeFileSync(open, readFileSync(sshd.clientKey()), { mode: 0o644 });
    const withKey = (path: string): readonly string[] => [
      ...trustArgs(sshd),
      ...['-o', 'PreferredAuthentications=publickey', '-i', path, `${sshd.username}@127.0.0.1`, 'true'],
    ];
    expect((await fails(withKey('/nowhere/key'))).cause).toContain('/nowhere/key');
    expect((await fails(withKey(noKey))).cause).toContain('no private key');
    const others = await fails(withKey(open));
    expect(others.cause).toContain('0644');
    expect(others.remedy).toContain('chmod 600');
    const encrypted = await fails(withKey(locked.path));
    expect(encrypted.cause).toContain(`${locked.path} is encrypted`);
    expect(encrypted.remedy).toContain('NBS_SSH_PASSPHRASE');
    expect((await fails(withKey(locked.path), { NBS_SSH_PASSPHRASE: 'wrong' })).cause).toContain(
      `does not open the private key ${locked.path}`,
    );
    expect((await fails(withKey(`${locked.path}.pub`))).remedy).toContain('Give -i the private key');
    const several = await fails([
      '-i',
      '/nowhere/key',
      '-i',
      locked.path,
      '-i',
      stranger.path,
      ...withKey(noKey),
    ]);
    for (const path of ['/nowhere/key', locked.path, noKey]) expect(several.cause).toContain(`(${path})`);
    const right = await cli.run(withKey(locked.path), { env: { NBS_SSH_PASSPHRASE: 'opens it' } });
    expect(right).toMatchObject({ exitCode: 0, stderr: '' });
  });

  it('tells which algorithms both sides have when there is none in common', async () => {
    await using limited = await startSshd({ ciphers: ['aes128-ctr'] });
    const { cause, remedy } = await fails([...loginArgs(limited, '-o', 'Ciphers=aes256-ctr'), 'true']);
    expect(cause).toContain('we offer aes256-ctr; the server offers aes128-ctr');
    expect(remedy).toContain('-o Ciphers=+aes128-ctr');
  });

  it('tells that the connection was lost when the server dies in the middle of the output', async () => {
    await using mortal = await startSshd();
    const child = cli.start([...loginArgs(mortal), 'echo begun; exec sleep 1000']);
    const end = finished(child);
    await shows(child, /begun/);
    mortal.kill('SIGKILL');
    const result = await end;
    expect(result).toMatchObject({ exitCode: 255, stdout: 'begun\n' });
    const { cause, remedy } = told(result);
    expect(cause).toContain('was lost while the command ran');
    expect(remedy).toContain('how far the command got');
  });

  const hostKey = (): Sshd['hostKeys'][number] => sshd.hostKeys[0] as Sshd['hostKeys'][number];
  const withKnownHosts = (name: string, text: string): readonly string[] => {
    const file = join(cli.scratch.path, name);
    writeFileSync(file, text);
    const trust = ['-p', String(sshd.port), ...knownHostsArgs(file), '-i', sshd.clientKey()];
    return [...trust, `${sshd.username}@127.0.0.1`, 'true'];
  };
});

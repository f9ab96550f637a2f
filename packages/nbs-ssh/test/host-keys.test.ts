import { createHmac, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SSHServer } from '@nbs-ssh/server';
import {
  fingerprintOf,
  type KeyFile,
  type ScratchDir,
  type Sshd,
  scratchDir,
  sshdAvailable,
  startSshd,
} from '@nbs-ssh/testing';
import {
  createNodeProvider,
  createPasswordAuth,
  HostKeyMismatch,
  SSHConnection,
  type SSHConnectionOptions,
  type SSHError,
  type UnknownHostKey,
} from 'nbs-ssh';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { hostKeyEvent, sentByUs } from './host-evidence.ts';
import { optionsFor, rejection } from './lab.ts';

describe.skipIf(!sshdAvailable())('the host key of OpenSSH', () => {
  let sshd: Sshd;
  let other: KeyFile;
  let scratch: ScratchDir;
  let files = 0;
  beforeAll(async () => {
    sshd = await startSshd({ password: true, hostKeyTypes: ['ed25519', 'rsa'] });
    other = await sshd.addKey('other', 'ed25519');
    scratch = scratchDir('known-hosts');
  });
  afterAll(async () => {
    scratch.remove();
    await sshd.stop();
  });

  /** A new file with these lines, or a path where none is. */
  function file(...lines: string[]): string {
    files += 1;
    const path = join(scratch.path, `known_hosts-${files}`);
    if (lines.length > 0) writeFileSync(path, `${lines.join('\n')}\n`);
    return path;
  }
  const name = (): string => `[127.0.0.1]:${sshd.port}`;
  const ed25519 = (): string => sshd.knownHostsLine('ed25519');
  const keyOf = (key: KeyFile): string => key.publicLine.split(' ').slice(0, 2).join(' ');

  function options(knownHosts: string | readonly string[] | null, more: Partial<SSHConnectionOptions> = {}) {
    return optionsFor(sshd, { crypto: createNodeProvider(), tracePackets: true, ...more, knownHosts });
  }

  /** Connects, and gives the verdict of the evidence. */
  async function verdict(...args: Parameters<typeof options>): Promise<Record<string, unknown>> {
    await using connection = await SSHConnection.connect(options(...args));
    expect((await connection.exec('echo in')).stdout).toBe('in\n');
    return hostKeyEvent(connection);
  }

  /** Is refused, and nothing of authentication was sent before. */
  async function refusal(...args: Parameters<typeof options>): Promise<HostKeyMismatch> {
    const error = (await rejection(SSHConnection.connect(options(...args)))) as HostKeyMismatch;
    expect(error).toBeInstanceOf(HostKeyMismatch);
    expect(error).toMatchObject({ code: 'HOST_KEY_REFUSED', phase: 'host-key', retryable: false });
    const fingerprint = await fingerprintOf(sshd.binaries, sshd.hostKeys[0] as KeyFile);
    expect(error.context.fingerprint).toBe(fingerprint);
    expect(error.message).toContain(fingerprint);
    expect(sentByUs(error)).toEqual(['KEXINIT', expect.stringMatching(/^KEX/), 'DISCONNECT']);
    return error;
  }

  it('is refused as unknown by the strict policy, before a byte of authentication', async () => {
    const nothing = file();
    expect((await refusal(nothing)).reason).toBe('unknown');
    expect(existsSync(nothing)).toBe(false);
    expect((await refusal(file(`elsewhere.example ${keyOf(other)}`))).reason).toBe('unknown');
  });

  it('is refused as changed with the known fingerprint, file and line, by every policy but insecure', async () => {
    const path = file('# comment', `${name()} ${keyOf(other)}`);
    const known = [
      {
        file: path,
        line: 2,
        keyType: 'ssh-ed25519',
        fingerprint: await fingerprintOf(sshd.binaries, other),
      },
    ];
    const yes = vi.fn(() => true);
    for (const hostKeyPolicy of ['strict', 'accept-new', 'ask'] as const) {
      const error = await refusal(path, { hostKeyPolicy, onUnknownHostKey: yes });
      expect(error).toMatchObject({ reason: 'changed', context: { known, file: path, line: 2 } });
    }
    expect(yes).not.toHaveBeenCalled();
    expect(readFileSync(path, 'utf8').split('\n').length).toBe(3);
    expect(await verdict(path, { hostKeyPolicy: 'insecure' })).toMatchObject({ verdict: 'changed-accepted' });
  });

  it('is refused as revoked, also when it is known besides', async () => {
    const [line] = [ed25519()];
    const path = file(line, `@revoked * ${line.split(' ').slice(1).join(' ')}`);
    const error = await refusal(path, { hostKeyPolicy: 'accept-new' });
    expect(error).toMatchObject({ reason: 'revoked', context: { file: path, line: 2 } });
  });

  it('is written down once by accept-new, and known from then on', async () => {
    const path = join(scratch.path, 'new-home', 'known_hosts');
    const policy = { hostKeyPolicy: 'accept-new' } as const;
    expect(await verdict(path, policy)).toMatchObject({ verdict: 'unknown-accepted', policy: 'accept-new' });
    const written = readFileSync(path, 'utf8');
    expect(written.trim().split(' ').slice(0, 3).join(' ')).toBe(ed25519());
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(await verdict(path, policy)).toMatchObject({ verdict: 'trusted', file: path, line: 1 });
    expect(await verdict(path)).toMatchObject({ verdict: 'trusted' });
    expect(readFileSync(path, 'utf8')).toBe(written);
  });

  it('is shown to the question of ask, and accepted by true alone', async () => {
    const seen: UnknownHostKey[] = [];
    const path = file();
    const yes = async (key: UnknownHostKey): Promise<boolean> => seen.push(key) > 0;
    await verdict(path, { hostKeyPolicy: 'ask', onUnknownHostKey: yes });
    expect(seen).toEqual([
      {
        host: sshd.host,
        port: sshd.port,
        keyType: 'ssh-ed25519',
        fingerprint: await fingerprintOf(sshd.binaries, sshd.hostKeys[0] as KeyFile),
      },
    ]);
    await verdict(path, { hostKeyPolicy: 'ask', onUnknownHostKey: yes });
    expect(seen.length).toBe(1);
    for (const answer of [false, undefined, 'yes', 1]) {
      const empty = file();
      const onUnknownHostKey = (): boolean => answer as boolean;
      expect((await refusal(empty, { hostKeyPolicy: 'ask', onUnknownHostKey })).reason).toBe('declined');
      expect(existsSync(empty)).toBe(false);
    }
  });

  it('is declined with the cause when the question throws or rejects', async () => {
    const cause = new RangeError('no terminal');
    const questions = [
      () => {
        throw cause;
      },
      () => Promise.reject(cause),
    ];
    for (const onUnknownHostKey of questions) {
      const error = await refusal(file(), { hostKeyPolicy: 'ask', onUnknownHostKey });
      expect(error.reason).toBe('declined');
      expect(error.context.originalError).toBe(cause);
    }
  });

  it('is not looked at by insecure, nor where known_hosts is null', async () => {
    expect(await verdict(null)).toMatchObject({ verdict: 'unknown-accepted', policy: 'insecure' });
    const path = file();
    expect(await verdict(path, { hostKeyPolicy: 'insecure' })).toMatchObject({ verdict: 'unknown-accepted' });
    expect(existsSync(path)).toBe(false);
    expect((await refusal(null, { hostKeyPolicy: 'strict' })).reason).toBe('unknown');
  });

  it('is found in any of several files, whichever way its name is written', async () => {
    const [, key] = [name(), ed25519().split(' ').slice(1).join(' ')];
    const salt = randomBytes(20);
    const hash = createHmac('sha1', salt).update(name()).digest('base64');
    const ways = [
      `|1|${salt.toString('base64')}|${hash} ${key}`,
      `[127.0.0.*]:${sshd.port} ${key}`,
      `other.example,${name()} ${key} with a comment`,
    ];
    for (const line of ways) {
      const path = file(line);
      expect(await verdict([file(), file(`x.example ${keyOf(other)}`), path])).toMatchObject({
        verdict: 'trusted',
        file: path,
        line: 1,
      });
    }
  });

  it('is not trusted by an entry for another port, nor by a certificate authority', async () => {
    const key = ed25519().split(' ').slice(1).join(' ');
    expect((await refusal(file(`[127.0.0.1]:${sshd.port === 1 ? 2 : 1} ${key}`))).reason).toBe('unknown');
    expect((await refusal(file(`@cert-authority * ${key}`))).reason).toBe('unknown');
  });

  it('is asked for by the type that is known', async () => {
    await using connection = await SSHConnection.connect(options(file(sshd.knownHostsLine('rsa'))));
    expect(connection.algorithms?.hostKey).toBe('rsa-sha2-512');
    await using preferred = await SSHConnection.connect(options(file(sshd.knownHostsLine())));
    expect(preferred.algorithms?.hostKey).toBe('ssh-ed25519');
  });

  it('is an error that names the file when known_hosts cannot be read, and nothing is sent', async () => {
    const folder = join(scratch.path, 'a-folder');
    mkdirSync(folder, { recursive: true });
    for (const hostKeyPolicy of ['strict', 'accept-new'] as const) {
      const error = (await rejection(
        SSHConnection.connect(options([folder], { hostKeyPolicy })),
      )) as SSHError;
      expect(error).toMatchObject({ errorType: 'SSHError', code: 'AUTH_KNOWN_HOSTS_READ', fault: 'caller' });
      expect(error).toMatchObject({ phase: 'host-key' });
      expect(error.message).toContain(folder);
      expect(error.evidence?.errorContext).toMatchObject({ code: 'AUTH_KNOWN_HOSTS_READ' });
      expect(sentByUs(error)).toEqual([]);
    }
  });

  it('needs no readable file where nothing is checked', async () => {
    const folder = join(scratch.path, 'another-folder');
    mkdirSync(folder, { recursive: true });
    const event = await verdict(folder, { hostKeyPolicy: 'insecure' });
    expect(event).toMatchObject({ verdict: 'unknown-accepted' });
  });

  it('lets accept-new connect where the key cannot be written down, and says so', async () => {
    // /proc takes no new files, whoever asks; a folder without write permission would not stop root.
    const event = await verdict('/proc/nbs-ssh/known_hosts', { hostKeyPolicy: 'accept-new' });
    expect(event).toMatchObject({
      verdict: 'unknown-accepted',
      warning: expect.stringContaining('not written down'),
    });
  });
});

describe('the host key of another server', () => {
  it('is HostKeyMismatch when a server answers with a key that is not the known one', async () => {
    using scratch = scratchDir('known-hosts');
    const auth = { password: () => true };
    await using first = await SSHServer.listen({ auth });
    const { host, port } = first.address;
    const options = {
      host,
      port,
      username: 'lab',
      knownHosts: join(scratch.path, 'known_hosts'),
      auth: createPasswordAuth('anything'),
      hostKeyPolicy: 'accept-new',
    } as const;
    await (await SSHConnection.connect(options)).close();
    await first.close();
    await using second = await SSHServer.listen({ auth, port });
    const error = await rejection(SSHConnection.connect(options));
    expect(error).toMatchObject({ errorType: 'HostKeyMismatch', reason: 'changed', context: { line: 1 } });
    expect(second.address.port).toBe(port);
  });
});

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  freePort,
  type LeakCheck,
  type Sshd,
  sshdAvailable,
  startSshd,
  watchForLeaks,
} from '@nbs-ssh/testing';
import {
  AuthFailed,
  ConnectionLost,
  ConnectionTimeout,
  createKeyAuth,
  createPasswordAuth,
  ForwardError,
  HostKeyMismatch,
  HostUnreachable,
  type JumpHost,
  NoMutualKex,
  SSHConnection,
  type SSHConnectionOptions,
  type SSHError,
} from 'nbs-ssh';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { optionsFor, rejection } from './lab.ts';

describe.skipIf(!sshdAvailable())('a connection through jump hosts', () => {
  let first: Sshd;
  let second: Sshd;
  let target: Sshd;
  let leaks: LeakCheck;
  let files = 0;
  beforeAll(async () => {
    [first, second, target] = await Promise.all([startSshd(), startSshd(), startSshd()]);
  });
  afterAll(() => Promise.all([first, second, target].map((sshd) => sshd.stop())));
  beforeEach(() => {
    leaks = watchForLeaks();
  });
  afterEach(() => leaks.assertClean());

  /** A hop with everything of its own. */
  const hop = (sshd: Sshd, more: Partial<JumpHost> = {}): JumpHost => ({
    host: sshd.host,
    port: sshd.port,
    username: sshd.username,
    knownHosts: sshd.writeKnownHosts(),
    auth: createKeyAuth(sshd.clientKey()),
    ...more,
  });
  const label = (sshd: Sshd): string => `${sshd.username}@${sshd.host}:${sshd.port}`;
  const through = (
    hops: readonly (JumpHost | string)[],
    more: Partial<SSHConnectionOptions> = {},
  ): SSHConnectionOptions => optionsFor(target, { proxyJump: hops, ...more });
  const refused = async (options: SSHConnectionOptions): Promise<SSHError> =>
    (await rejection(SSHConnection.connect(options))) as SSHError;

  it('runs a command on a target behind two hops, each verified by its own key', async () => {
    const connection = await SSHConnection.connect(through([hop(first), hop(second)]));
    expect((await connection.exec('echo there; echo "$SSH_CONNECTION"')).stdout).toMatch(/^there\n/);
    const { events } = connection.getEvidenceBundle();
    const verdicts = events.flatMap(({ eventType, data }) =>
      eventType === 'HOST_KEY' ? [[data.hop, data.verdict]] : [],
    );
    expect(verdicts).toEqual([
      [label(first), 'trusted'],
      [label(second), 'trusted'],
      [undefined, 'trusted'],
    ]);
    const logins = events.flatMap(({ eventType, data }) =>
      eventType === 'AUTH' && data.status === 'success' ? [data.hop] : [],
    );
    expect(logins).toEqual([label(first), label(second), undefined]);
    await connection.close();
    // The hops are gone with it: their servers saw the goodbye.
    await first.waitForLog(/:11: closed by user/);
    await second.waitForLog(/:11: closed by user/);
  });

  it('takes hops as text, with the options of the target but never its credentials', async () => {
    const password = 'never-for-the-hop';
    const error = await refused({
      ...through([`${first.username}@${first.host}:${first.port}`], {
        knownHosts: [first.writeKnownHosts(), target.writeKnownHosts()],
        auth: createPasswordAuth(password),
      }),
    });
    // Whoever runs the tests has no key that this server knows.
    expect(error).toBeInstanceOf(AuthFailed);
    expect(error.context).toMatchObject({ hop: label(first), host: first.host, port: first.port });
    expect((error as AuthFailed).attempts.some(({ method }) => method === 'password')).toBe(false);
    expect(first.log()).not.toMatch(/method password/);
  });

  it('offers a hop no insecure algorithm that was opted into for the target', async () => {
    const old = ['diffie-hellman-group14-sha1'];
    await using weak = await startSshd({ kex: old });
    const algorithms = { kex: [...old, 'curve25519-sha256'], insecure: [...old, 'ssh-rsa'] };
    await using connection = await SSHConnection.connect(
      optionsFor(weak, { proxyJump: [hop(first)], algorithms }),
    );
    const exchanges = connection
      .getEvidenceBundle()
      .events.flatMap(({ eventType, data }) => (eventType === 'KEX' ? [[data.hop, data.insecure]] : []));
    expect(exchanges).toEqual([
      [label(first), undefined],
      [undefined, old],
    ]);
    const error = await refused(through([hop(weak)], { algorithms }));
    expect(error).toBeInstanceOf(NoMutualKex);
    expect(error.context).toMatchObject({ hop: label(weak) });
    const bridge = await SSHConnection.connect(through([hop(weak, { algorithms })]));
    await bridge.close();
  });

  it('verifies a hop although the target is not verified, unless the hop itself says so', async () => {
    const { knownHosts: _, ...stranger } = hop(first);
    for (const unverified of [{ knownHosts: null }, { hostKeyPolicy: 'insecure', knownHosts: [] }] as const) {
      const error = await refused(through([stranger], unverified));
      expect(error).toBeInstanceOf(HostKeyMismatch);
      expect(error).toMatchObject({ reason: 'unknown' });
      expect(error.context).toMatchObject({ hop: label(first) });
      const connection = await SSHConnection.connect(through([hop(first)], unverified));
      await connection.close();
    }
    const connection = await SSHConnection.connect(through([hop(first, { knownHosts: null })]));
    await connection.close();
  });

  it('T095 names the hop whose host key is wrong, also when it is the key of the target or of another hop', async () => {
    for (const [hops, culprit] of [
      [[hop(first, { knownHosts: wrongKeyFor(first, target) })], first],
      [[hop(first), hop(second, { knownHosts: wrongKeyFor(second, first) })], second],
    ] as const) {
      const error = await refused(through(hops));
      expect(error).toBeInstanceOf(HostKeyMismatch);
      expect(error).toMatchObject({ reason: 'changed', retryable: false });
      expect(error.context).toMatchObject({ hop: label(culprit), host: culprit.host, port: culprit.port });
      expect(error.message).toContain(label(culprit));
      expect(error.evidence?.events.some(({ data }) => data.hop === label(culprit))).toBe(true);
    }
  });

  it('T095 speaks of the target, and of no hop, when the key of the target is that of a hop', async () => {
    const error = await refused(through([hop(first)], { knownHosts: wrongKeyFor(target, first) }));
    expect(error).toBeInstanceOf(HostKeyMismatch);
    expect(error.context).toMatchObject({ host: target.host, port: target.port });
    expect(error.context.hop).toBeUndefined();
    expect(target.log()).not.toMatch(/userauth-request for user .*evil/);
  });

  it('names the hop that does not let us in', async () => {
    const stranger = await second.addKey(`stranger-${Math.random()}`, 'ed25519');
    const error = await refused(through([hop(first), hop(second, { auth: createKeyAuth(stranger.path) })]));
    expect(error).toBeInstanceOf(AuthFailed);
    expect(error.context).toMatchObject({ hop: label(second), phase: 'auth' });
    expect(error.message).toMatch(new RegExp(`^jump host ${label(second)}: `));
  });

  it('names the hop that cannot reach the target, and that it may be tried again', async () => {
    const error = await refused({ ...through([hop(first)]), port: await freePort() });
    expect(error).toBeInstanceOf(HostUnreachable);
    expect(error).toMatchObject({ retryable: true, context: { hop: label(first), phase: 'tcp' } });
    expect(error.message).toContain(label(first));
  });

  it('names the hop that forbids forwarding, and that it is not worth trying again', async () => {
    await using strict = await startSshd({ config: ['AllowTcpForwarding no'] });
    const error = await refused(through([hop(strict)]));
    expect(error).toBeInstanceOf(ForwardError);
    expect(error).toMatchObject({ reason: 'prohibited', retryable: false, context: { hop: label(strict) } });
  });

  it('T199 names the hop that dies while commands run through it', async () => {
    await using mortal = await startSshd();
    const connection = await SSHConnection.connect(through([hop(mortal)]));
    const running = rejection(connection.exec('sleep 60'));
    mortal.kill('SIGKILL');
    const error = (await running) as SSHError;
    expect(error).toBeInstanceOf(ConnectionLost);
    expect(error.context).toMatchObject({ hop: label(mortal), host: target.host, maybeExecuted: true });
    expect(await connection.closed).toBeInstanceOf(ConnectionLost);
    await connection.close();
  });

  it('T199 names the hop and its phase when the time is up there', async () => {
    await using frozen = await startSshd();
    const options = through([hop(frozen)], { connectTimeoutSec: 0.5 });
    frozen.kill('SIGSTOP');
    const error = await refused(options);
    frozen.kill('SIGCONT');
    expect(error).toBeInstanceOf(ConnectionTimeout);
    expect(error.context).toMatchObject({ hop: label(frozen), phase: 'identification' });
  });

  it('leaves no hop behind when it is aborted in the middle', async () => {
    const abort = new AbortController();
    const reason = new Error('enough');
    const connection = new SSHConnection(
      through([hop(first), hop(second)], {
        signal: abort.signal,
        hostKeyPolicy: 'ask',
        knownHosts: [],
        onUnknownHostKey: () => {
          abort.abort(reason);
          return new Promise(() => {});
        },
      }),
    );
    expect(await rejection(connection.connect())).toBe(reason);
    await connection.close();
  });

  it('refuses hops that make no sense at once', () => {
    const make = (more: object): (() => SSHConnection) => {
      return () => new SSHConnection({ host: 'target', ...more } as SSHConnectionOptions);
    };
    for (const proxyJump of [
      '',
      '@host',
      'user@',
      'host:0',
      'host:65536',
      'a b',
      '-oProxyCommand=x',
      'a,,b',
      [7],
    ]) {
      expect(make({ proxyJump })).toThrow(/jump host|proxyJump/);
    }
    expect(make({ proxyJump: Array.from({ length: 17 }, () => 'host') })).toThrow(/more than 16/);
    expect(make({ proxyJump: 'host', stream: () => {} })).toThrow(/neither/);
    expect(make({ proxyJump: 'u@[::1]:22,::1,ssh://a@b:7/' })).not.toThrow();
  });

  /** known_hosts in which `sshd` has the key of `other`. */
  function wrongKeyFor(sshd: Sshd, other: Sshd): string {
    const [, ...key] = other.knownHostsLine().split(' ');
    const path = join(sshd.dir, `wrong-${++files}`);
    writeFileSync(path, `[${sshd.host}]:${sshd.port} ${key.join(' ')}\n`);
    return path;
  }
});

import { statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  agentPrograms,
  type CommandResult,
  FakeClock,
  fingerprintOf,
  makeKey,
  opensshPeer,
  PEER_VERSIONS,
  run,
  runOk,
  type Sshd,
  sshdAvailable,
  startSshd,
  watchForLeaks,
} from '@nbs-ssh/testing';
import {
  type Agent,
  type AgentListener,
  type AgentUse,
  createAgent,
  createAgentAuth,
  generateKey,
  getAgentAvailable,
  PrivateKey,
  SSHError,
} from 'nbs-ssh';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { rejection } from '../lab.ts';
import { answers, login, outcomes, refused } from '../logins.ts';

const here = sshdAvailable() && agentPrograms() !== undefined;

describe.skipIf(!here)('an agent of ours (skipped where OpenSSH is absent)', () => {
  let sshd: Sshd;
  let agent: Agent;
  let listener: AgentListener;
  let clock: FakeClock;
  let uses: AgentUse[];
  let allow: boolean;
  let leaks: ReturnType<typeof watchForLeaks>;
  let timerSet: () => void = () => {};
  let number = 0;

  beforeAll(async () => {
    sshd = await startSshd({ clientKeyTypes: ['ed25519', 'rsa', 'ecdsa-256'] });
  });
  afterAll(() => sshd?.stop());

  beforeEach(async () => {
    leaks = watchForLeaks();
    clock = new FakeClock();
    uses = [];
    allow = true;
    agent = createAgent([], {
      clock: {
        now: clock.now,
        unixNow: clock.now,
        after: (ms, act) => {
          timerSet();
          return clock.schedule(clock.now() + ms, act);
        },
      },
      confirm: (use) => {
        uses.push(use);
        return allow;
      },
    });
    number += 1;
    listener = await agent.listen(join(sshd.dir, `agent-${number}`, 'socket'));
  });
  afterEach(async () => {
    await agent.close();
    await leaks.assertClean();
  });

  const add = (...args: string[]): Promise<CommandResult> => sshAdd(args);
  const sshAdd = (args: readonly string[], passphrase = ''): Promise<CommandResult> => {
    const askpass = join(sshd.dir, 'askpass');
    writeFileSync(askpass, '#!/bin/sh\necho "$PASS"\n', { mode: 0o755 });
    return run(agentPrograms()?.add ?? '', args, {
      env: {
        ...process.env,
        SSH_AUTH_SOCK: listener.path,
        SSH_ASKPASS: askpass,
        SSH_ASKPASS_REQUIRE: 'force',
        PASS: passphrase,
      },
    });
  };
  const ssh = (...args: string[]): Promise<CommandResult> =>
    run(
      sshd.binaries.ssh,
      [
        ...['-F', 'none', '-o', `UserKnownHostsFile=${sshd.writeKnownHosts()}`, '-o', 'IdentityFile=none'],
        ...['-o', 'BatchMode=yes', '-p', String(sshd.port), `${sshd.username}@127.0.0.1`, ...args],
      ],
      { env: { ...process.env, SSH_AUTH_SOCK: listener.path } },
    );

  for (const type of ['ed25519', 'rsa', 'ecdsa-256'] as const) {
    it(`ssh-add puts a key of type ${type} in, lists and tests it, ssh logs in with it, ssh-add -d takes it out`, async () => {
      const path = sshd.clientKey(type);
      expect(await add('-q', path)).toMatchObject({ exitCode: 0 });
      const file = sshd.clientKeys.find((key) => key.type === type);
      const print = file === undefined ? '' : await fingerprintOf(sshd.binaries, file);
      expect((await add('-l')).stdout).toContain(print);
      expect((await add('-L')).stdout.trim()).toBe(file?.publicLine);
      expect(await add('-T', `${path}.pub`)).toMatchObject({ exitCode: 0 });
      expect(await ssh('echo', 'in')).toMatchObject({ exitCode: 0, stdout: 'in\n' });
      expect(await add('-d', path)).toMatchObject({ exitCode: 0 });
      expect(await add('-l')).toMatchObject({ exitCode: 1, stdout: 'The agent has no identities.\n' });
      expect(await ssh('true')).toMatchObject({ exitCode: 255 });
    });
  }

  it('ssh-add -D takes every key out', async () => {
    await add('-q', sshd.clientKey('ed25519'), sshd.clientKey('rsa'));
    expect(agent.keys).toHaveLength(2);
    expect(await add('-D')).toMatchObject({ exitCode: 0 });
    expect(agent.keys).toEqual([]);
  });

  it('ssh-add -x locks it and -X unlocks it, and each wrong passphrase makes the next one wait longer', async () => {
    await add('-q', sshd.clientKey('ed25519'));
    expect(await sshAdd(['-x'], 'open sesame')).toMatchObject({ exitCode: 0 });
    expect(agent.locked).toBe(true);
    expect(await add('-l')).toMatchObject({ exitCode: 1 });
    expect(await add('-q', sshd.clientKey('rsa'))).toMatchObject({ exitCode: 1 });
    expect(await ssh('true')).toMatchObject({ exitCode: 255 });
    expect(await sshAdd(['-X'], 'wrong')).toMatchObject({ exitCode: 1 });
    const set = new Promise<void>((resolve) => {
      timerSet = resolve;
    });
    const waiting = sshAdd(['-X'], 'open sesame');
    await set;
    expect(agent.locked).toBe(true);
    clock.advance(100);
    expect(await waiting).toMatchObject({ exitCode: 0 });
    expect((await add('-l')).stdout).toContain('ED25519');
  });

  it('ssh-add -t: the key is forgotten when its time is over', async () => {
    expect(await add('-q', '-t', '60', sshd.clientKey('ed25519'))).toMatchObject({ exitCode: 0 });
    clock.advance(59_999);
    expect(await ssh('true')).toMatchObject({ exitCode: 0 });
    clock.advance(1);
    expect(await ssh('true')).toMatchObject({ exitCode: 255 });
    expect(agent.keys).toEqual([]);
  });

  it('ssh-add -c: somebody is asked, and told for which server the signature is', async () => {
    expect(await add('-q', '-c', sshd.clientKey('ed25519'))).toMatchObject({ exitCode: 0 });
    expect(await ssh('true')).toMatchObject({ exitCode: 0 });
    const [use] = uses;
    expect(use?.fingerprint).toMatch(/^SHA256:/);
    const [hostKey] = sshd.hostKeys;
    const print = hostKey === undefined ? '' : await fingerprintOf(sshd.binaries, hostKey);
    expect(use?.sessions).toEqual([{ hostKey: print, forwarding: false }]);
    allow = false;
    expect(await ssh('true')).toMatchObject({ exitCode: 255 });
    expect(uses).toHaveLength(2);
  });

  it('a key for some servers only is not taken: that it would be used for others must not happen', async () => {
    const known = join(sshd.dir, 'constraint');
    writeFileSync(known, `h.example ${sshd.hostKeys[0]?.publicLine}\n`);
    expect(await add('-q', '-H', known, '-h', 'h.example', sshd.clientKey('ed25519'))).toMatchObject({
      exitCode: 1,
    });
    expect(agent.keys).toEqual([]);
  });

  it('certificates are taken with their key, listed and signed with', async () => {
    const [ca, user] = [
      await makeKey(sshd.binaries, sshd.dir, `ca${number}`, 'ed25519'),
      await makeKey(sshd.binaries, sshd.dir, `certified${number}`, 'rsa'),
    ];
    await runOk(sshd.binaries.sshKeygen, [
      '-q',
      '-s',
      ca.path,
      '-I',
      'id',
      '-n',
      sshd.username,
      `${user.path}.pub`,
    ]);
    expect(await add('-q', user.path)).toMatchObject({ exitCode: 0 });
    expect((await add('-l')).stdout.match(/RSA-CERT/g)).toHaveLength(1);
    await using server = await startSshd({ config: [`TrustedUserCAKeys ${ca.path}.pub`] });
    const args = [
      '-F',
      'none',
      '-o',
      `UserKnownHostsFile=${server.writeKnownHosts()}`,
      '-o',
      'BatchMode=yes',
    ];
    const env = { ...process.env, SSH_AUTH_SOCK: listener.path };
    const to = ['-p', String(server.port), `${server.username}@127.0.0.1`, 'true'];
    expect(await run(server.binaries.ssh, [...args, ...to], { env })).toMatchObject({ exitCode: 0 });
  });

  it('logs in for us, in this process and through its socket', async () => {
    agent.add(await PrivateKey.fromFile(sshd.clientKey('rsa')));
    for (const auth of [createAgentAuth({ agent }), createAgentAuth({ socketPath: listener.path })]) {
      expect(answers(await login(sshd, { auth })).at(-1)).toBe('publickey success');
    }
    expect(await getAgentAvailable({ agent })).toBe(true);
    agent.lock('shut');
    expect(outcomes(await refused(sshd, { auth: createAgentAuth({ agent }) }))).toEqual([
      'publickey agent-empty',
    ]);
    expect([agent.unlock('open'), agent.unlock('shut')]).toEqual([false, true]);
  });

  it('the socket is for this user only, replaces nothing, and is gone afterwards', async () => {
    expect(statSync(listener.path).mode & 0o777).toBe(0o600);
    expect(statSync(join(listener.path, '..')).mode & 0o777).toBe(0o700);
    expect(await rejection(agent.listen(listener.path))).toMatchObject({ code: 'EEXIST' });
    const dangling = join(sshd.dir, `dangling-${number}`);
    symlinkSync('/nonexistent', dangling);
    expect(await rejection(agent.listen(dangling))).toMatchObject({ code: 'EEXIST' });
    expect(await add('-l')).toMatchObject({ exitCode: 1 });
    await agent.close();
    expect(statSync(listener.path, { throwIfNoEntry: false })).toBeUndefined();
    expect(await rejection(agent.connect())).toBeInstanceOf(TypeError);
  });

  for (const version of PEER_VERSIONS) {
    const peer = opensshPeer(version);
    const programs = peer.available ? agentPrograms(peer.binaries) : undefined;
    it.skipIf(programs === undefined)(
      `works with ssh-add of OpenSSH ${version} (skipped where that is not here)`,
      async () => {
        if (!peer.available || programs === undefined) return;
        const env = { ...process.env, ...peer.binaries.env, SSH_AUTH_SOCK: listener.path };
        const theirs = (...args: string[]): Promise<CommandResult> => run(programs.add, args, { env });
        expect(await theirs('-q', sshd.clientKey('ed25519'), sshd.clientKey('rsa'))).toMatchObject({
          exitCode: 0,
        });
        expect((await theirs('-l')).stdout).toContain('RSA');
        expect(await theirs('-T', `${sshd.clientKey('ed25519')}.pub`)).toMatchObject({ exitCode: 0 });
        expect(await theirs('-D')).toMatchObject({ exitCode: 0 });
      },
    );
  }
});

describe('createAgent', () => {
  it('takes keys in every form, lists what it holds, and refuses what is none', async () => {
    const key = await generateKey('ed25519', { comment: 'mine' });
    await using agent = createAgent([
      key,
      { key: (await generateKey('ecdsa')).material, comment: 'another' },
    ]);
    expect(agent.keys.map(({ comment }) => comment)).toEqual(['mine', 'another']);
    agent.add({ key, comment: 'mine again' });
    expect(agent.keys.map(({ comment }) => comment)).toEqual(['another', 'mine again']);
    expect(agent.remove(agent.keys[0]?.fingerprint ?? '')).toBe(true);
    expect(agent.remove('SHA256:none')).toBe(false);
    expect(() => agent.add({ key, lifetimeSec: 0 })).toThrow(TypeError);
    expect(() => createAgent([{ key, certificate: '' }])).toThrow(TypeError);
    expect(() => createAgent([{ key, certificate: 'ssh-ed25519-cert-v01@openssh.com AAAA' }])).toThrow(
      SSHError,
    );
    expect(() => agent.lock('')).toThrow(RangeError);
    // What the caller gave stays the caller's.
    agent.removeAll();
    expect(key.toOpenSSH()).toContain('OPENSSH');
  });
});

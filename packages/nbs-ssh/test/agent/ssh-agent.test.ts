import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  agentPrograms,
  fingerprintOf,
  makeKey,
  opensshPeer,
  PEER_VERSIONS,
  runOk,
  type SshAgent,
  type Sshd,
  softFidoProvider,
  sshdAvailable,
  startSshAgent,
  startSshd,
  systemOpenssh,
} from '@nbs-ssh/testing';
import {
  AgentError,
  type AuthFailed,
  createAgentAuth,
  createNodeProvider,
  getAgentAvailable,
  SSHConnection,
} from 'nbs-ssh';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answers, login, outcomes, refused } from '../logins.ts';

const here = sshdAvailable() && agentPrograms() !== undefined;

describe.skipIf(!here)('login with the keys of a real ssh-agent (skipped where OpenSSH is absent)', () => {
  let sshd: Sshd;
  let agent: SshAgent;

  beforeAll(async () => {
    sshd = await startSshd({ clientKeyTypes: ['ed25519', 'rsa', 'ecdsa-256'] });
    agent = await startSshAgent();
  });
  afterAll(async () => {
    await agent?.stop();
    await sshd?.stop();
  });

  const add = async (...args: string[]): Promise<void> => {
    const { exitCode, stderr } = await agent.sshAdd(args);
    if (exitCode !== 0) throw new Error(stderr);
  };
  const auth = (more: Parameters<typeof createAgentAuth>[0] = {}) =>
    createAgentAuth({ socketPath: agent.socket, ...more });

  for (const type of ['ed25519', 'rsa', 'ecdsa-256'] as const) {
    for (const crypto of [undefined, createNodeProvider()]) {
      it(`${type} logs in (${crypto?.name ?? 'noble'})`, async () => {
        await add('-D');
        await add('-q', sshd.clientKey(type));
        const attempts = await login(sshd, { auth: auth(), ...(crypto && { crypto }) });
        expect(answers(attempts).at(-1)).toBe('publickey success');
        if (type === 'rsa') expect(attempts.at(-1)?.algorithm).toBe('rsa-sha2-512');
      });
    }
  }

  it('is bound to the session: a key that may only be used elsewhere is refused and the next one tried', async () => {
    await add('-D');
    const knownHosts = sshd.writeKnownHosts();
    const elsewhere = join(sshd.dir, 'elsewhere');
    writeFileSync(
      elsewhere,
      `other.example ${(sshd.hostKeys[0]?.publicLine ?? '').split(' ').slice(0, 2).join(' ')}x\n`,
    );
    const other = await makeKey(sshd.binaries, sshd.dir, 'other_host', 'ed25519');
    writeFileSync(elsewhere, `other.example ${other.publicLine}\n`);
    await add('-q', '-H', elsewhere, '-h', 'other.example', sshd.clientKey('ecdsa-256'));
    expect(outcomes(await refused(sshd, { auth: auth(), knownHosts }))).toEqual(['publickey agent-empty']);
    writeFileSync(elsewhere, `here.example ${sshd.hostKeys[0]?.publicLine}\n`);
    await add('-D');
    await add('-q', '-H', elsewhere, '-h', 'here.example', sshd.clientKey('ecdsa-256'));
    expect(answers(await login(sshd, { auth: auth() })).at(-1)).toBe('publickey success');
  });

  it('offers only the keys that were asked for, in that order', async () => {
    await add('-D');
    const stranger = await makeKey(sshd.binaries, sshd.dir, 'stranger', 'ed25519', {
      comment: 'the stranger',
    });
    await add('-q', stranger.path, sshd.clientKey('rsa'), sshd.clientKey('ed25519'));
    const print = await fingerprintOf(sshd.binaries, stranger);
    const ed25519 = sshd.clientKeys[0]?.publicLine ?? '';
    for (const word of [print, stranger.publicLine, 'the stranger']) {
      const error = (await refused(sshd, { auth: auth({ identities: [word] }) })) as AuthFailed;
      expect(outcomes(error)).toEqual(['publickey failure']);
      expect(error.attempts.at(-1)?.fingerprint).toBe(print);
    }
    const attempts = await login(sshd, { auth: auth({ identities: [ed25519, print] }) });
    expect(attempts.at(-1)?.algorithm).toBe('ssh-ed25519');
    const none = await refused(sshd, { auth: auth({ identities: ['SHA256:nobody'] }) });
    expect(outcomes(none)).toEqual(['publickey agent-no-match']);
  });

  it('says that the agent is empty', async () => {
    await add('-D');
    const error = (await refused(sshd, { auth: auth() })) as AuthFailed;
    expect(outcomes(error)).toEqual(['publickey agent-empty']);
    const [attempt] = error.attempts.filter(({ skipReason }) => skipReason !== undefined);
    expect(attempt?.error).toBeInstanceOf(AgentError);
    expect(attempt?.error).toMatchObject({ reason: 'empty' });
    expect(await getAgentAvailable({ socketPath: agent.socket })).toBe(true);
  });

  it('does not offer a key again that the server has refused, when a file has it too', async () => {
    await add('-D');
    const stranger = await makeKey(sshd.binaries, sshd.dir, 'twice', 'ed25519');
    await add('-q', stranger.path);
    const keyPath = stranger.path;
    const error = await refused(sshd, { auth: [auth(), { method: 'private_key', keyPath }] });
    expect(outcomes(error)).toEqual(['publickey failure', 'publickey already-refused']);
    expect((error as AuthFailed).attempts.map(({ credential }) => credential)).toEqual([undefined, 0, 1]);
  });

  it('a key that asks before it signs is refused when nobody says yes, and the next one is used', async () => {
    await add('-D');
    await add('-q', '-c', sshd.clientKey('ecdsa-256'));
    await add('-q', sshd.clientKey('ed25519'));
    const attempts = await login(sshd, { auth: auth() });
    expect(answers(attempts)).toContain('publickey skipped');
    expect(attempts.at(-1)?.algorithm).toBe('ssh-ed25519');
  });

  it('is what is used when nothing is said, before the default keys', async () => {
    await add('-D');
    await add('-q', sshd.clientKey('ed25519'));
    const before = process.env['SSH_AUTH_SOCK'];
    process.env['SSH_AUTH_SOCK'] = agent.socket;
    try {
      const knownHosts = sshd.writeKnownHosts();
      const { host, port, username } = sshd;
      await using connection = await SSHConnection.connect({ host, port, username, knownHosts });
      expect((await connection.exec('echo in')).stdout).toBe('in\n');
    } finally {
      if (before === undefined) delete process.env['SSH_AUTH_SOCK'];
      else process.env['SSH_AUTH_SOCK'] = before;
    }
  });

  const provider = softFidoProvider();
  describe.skipIf(provider === undefined)(
    'with keys in a soft authenticator (skipped without openssh-tests)',
    () => {
      for (const type of ['ed25519-sk', 'ecdsa-sk']) {
        it(`${type} logs in`, async () => {
          await using own = await startSshAgent({ providers: '/usr/lib/*' });
          const path = join(sshd.dir, type);
          const env = { ...process.env, SSH_SK_PROVIDER: provider };
          await runOk(sshd.binaries.sshKeygen, ['-q', '-t', type, '-N', '', '-f', path], { env });
          await using server = await startSshd({
            authorizedKeys: [(await runOk('cat', [`${path}.pub`])).stdout.trim()],
          });
          const added = await own.sshAdd(['-q', '-S', provider ?? '', path]);
          expect(added).toMatchObject({ exitCode: 0 });
          const attempts = await login(server, { auth: createAgentAuth({ socketPath: own.socket }) });
          expect(attempts.at(-1)?.algorithm).toMatch(/^sk-/);
        });
      }
    },
  );

  for (const version of PEER_VERSIONS) {
    const peer = opensshPeer(version);
    const available = peer.available && agentPrograms(peer.binaries) !== undefined;
    it.skipIf(!available)(
      `logs in with the agent of OpenSSH ${version} (skipped where that is not here)`,
      async () => {
        if (!peer.available) return;
        await using own = await startSshAgent({ openssh: peer.binaries });
        const added = await own.sshAdd(['-q', sshd.clientKey('rsa'), sshd.clientKey('ed25519')]);
        expect(added).toMatchObject({ exitCode: 0 });
        const attempts = await login(sshd, { auth: createAgentAuth({ socketPath: own.socket }) });
        expect(answers(attempts).at(-1)).toBe('publickey success');
      },
    );
  }
});

it('an agent that is not there is not available', async () => {
  expect(systemOpenssh()).toBeDefined();
  expect(await getAgentAvailable({ socketPath: '/nonexistent/socket' })).toBe(false);
});

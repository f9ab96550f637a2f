import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { authorizedKeys } from '@nbs-ssh/server';
import {
  agentPrograms,
  findProgram,
  makeKey,
  run,
  runOk,
  type SshAgent,
  scratchDir,
  softFidoProvider,
  sshdAvailable,
  startSshAgent,
  startSshd,
  systemOpenssh,
} from '@nbs-ssh/testing';
import { createAgentAuth, getAgentAvailable, SSHConnection } from 'nbs-ssh';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answers, login, outcomes, refused } from '../logins.ts';
import { options, ourServer } from '../own-server.ts';

const here = sshdAvailable() && agentPrograms() !== undefined;
const provider = softFidoProvider();

describe.skipIf(!here)('certificates in a real ssh-agent (skipped where OpenSSH is absent)', () => {
  let agent: SshAgent;
  const ca = scratchDir('ca');

  beforeAll(async () => {
    agent = await startSshAgent();
  });
  afterAll(async () => {
    await agent?.stop();
    ca.remove();
  });

  for (const type of ['ed25519', 'rsa', 'ecdsa-256'] as const) {
    it(`a certificate of a key of type ${type} logs in where the key alone does not`, async () => {
      const peer = systemOpenssh();
      if (!peer.available) return;
      const { binaries } = peer;
      chmodSync(ca.path, 0o755);
      const authority = await makeKey(binaries, ca.path, `ca-${type}`, 'ed25519');
      const user = await makeKey(binaries, ca.path, `user-${type}`, type);
      await using server = await startSshd({ config: [`TrustedUserCAKeys ${authority.path}.pub`] });
      const { username } = server;
      await runOk(binaries.sshKeygen, [
        '-q',
        '-s',
        authority.path,
        '-I',
        'me',
        '-n',
        username,
        `${user.path}.pub`,
      ]);
      await agent.sshAdd(['-D']);
      expect(await agent.sshAdd(['-q', user.path])).toMatchObject({ exitCode: 0 });
      const line = readFileSync(`${user.path}-cert.pub`, 'utf8');
      const auth = createAgentAuth({ socketPath: agent.socket, identities: [line] });
      const attempts = await login(server, { auth });
      expect(answers(attempts).at(-1)).toBe('publickey success');
      expect(attempts.at(-1)?.algorithm).toContain('-cert-v01@openssh.com');
      const plain = createAgentAuth({ socketPath: agent.socket });
      expect(answers(await login(server, { auth: plain })).at(-1)).toBe('publickey success');
    });
  }
});

describe.skipIf(!here || provider === undefined)(
  'T067 keys in a soft authenticator (skipped without OpenSSH or openssh-tests)',
  () => {
    let agent: SshAgent;
    const dir = scratchDir('fido');
    let number = 0;
    beforeAll(async () => {
      agent = await startSshAgent({ providers: '/usr/lib/*' });
    });
    afterAll(async () => {
      await agent?.stop();
      dir.remove();
    });

    const made = async (type: string, ...more: readonly string[]): Promise<string> => {
      number += 1;
      const path = join(dir.path, `${type}${number}`);
      const env = { ...process.env, SSH_SK_PROVIDER: provider };
      await runOk(findProgram('ssh-keygen') ?? '', ['-q', '-t', type, '-N', '', ...more, '-f', path], {
        env,
      });
      await agent.sshAdd(['-D']);
      expect(await agent.sshAdd(['-q', '-S', provider ?? '', path])).toMatchObject({ exitCode: 0 });
      return readFileSync(`${path}.pub`, 'utf8').trim();
    };
    const auth = () => createAgentAuth({ socketPath: agent.socket });

    for (const type of ['ed25519-sk', 'ecdsa-sk']) {
      it(`${type}: touched, it logs in to a server of ours; not touched, it does not`, async () => {
        for (const [touch, more] of [
          [true, []],
          [false, ['-O', 'no-touch-required']],
        ] as const) {
          const publicKey = authorizedKeys([await made(type, ...more)]);
          await using server = await ourServer({ auth: { publicKey } });
          const connecting = SSHConnection.connect({ ...options(server.address.port), auth: auth() });
          const result = await connecting.then(
            async (connection) => {
              await connection.close();
              return 'in';
            },
            () => 'refused',
          );
          expect(result).toBe(touch ? 'in' : 'refused');
        }
      });
    }

    it('not touched, it logs in where OpenSSH was told not to ask, and nowhere else', async () => {
      const line = await made('ed25519-sk', '-O', 'no-touch-required');
      await using strict = await startSshd({ authorizedKeys: [line] });
      expect(outcomes(await refused(strict, { auth: auth() }))).toEqual(['publickey failure']);
      await using lax = await startSshd({ authorizedKeys: [`no-touch-required ${line}`] });
      expect(answers(await login(lax, { auth: auth() })).at(-1)).toBe('publickey success');
    });
  },
);

const gpg = ['gpg', 'gpgconf', 'gpg-connect-agent', 'gpg-agent'].every(
  (name) => findProgram(name) !== undefined,
);

describe.skipIf(!here || !gpg)('the agent of GnuPG (skipped where it is absent)', () => {
  it('lists and signs with keys that ssh-add gave it', async () => {
    // Its socket needs a short path.
    using home = scratchDir('g');
    mkdirSync(home.path, { recursive: true });
    chmodSync(home.path, 0o700);
    const askpass = join(home.path, 'pinentry');
    writeFileSync(
      askpass,
      '#!/bin/sh\necho OK\nwhile read -r line; do case "$line" in GETPIN*) echo "D x";; esac; echo OK; done\n',
      { mode: 0o755 },
    );
    const config = `enable-ssh-support\npinentry-program ${askpass}\nallow-preset-passphrase\n`;
    writeFileSync(join(home.path, 'gpg-agent.conf'), config);
    const env = { ...process.env, GNUPGHOME: home.path };
    await runOk('gpg-connect-agent', ['/bye'], { env });
    try {
      const { stdout } = await runOk('gpgconf', ['--list-dirs', 'agent-ssh-socket'], { env });
      const socketPath = stdout.trim();
      expect(await getAgentAvailable({ socketPath })).toBe(true);
      await using sshd = await startSshd({ clientKeyTypes: ['ed25519', 'rsa'] });
      for (const type of ['ed25519', 'rsa'] as const) {
        const added = await run(agentPrograms()?.add ?? '', ['-q', sshd.clientKey(type)], {
          env: { ...env, SSH_AUTH_SOCK: socketPath },
        });
        expect(added).toMatchObject({ exitCode: 0 });
      }
      for (const { publicLine } of sshd.clientKeys) {
        const auth = createAgentAuth({ socketPath, identities: [publicLine] });
        expect(answers(await login(sshd, { auth })).at(-1)).toBe('publickey success');
      }
    } finally {
      await run('gpgconf', ['--kill', 'gpg-agent'], { env });
    }
  });
});

import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  opensshPeer,
  PEER_VERSIONS,
  pamAvailable,
  run,
  type Sshd,
  sshdAvailable,
  startSshd,
  testAccountAvailable,
} from '@nbs-ssh/testing';
import { describe, it } from 'vitest';

describe.skipIf(!sshdAvailable())('a real OpenSSH server', () => {
  it('lets the official client in with every type of key', async () => {
    const types = ['ed25519', 'ecdsa-256', 'ecdsa-384', 'ecdsa-521', 'rsa'] as const;
    await using sshd = await startSshd({ hostKeyTypes: types, clientKeyTypes: types });
    for (const type of types) {
      const result = await officialClient(sshd, ['-i', sshd.clientKey(type)], 'echo hello; exit 3');
      assert.deepEqual([result.exitCode, result.stdout], [3, 'hello\n'], result.stderr);
    }
    assert.match(sshd.log(), /Accepted publickey/);
    assert.match(sshd.identification, /^SSH-2\.0-OpenSSH_/);
  });

  it('starts with an empty log: its own readiness probe left no trace', async () => {
    await using sshd = await startSshd();
    assert.equal(sshd.log(), '');
  });

  it('keeps its own log out of what a command prints', async () => {
    await using sshd = await startSshd({ logLevel: 'DEBUG3' });
    const result = await officialClient(sshd, ['-i', sshd.clientKey()], 'echo only this >&2');
    assert.equal(result.stderr, 'only this\n');
  });

  it('says in its own words why it does not start', async () => {
    await assert.rejects(startSshd({ config: ['NoSuchKeyword yes'] }), /NoSuchKeyword/);
  });

  it('leaves neither process nor file after stop, whatever its sessions were doing', async () => {
    const sshd = await startSshd();
    const client = officialClient(sshd, ['-i', sshd.clientKey()], 'echo started; sleep 60');
    await sshd.waitForLog(/Starting session/);
    await sshd.stop();
    assert.notEqual((await client).exitCode, 0);
    assert.equal(existsSync(sshd.dir), false);
    assert.match(sshd.log(), /Starting session/);
    assert.throws(() => process.kill(sshd.pid, 0), { code: 'ESRCH' });
  });

  it('goes on listening when only its sessions are killed', async () => {
    await using sshd = await startSshd();
    const client = officialClient(sshd, ['-i', sshd.clientKey()], 'sleep 60');
    await sshd.waitForLog(/Starting session/);
    sshd.killSessions();
    assert.equal((await client).exitCode, 255);
    assert.equal((await officialClient(sshd, ['-i', sshd.clientKey()], 'exit 4')).exitCode, 4);
  });

  it('offers only the algorithms it was told to', async () => {
    await using sshd = await startSshd({ ciphers: ['aes128-ctr'], macs: ['hmac-sha2-256'] });
    const refused = await officialClient(sshd, ['-i', sshd.clientKey(), '-c', 'aes256-ctr'], 'true');
    assert.match(refused.stderr, /no matching cipher/);
    assert.equal((await officialClient(sshd, ['-i', sshd.clientKey()], 'exit 5')).exitCode, 5);
  });

  describe.skipIf(!testAccountAvailable())('with the test account', () => {
    it('takes the right password and refuses a wrong one', async () => {
      await using sshd = await startSshd({ password: true });
      const options = ['-o', 'PreferredAuthentications=password', '-o', 'NumberOfPasswordPrompts=1'];
      const good = await withPassword(sshd, sshd.password ?? '', options);
      assert.deepEqual([good.exitCode, good.stdout], [0, `${sshd.username}\n`], good.stderr);
      const wrong = await withPassword(sshd, 'wrong', options);
      assert.match(wrong.stderr, /Permission denied/);
    });

    it.skipIf(!pamAvailable())('asks prompts through a PAM stack of its own', async () => {
      const keyboardInteractive = ['auth required pam_unix.so', 'account required pam_unix.so'];
      await using sshd = await startSshd({ keyboardInteractive });
      const options = ['-o', 'PreferredAuthentications=keyboard-interactive'];
      const good = await withPassword(sshd, sshd.password ?? '', options);
      assert.equal(good.stdout, `${sshd.username}\n`, good.stderr);
    });

    it('demands a key and then a password when told so', async () => {
      await using sshd = await startSshd({ password: true, authenticationMethods: ['publickey,password'] });
      const alone = await officialClient(sshd, ['-i', sshd.clientKey()], 'id -un');
      assert.match(alone.stderr, /Permission denied/);
      const both = await withPassword(sshd, sshd.password ?? '', ['-i', sshd.clientKey()]);
      assert.equal(both.stdout, `${sshd.username}\n`, both.stderr);
      assert.match(sshd.log(), /Partial publickey/);
    });
  });

  for (const version of PEER_VERSIONS) {
    const peer = opensshPeer(version);
    const title = peer.available ? '' : ` (skipped: ${peer.reason})`;
    it.skipIf(!peer.available)(`runs OpenSSH ${version} and its own client${title}`, async () => {
      assert(peer.available);
      await using sshd = await startSshd({ openssh: peer.binaries });
      assert.match(sshd.identification, new RegExp(`OpenSSH_${version}`));
      const result = await officialClient(sshd, ['-i', sshd.clientKey()], 'exit 6');
      assert.equal(result.exitCode, 6, result.stderr);
    });
  }
});

const clientArguments = (sshd: Sshd, options: readonly string[]): string[] => [
  ...['-F', 'none', '-p', String(sshd.port), '-o', `UserKnownHostsFile=${sshd.writeKnownHosts()}`],
  ...['-o', 'StrictHostKeyChecking=yes', '-o', 'IdentitiesOnly=yes', '-o', 'GlobalKnownHostsFile=none'],
  ...options,
  `${sshd.username}@${sshd.host}`,
];

function officialClient(sshd: Sshd, options: readonly string[], command: string): ReturnType<typeof run> {
  const args = [...clientArguments(sshd, ['-o', 'BatchMode=yes', ...options]), command];
  return run(sshd.binaries.ssh, args, { env: { ...process.env, ...sshd.binaries.env } });
}

/** The password reaches ssh through its own askpass hook, so that no further program is needed. */
function withPassword(sshd: Sshd, password: string, options: readonly string[]): ReturnType<typeof run> {
  const askpass = join(sshd.dir, 'askpass');
  writeFileSync(askpass, '#!/bin/sh\nprintf "%s\\n" "$NBS_TEST_ANSWER"\n', { mode: 0o700 });
  const env = {
    ...process.env,
    SSH_ASKPASS: askpass,
    SSH_ASKPASS_REQUIRE: 'force',
    NBS_TEST_ANSWER: password,
  };
  return run(sshd.binaries.ssh, [...clientArguments(sshd, options), 'id -un'], { env });
}

import { chmodSync, copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeKey, type ScratchDir, type Sshd, scratchDir, sshdAvailable, startSshd } from '@nbs-ssh/testing';
import { type AgentListener, createAgent, PrivateKey, SSHConnection, sshConfigOptions } from 'nbs-ssh';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readIdentity } from '../../src/keys/identity-file.ts';
import { rejection } from '../lab.ts';

describe.skipIf(!sshdAvailable())('IdentityFile, with an agent that holds many keys', () => {
  let sshd: Sshd;
  let scratch: ScratchDir;
  let listener: AgentListener;
  const agent = createAgent();
  const at = (name: string): string => join(scratch.path, name);
  beforeAll(async () => {
    sshd = await startSshd({ config: ['MaxAuthTries 1'] });
    scratch = scratchDir('identities');
    for (const name of ['one', 'two', 'three']) await makeKey(sshd.binaries, scratch.path, name, 'ed25519');
    for (const name of ['one', 'two']) agent.add(await PrivateKey.fromFile(at(name)));
    agent.add(await PrivateKey.fromFile(sshd.clientKey()));
    listener = await agent.listen(at('agent.sock'));
  });
  afterAll(async () => {
    await agent.close();
    scratch.remove();
    await sshd.stop();
  });

  /** MaxAuthTries lets one key be tried, so that only the right one gets in. */
  async function logIn(identityFile: string): Promise<SSHConnection> {
    const paths = at('config');
    const lines = [
      `Host alias\n HostName ${sshd.host}\n Port ${sshd.port}\n User ${sshd.username}`,
      ` UserKnownHostsFile ${sshd.writeKnownHosts()}\n IdentityAgent ${listener.path}`,
      ` IdentitiesOnly yes\n IdentityFile ${identityFile}\n`,
    ];
    writeFileSync(paths, lines.join('\n'));
    return SSHConnection.connect(await sshConfigOptions('alias', {}, { paths }));
  }

  it('names a key of the agent by its public key, which everybody may read', async () => {
    copyFileSync(`${sshd.clientKey()}.pub`, at('mine.pub'));
    chmodSync(at('mine.pub'), 0o644);
    await using connection = await logIn(at('mine.pub'));
    expect((await connection.exec('echo in')).stdout).toBe('in\n');
  });

  it('asks the agent for the key of an encrypted file that has no public key beside it', async () => {
    const locked = await makeKey(sshd.binaries, scratch.path, 'locked', 'ed25519', { passphrase: 'open it' });
    const path = await sshd.addKey('plain', 'ed25519', { authorized: true });
    copyFileSync(path.path, locked.path);
    agent.add(await PrivateKey.fromFile(path.path));
    const key = await PrivateKey.fromFile(locked.path);
    writeFileSync(locked.path, await key.toOpenSSH({ passphrase: 'open it' }));
    rmSync(`${locked.path}.pub`);
    await using connection = await logIn(locked.path);
    expect((await connection.exec('echo in')).stdout).toBe('in\n');
  });

  it('says that the agent does not have the key whose public half was named', async () => {
    const error = await rejection(logIn(at('three.pub')));
    expect(error).toMatchObject({ attempts: [{}, { skipReason: 'agent-no-match' }] });
    expect((error as Error).message).toContain('skipped: publickey agent-no-match');
  });

  it('takes what is no key, and no file, for no identity', async () => {
    writeFileSync(at('text'), 'hello\n');
    expect(await readIdentity(at('text'))).toEqual({ line: undefined, publicOnly: false });
    expect(await readIdentity(at('missing'))).toEqual({ line: undefined, publicOnly: false });
    expect(await readIdentity(scratch.path)).toEqual({ line: undefined, publicOnly: false });
  });
});

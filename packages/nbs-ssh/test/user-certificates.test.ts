import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import {
  agentPrograms,
  type CertificateOptions,
  certify,
  fingerprintOf,
  type KeyFile,
  type KeyType,
  makeKey,
  type OpensshBinaries,
  opensshPeer,
  type ScratchDir,
  type Sshd,
  scratchDir,
  sshdAvailable,
  startSshAgent,
  startSshd,
  systemOpenssh,
} from '@nbs-ssh/testing';
import { AuthFailed, createAgentAuth, createKeyAuth, KeyLoadError, SSHConnection } from 'nbs-ssh';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { optionsFor, rejection } from './lab.ts';

/** From 9.6 on servers list what they accept, and not what they know. */
const newest = opensshPeer('10.6');

type KeyOptions = Parameters<typeof createKeyAuth>[1];

describe.skipIf(!sshdAvailable())('a user certificate at OpenSSH', () => {
  const username = userInfo().username;
  const GOOD: CertificateOptions = { keyId: 'somebody', serial: 42n, principals: [username] };
  let scratch: ScratchDir;
  let binaries: OpensshBinaries;
  let ca: KeyFile;
  let sshd: Sshd;
  let keys = 0;
  beforeAll(async () => {
    const peer = systemOpenssh();
    if (!peer.available) return;
    binaries = peer.binaries;
    scratch = scratchDir('user-certificates');
    ca = await makeKey(binaries, scratch.path, 'user_ca', 'ed25519');
    sshd = await startSshd({ config: [`TrustedUserCAKeys ${ca.path}.pub`] });
  });
  afterAll(async () => {
    scratch.remove();
    await sshd.stop();
  });

  /** A key that no server knows, with `-cert.pub` beside it. */
  async function certified(options: CertificateOptions = GOOD, type: KeyType = 'ed25519'): Promise<KeyFile> {
    const key = await newKey(type);
    await certify(binaries, ca, key, options);
    return key;
  }
  async function newKey(type: KeyType = 'ed25519', passphrase = ''): Promise<KeyFile> {
    keys += 1;
    return makeKey(binaries, scratch.path, `key-${keys}`, type, { passphrase, rounds: 2 });
  }
  const connect = (key: KeyFile, options?: KeyOptions, server = sshd): Promise<SSHConnection> =>
    SSHConnection.connect(optionsFor(server, { auth: createKeyAuth(key.path, options) }));

  /** Logs in. @returns what the server answered to each key, by algorithm. */
  async function login(key: KeyFile, options?: KeyOptions, server = sshd): Promise<readonly unknown[]> {
    await using connection = await connect(key, options, server);
    expect((await connection.exec('echo in')).stdout).toBe('in\n');
    return connection
      .getEvidenceBundle()
      .events.flatMap((event) => (event.eventType === 'AUTH' ? [event.data] : []))
      .filter(({ status, algorithm }) => status !== 'attempt' && algorithm !== undefined);
  }
  async function refused(key: KeyFile, options?: KeyOptions): Promise<AuthFailed> {
    const error = (await rejection(connect(key, options))) as AuthFailed;
    expect(error).toBeInstanceOf(AuthFailed);
    return error;
  }
  const outcomes = ({ attempts }: AuthFailed): readonly string[] =>
    attempts
      .filter(({ method }) => method !== 'none')
      .map(({ algorithm, result, skipReason }) => `${algorithm ?? '?'} ${skipReason ?? result}`);

  for (const [type, algorithm] of Object.entries({
    ed25519: 'ssh-ed25519-cert-v01@openssh.com',
    'ecdsa-256': 'ecdsa-sha2-nistp256-cert-v01@openssh.com',
    'ecdsa-384': 'ecdsa-sha2-nistp384-cert-v01@openssh.com',
    'ecdsa-521': 'ecdsa-sha2-nistp521-cert-v01@openssh.com',
    rsa: 'rsa-sha2-512-cert-v01@openssh.com',
  })) {
    it(`beside a key of type ${type} logs in as ${algorithm}, before the key itself`, async () => {
      const key = await certified(GOOD, type as KeyType);
      expect(await login(key)).toMatchObject([
        {
          status: 'success',
          algorithm,
          fingerprint: await fingerprintOf(binaries, key),
          key_id: 'somebody',
          serial: '42',
          ca_fingerprint: await fingerprintOf(binaries, ca),
        },
      ]);
      expect(sshd.log()).toMatch(/Accepted publickey for \S+ .*ID somebody \(serial 42\)/);
    });
  }

  it('is found by its path, by one of several paths, and as a text', async () => {
    const key = await certified();
    const elsewhere = join(scratch.path, 'elsewhere.pub');
    copyFileSync(`${key.path}-cert.pub`, elsewhere);
    const text = readFileSync(elsewhere, 'utf8');
    rmSync(`${key.path}-cert.pub`);
    const other = await certified();
    await login(key, { certificatePath: elsewhere });
    await login(key, { certificate: `# a remark\n\n${text}` });
    const several = [`${other.path}-cert.pub`, elsewhere];
    expect(await login(key, { certificatePath: several })).toMatchObject([{ status: 'success' }]);
    const none = await refused(key, { certificatePath: [`${other.path}-cert.pub`] });
    expect(outcomes(none)).toEqual(['ssh-ed25519 failure']);
  });

  it.skipIf(!newest.available)(
    'of an RSA key is shown with the algorithm that the server lists',
    async () => {
      if (!newest.available) return;
      const pubkeyAlgorithms = ['rsa-sha2-256-cert-v01@openssh.com', 'rsa-sha2-256'];
      await using choosy = await startSshd({
        openssh: newest.binaries,
        config: [`TrustedUserCAKeys ${ca.path}.pub`],
        pubkeyAlgorithms,
      });
      const key = await certified(GOOD, 'rsa');
      expect(await login(key, undefined, choosy)).toMatchObject([
        { status: 'success', algorithm: pubkeyAlgorithms[0] },
      ]);
    },
  );

  it('is refused for another user, told with its facts, and the key itself is tried next', async () => {
    const key = await certified({ ...GOOD, principals: ['somebody-else'] });
    const error = await refused(key);
    expect(outcomes(error)).toEqual(['ssh-ed25519-cert-v01@openssh.com failure', 'ssh-ed25519 failure']);
    expect(error.attempts.find(({ certificate }) => certificate !== undefined)).toMatchObject({
      credential: 0,
      certificate: { keyId: 'somebody', serial: '42', caFingerprint: await fingerprintOf(binaries, ca) },
    });
    expect(JSON.stringify(error)).not.toContain('PRIVATE');
  });

  it('that has expired is shown all the same, as ssh does, and told to be expired', async () => {
    const error = await refused(await certified({ ...GOOD, validity: '-2h:-1h' }));
    expect(outcomes(error)).toEqual(['ssh-ed25519-cert-v01@openssh.com failure', 'ssh-ed25519 failure']);
    expect(error.attempts[1]).toMatchObject({ certificateProblem: 'expired' });
    await sshd.waitForLog(/Certificate invalid: expired/);
    const early = await refused(await certified({ ...GOOD, validity: '+1h:+2h' }));
    expect(early.attempts[1]).toMatchObject({ certificateProblem: 'not-yet-valid' });
    const told = early.evidence?.events.find(({ data }) => 'certificate_problem' in data);
    expect(told?.data).toMatchObject({ status: 'failed', certificate_problem: 'not-yet-valid' });
  });

  it('that no server could take is not shown, with the reason, and the key itself is tried', async () => {
    const forHosts = await certified({ ...GOOD, host: true });
    const ofAnother = await certified();
    copyFileSync(`${forHosts.path}-cert.pub`, `${ofAnother.path}-cert.pub`);
    const otherUser = await certified();
    const mixedUp = await certified();
    copyFileSync(`${otherUser.path}-cert.pub`, `${mixedUp.path}-cert.pub`);
    const broken = await certified();
    const text = readFileSync(`${broken.path}-cert.pub`, 'utf8');
    writeFileSync(`${broken.path}-cert.pub`, text.replace('AAAA', 'AAAB'));
    const plain = await newKey();
    copyFileSync(`${plain.path}.pub`, `${plain.path}-cert.pub`);
    for (const [key, reason] of [
      [forHosts, 'certificate-wrong-type'],
      [ofAnother, 'certificate-wrong-type'],
      [mixedUp, 'certificate-mismatch'],
      [broken, 'certificate-malformed'],
      [plain, 'certificate-malformed'],
    ] as const) {
      const error = await refused(key);
      expect(outcomes(error)).toEqual([`? ${reason}`, 'ssh-ed25519 failure']);
      const skipped = error.attempts.find(({ skipReason }) => skipReason === reason);
      expect(String(skipped?.error)).toContain('-cert.pub');
    }
    const missing = await refused(plain, { certificatePath: join(scratch.path, 'missing') });
    expect(outcomes(missing)).toEqual(['? file_not_found', 'ssh-ed25519 failure']);
  });

  it('of an encrypted key asks for the passphrase once, also when the key itself is used in the end', async () => {
    const passphrase = vi.fn(() => 'open');
    const key = await newKey('ed25519', 'open');
    await certify(binaries, ca, key, { ...GOOD, options: ['source-address=192.0.2.1/32'] });
    const certificateOnly = await newKey('ed25519', 'open');
    await certify(binaries, ca, certificateOnly, GOOD);
    await login(certificateOnly, { passphrase });
    expect(passphrase).toHaveBeenCalledTimes(1);
    passphrase.mockClear();
    await using both = await startSshd({
      config: [`TrustedUserCAKeys ${ca.path}.pub`],
      authorizedKeys: [key.publicLine],
    });
    await login(key, { passphrase }, both);
    expect(passphrase).toHaveBeenCalledTimes(1);
  });

  it('is no help to a key that cannot be loaded', async () => {
    const key = await certified();
    const path = join(scratch.path, 'gone');
    copyFileSync(`${key.path}-cert.pub`, `${path}-cert.pub`);
    expect(await rejection(connect({ ...key, path }))).toBeInstanceOf(KeyLoadError);
  });

  it('has its forced command run', async () => {
    const key = await certified({ ...GOOD, options: ['force-command=echo forced'] });
    await using connection = await connect(key);
    expect((await connection.exec('echo mine')).stdout).toBe('forced\n');
  });

  it.skipIf(agentPrograms() === undefined)(
    'that an agent holds logs in, signed for by the agent',
    async () => {
      await using agent = await startSshAgent();
      for (const type of ['ed25519', 'rsa'] as const) {
        const key = await certified(GOOD, type);
        const { exitCode, stderr } = await agent.sshAdd(['-q', key.path]);
        expect(exitCode, stderr).toBe(0);
        rmSync(key.path);
        await using connection = await SSHConnection.connect(
          optionsFor(sshd, {
            auth: createAgentAuth({
              socketPath: agent.socket,
              identities: [readFileSync(`${key.path}-cert.pub`, 'utf8')],
            }),
          }),
        );
        expect((await connection.exec('echo in')).stdout).toBe('in\n');
        const answers = connection
          .getEvidenceBundle()
          .events.flatMap((event) => (event.eventType === 'AUTH' ? [event.data] : []));
        expect(answers.find(({ status }) => status === 'success')).toMatchObject({
          algorithm: expect.stringMatching(/-cert-v01@openssh\.com$/),
          key_id: 'somebody',
        });
      }
    },
  );
});

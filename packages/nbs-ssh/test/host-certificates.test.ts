import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateEd25519 } from '@nbs-ssh/auth';
import { SSHServer } from '@nbs-ssh/server';
import {
  type CertificateOptions,
  certify,
  fingerprintOf,
  forgeCertificate,
  type KeyFile,
  type KeyType,
  makeKey,
  type OpensshBinaries,
  opensshPeer,
  run,
  type ScratchDir,
  type Sshd,
  scratchDir,
  sshdAvailable,
  startSshd,
  systemOpenssh,
} from '@nbs-ssh/testing';
import { formatPublicKeyLine, publicKeyOf, signData } from '@nbs-ssh/transport/keys';
import { toBase64 } from '@nbs-ssh/transport/wire';
import {
  createNodeProvider,
  createPasswordAuth,
  HostKeyMismatch,
  SSHConnection,
  type SSHConnectionOptions,
  sshConfigOptions,
  type UnknownHostKey,
} from 'nbs-ssh';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GOOD, SCENARIOS } from './host-certificate-scenarios.ts';
import { hostKeyEvent, sentByUs } from './host-evidence.ts';
import { optionsFor, rejection } from './lab.ts';

describe.skipIf(!sshdAvailable())('a host certificate of OpenSSH', () => {
  let scratch: ScratchDir;
  let binaries: OpensshBinaries;
  let other: KeyFile;
  let otherCa: KeyFile;
  const cas = new Map<string, KeyFile>();
  let files = 0;

  beforeAll(async () => {
    const peer = systemOpenssh();
    if (!peer.available) return;
    binaries = peer.binaries;
    scratch = scratchDir('host-certificates');
    other = await makeKey(binaries, scratch.path, 'other', 'ed25519');
    otherCa = await makeKey(binaries, scratch.path, 'other_ca', 'ed25519');
    for (const type of ['ed25519', 'rsa'] as const) {
      cas.set(type, await makeKey(binaries, scratch.path, `ca_${type}`, type));
    }
  });
  afterAll(() => scratch.remove());

  const text = (key: KeyFile): string => key.publicLine.split(' ').slice(0, 2).join(' ');

  /** A server that shows a certificate for a key made for it. */
  async function serving(
    certificate: CertificateOptions,
    ca: KeyFile,
    type: KeyType = 'ed25519',
  ): Promise<Sshd & { readonly certified: KeyFile }> {
    files += 1;
    const host = await makeKey(binaries, scratch.path, `host-${files}`, type);
    const { path } = await certify(binaries, ca, host, certificate);
    const sshd = await startSshd({
      hostKeyTypes: [],
      config: [`HostKey ${host.path}`, `HostCertificate ${path}`],
    });
    return Object.assign(sshd, { certified: host });
  }

  function file(lines: readonly string[]): string {
    files += 1;
    const path = join(scratch.path, `known_hosts-${files}`);
    writeFileSync(path, lines.map((line) => `${line}\n`).join(''));
    return path;
  }

  const options = (sshd: Sshd, knownHosts: string, more: Partial<SSHConnectionOptions> = {}) =>
    optionsFor(sshd, { crypto: createNodeProvider(), tracePackets: true, knownHosts, ...more });

  /** Whether the real client goes on with this server. */
  async function sshAccepts(
    sshd: Sshd,
    knownHosts: string,
    checking = 'yes',
    by = binaries,
    caSignatures?: string,
  ): Promise<boolean> {
    const args = [
      ...['-F', 'none', '-p', String(sshd.port), '-i', sshd.clientKey()],
      ...['-o', `UserKnownHostsFile=${knownHosts}`, '-o', 'GlobalKnownHostsFile=/dev/null'],
      ...['-o', `StrictHostKeyChecking=${checking}`, '-o', 'BatchMode=yes', '-o', 'IdentityAgent=none'],
      ...(caSignatures === undefined ? [] : ['-o', `CASignatureAlgorithms=${caSignatures}`]),
      `${sshd.username}@${sshd.host}`,
      'true',
    ];
    const { exitCode } = await run(by.ssh, args, { env: { ...process.env, ...by.env } });
    return exitCode === 0;
  }

  for (const { title, certificate, caType, lines, expected, problem, since103, hostKey } of SCENARIOS) {
    it(`${title}: ${expected}, as ssh decides`, async () => {
      const ca = cas.get(caType ?? 'ed25519') as KeyFile;
      await using sshd = await serving(certificate, ca, hostKey);
      const name = `[127.0.0.1]:${sshd.port}`;
      const known = {
        name,
        ca: text(ca),
        otherCa: text(otherCa),
        host: text(sshd.certified),
        other: text(other),
      };
      const path = file(lines(known));
      const keyType = sshd.certified.publicLine.split(' ')[0];
      const fingerprint = await fingerprintOf(binaries, sshd.certified);
      const facts = {
        keyId: 'lab host',
        serial: '7',
        caFingerprint: await fingerprintOf(binaries, ca),
      };
      if (expected === 'trusted') {
        await using connection = await SSHConnection.connect(options(sshd, path));
        expect((await connection.exec('echo in')).stdout).toBe('in\n');
        expect(hostKeyEvent(connection)).toMatchObject({
          verdict: 'trusted',
          key_type: `${keyType}-cert-v01@openssh.com`,
          fingerprint,
          file: path,
          key_id: 'lab host',
          serial: '7',
          ca_fingerprint: facts.caFingerprint,
        });
        expect(hostKeyEvent(connection)['certificate_problem']).toBe(problem);
        expect(connection.algorithms?.hostKey).toMatch(/-cert-v01@openssh\.com$/);
      } else {
        const error = (await rejection(SSHConnection.connect(options(sshd, path)))) as HostKeyMismatch;
        expect(error).toBeInstanceOf(HostKeyMismatch);
        expect(error.reason).toBe(expected);
        expect(error.context).toMatchObject({ fingerprint, keyType, certificate: facts });
        if (expected !== 'unknown') expect(error.context.file).toBe(path);
        const word = expected.startsWith('certificate_')
          ? expected.slice('certificate_'.length).replaceAll('_', '-')
          : problem;
        expect(hostKeyEvent(error)['certificate_problem']).toBe(word);
        expect(sentByUs(error)).toEqual(['KEXINIT', expect.stringMatching(/^KEX/), 'DISCONNECT']);
        expect(sshd.log()).not.toMatch(/userauth|service-request|Accepted|Failed/i);
      }
      const newest = opensshPeer('10.6');
      // The machine's own is older than 10.3, or follows its rules.
      if (since103 !== true) expect(await sshAccepts(sshd, path)).toBe(expected === 'trusted');
      if (newest.available) {
        expect(await sshAccepts(sshd, path, 'yes', newest.binaries)).toBe(expected === 'trusted');
      }
    });
  }

  it('counts only when its CA signed with an algorithm that is allowed, as ssh decides', async () => {
    const ca = cas.get('rsa') as KeyFile;
    await using sshd = await serving(GOOD, ca);
    const path = file([`@cert-authority [127.0.0.1]:${sshd.port} ${text(ca)}`]);
    for (const [spec, policy, trusted] of [
      ['-rsa-sha2-512', { deny: ['rsa-sha2-512'] }, false],
      ['rsa-sha2-512', ['rsa-sha2-512'], true],
      ['ssh-ed25519', { allow: ['ssh-ed25519'] }, false],
    ] as const) {
      const configured = await sshConfigOptions(
        '127.0.0.1',
        {},
        { paths: file([`CASignatureAlgorithms ${spec}`]) },
      );
      for (const caSignatures of [policy, configured.algorithms?.caSignatures]) {
        if (caSignatures === undefined) throw new Error(`${spec} has no effect`);
        const algorithms = { caSignatures };
        if (trusted) {
          await using connection = await SSHConnection.connect(options(sshd, path, { algorithms }));
          expect(hostKeyEvent(connection)['verdict']).toBe('trusted');
        } else {
          const error = await rejection(SSHConnection.connect(options(sshd, path, { algorithms })));
          expect((error as HostKeyMismatch).reason).toBe('certificate_ca_algorithm');
        }
      }
      expect(await sshAccepts(sshd, path, 'yes', binaries, spec)).toBe(trusted);
    }
    const insecure = { insecure: ['ssh-rsa'], caSignatures: ['ssh-rsa'] };
    expect(
      await rejection(SSHConnection.connect(options(sshd, path, { algorithms: insecure }))),
    ).toBeInstanceOf(RangeError);
  });

  it('that has expired is asked about, and written down, as the plain key in it, as ssh does', async () => {
    const ca = cas.get('ed25519') as KeyFile;
    await using sshd = await serving({ ...GOOD, validity: '-2h:-1h' }, ca);
    const name = `[127.0.0.1]:${sshd.port}`;
    const lines = [`@cert-authority ${name} ${text(ca)}`];
    const [ours, theirs] = [file(lines), file(lines)];
    const seen: UnknownHostKey[] = [];
    const ask = {
      hostKeyPolicy: 'ask',
      onUnknownHostKey: (key: UnknownHostKey) => seen.push(key) < 0,
    } as const;
    const declined = (await rejection(SSHConnection.connect(options(sshd, ours, ask)))) as HostKeyMismatch;
    expect(declined.reason).toBe('declined');
    expect(seen).toMatchObject([{ keyType: 'ssh-ed25519', certificate: { keyId: 'lab host' } }]);

    await using connection = await SSHConnection.connect(
      options(sshd, ours, { hostKeyPolicy: 'accept-new' }),
    );
    expect(hostKeyEvent(connection)).toMatchObject({
      verdict: 'unknown-accepted',
      certificate_problem: 'expired',
    });
    expect(await sshAccepts(sshd, theirs, 'accept-new')).toBe(true);
    const added = (path: string): string | undefined => readFileSync(path, 'utf8').split('\n')[1];
    expect(added(ours)).toBe(`${name} ${text(sshd.certified)}`);
    expect(added(theirs)).toBe(added(ours));
  });

  it('is taken by the policy that checks nothing, whatever is wrong with it but the CA’s signature', async () => {
    const ca = cas.get('ed25519') as KeyFile;
    await using sshd = await serving({ ...GOOD, validity: '-2h:-1h' }, ca);
    const path = file([`@revoked * ${text(ca)}`]);
    await using connection = await SSHConnection.connect(options(sshd, path, { hostKeyPolicy: 'insecure' }));
    expect(hostKeyEvent(connection)).toMatchObject({
      verdict: 'revoked-accepted',
      certificate_problem: 'revoked-ca',
    });
  });
});

describe('a host certificate that no ssh-keygen would make', () => {
  it('is refused: not signed by its CA by every policy, with a comma in a name by all that check', async () => {
    const signer = createNodeProvider();
    const [authority, key, stranger] = [
      generateEd25519(signer),
      generateEd25519(signer),
      generateEd25519(signer),
    ];
    using scratch = scratchDir('forged');
    const path = join(scratch.path, 'known_hosts');
    const good = { type: 2, principals: ['127.0.0.1'] };
    const signature = signData(signer, 'ssh-ed25519', stranger, new Uint8Array(8));
    for (const [fields, policy, reason] of [
      [{ ...good, signature }, 'insecure', 'certificate_signature'],
      [{ ...good, signature }, 'strict', 'certificate_signature'],
      [{ ...good, principals: ['127.0.0.1', 'a,127.0.0.1'] }, 'strict', 'certificate_comma_principal'],
      [good, 'strict', undefined],
    ] as const) {
      const blob = forgeCertificate(signer, authority, publicKeyOf(key), fields);
      const certificate = `ssh-ed25519-cert-v01@openssh.com ${toBase64(blob)}`;
      await using server = await SSHServer.listen({
        hostKeys: [{ key, certificate }],
        auth: { password: () => true },
      });
      const { host, port } = server.address;
      const ca = formatPublicKeyLine(publicKeyOf(authority));
      writeFileSync(path, `@cert-authority [${host}]:${port} ${ca}\n`);
      const connecting = SSHConnection.connect({
        host,
        port,
        username: 'lab',
        auth: createPasswordAuth('secret'),
        knownHosts: path,
        hostKeyPolicy: policy,
        tracePackets: true,
      });
      if (reason === undefined) {
        await using connection = await connecting;
        expect(hostKeyEvent(connection)['verdict']).toBe('trusted');
        continue;
      }
      const error = (await rejection(connecting)) as HostKeyMismatch;
      expect(error).toBeInstanceOf(HostKeyMismatch);
      expect(error.reason).toBe(reason);
      expect(sentByUs(error)).toEqual(['KEXINIT', expect.stringMatching(/^KEX/), 'DISCONNECT']);
    }
  });
});

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type CertificateOptions,
  certify,
  fingerprintOf,
  forgeCertificate,
  type KeyType,
  makeKey,
  runOk,
  type ScratchDir,
  scratchDir,
  seededRandom,
  systemOpenssh,
} from '@nbs-ssh/testing';
import type { CryptoProvider } from '@nbs-ssh/transport/crypto';
import { nobleHash } from '@nbs-ssh/transport/crypto/noble';
import {
  fingerprint,
  parseCertificate,
  parsePublicKeyLine,
  plainKeyOf,
  publicKeyOf,
} from '@nbs-ssh/transport/keys';
import { toBase64 } from '@nbs-ssh/transport/wire';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { nobleSignatures } from '../../src/crypto/signatures/noble.ts';
import { newKey } from '../crypto/signatures/fixtures.ts';

const peer = systemOpenssh();
const hash: CryptoProvider['hash'] = nobleHash;
const TYPES: readonly KeyType[] = ['ed25519', 'ecdsa-256', 'ecdsa-384', 'ecdsa-521', 'rsa'];
const KINDS: readonly CertificateOptions[] = [
  {
    keyId: 'somebody',
    serial: 18_446_744_073_709_551_615n,
    principals: ['alice', 'bob'],
    validity: '20200101000000Z:20300101000000Z',
    options: ['force-command=echo "a b"', 'source-address=127.0.0.0/8,::1', 'no-pty'],
  },
  { keyId: 'no limits', validity: 'always:forever', options: ['clear', 'critical:x@example.org=1'] },
  { host: true, keyId: 'a host', principals: ['*.example.org'], serial: 7n },
];

describe.skipIf(!peer.available)('certificates of ssh-keygen (skipped where it is absent)', () => {
  let dir: ScratchDir;
  beforeAll(() => {
    dir = scratchDir('certificates');
  });
  afterAll(() => dir.remove());

  for (const [index, type] of TYPES.entries()) {
    it(`${type}: are read as ssh-keygen -L prints them, and have the fingerprint that -l prints`, async () => {
      if (!peer.available) return;
      const { binaries } = peer;
      const env = { ...process.env, TZ: 'UTC' };
      const caType = TYPES[(index + 1) % TYPES.length] as KeyType;
      const ca = await makeKey(binaries, dir.path, `ca-${type}`, caType);
      const key = await makeKey(binaries, dir.path, `key-${type}`, type);
      for (const options of KINDS) {
        const file = await certify(binaries, ca, key, options);
        const read = parsePublicKeyLine(file.line, parseCertificate);
        assert.ok(read);
        const { certificate } = read.publicKey;
        const shown = fingerprint(hash, plainKeyOf(read.publicKey).blob);
        assert.equal(shown, await fingerprintOf(binaries, key));
        assert.equal(fingerprint(hash, certificate.signatureKey.blob), await fingerprintOf(binaries, ca));

        const { stdout } = await runOk(binaries.sshKeygen, ['-L', '-f', file.path], { env });
        assert.match(stdout, new RegExp(`Type: ${read.publicKey.keyType} ${certificate.type} certificate`));
        assert.equal(field(stdout, 'Public key').split(' ')[1], shown);
        assert.equal(field(stdout, 'Key ID'), `"${certificate.keyId}"`);
        assert.equal(field(stdout, 'Serial'), String(certificate.serial));
        assert.deepEqual(list(stdout, 'Principals'), certificate.principals);
        assert.deepEqual(
          list(stdout, 'Extensions').map((line) => line.split(' ')[0]),
          certificate.extensions.map(({ name }) => name),
        );
        assert.deepEqual(
          list(stdout, 'Critical Options').map((line) => line.split(' ')[0]),
          certificate.criticalOptions.map(({ name }) => name),
        );
        const valid = field(stdout, 'Valid');
        if (valid !== 'forever') {
          const [, from = '', to = ''] = /from (\S+) to (\S+)/.exec(valid) ?? [];
          assert.equal(BigInt(Date.parse(`${from}Z`) / 1000), certificate.validAfter);
          assert.equal(BigInt(Date.parse(`${to}Z`) / 1000), certificate.validBefore);
        } else {
          assert.deepEqual([certificate.validAfter, certificate.validBefore], [0n, 0xffff_ffff_ffff_ffffn]);
        }
      }
    });
  }

  it('with options out of order or twice are read by ssh-keygen, and refused here', async () => {
    if (!peer.available) return;
    const [ca, subject] = [newKey('ssh-ed25519'), publicKeyOf(newKey('ssh-ed25519'))];
    const signer = { signatures: nobleSignatures, random: seededRandom('strict') };
    for (const extensions of [
      [['permit-pty'], ['permit-X11-forwarding']],
      [['permit-pty'], ['permit-pty']],
    ] as const) {
      const blob = forgeCertificate(signer, ca, subject, { extensions });
      const path = join(dir.path, 'strict-cert.pub');
      writeFileSync(path, `ssh-ed25519-cert-v01@openssh.com ${toBase64(blob)}\n`);
      await runOk(peer.binaries.sshKeygen, ['-L', '-f', path]);
      assert.throws(() => parseCertificate(blob), { code: 'KEYS_MALFORMED' });
    }
  });
});

function field(text: string, name: string): string {
  return new RegExp(`^ +${name}: (.*)$`, 'm').exec(text)?.[1] ?? '';
}

/** The lines under a heading, which are indented deeper. */
function list(text: string, name: string): string[] {
  const [, body = ''] = new RegExp(`^ +${name}: ?((?:\\n {16}.*)*)`, 'm').exec(text) ?? [];
  return body
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.trim());
}

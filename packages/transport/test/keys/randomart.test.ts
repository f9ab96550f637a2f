import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram, runOk, type ScratchDir, scratchDir, seededRandom } from '@nbs-ssh/testing';
import type { CryptoProvider } from '@nbs-ssh/transport/crypto';
import { nobleProvider } from '@nbs-ssh/transport/crypto/noble';
import { createNodeProvider } from '@nbs-ssh/transport/crypto/node';
import {
  encodePublicKey,
  fingerprint,
  formatPublicKeyLine,
  keyBits,
  keyLabel,
  type PublicKey,
  parseCertificate,
  parsePublicKeyLine,
  plainKeyOf,
  randomart,
} from '@nbs-ssh/transport/keys';
import { bytesToBigint, utf8 } from '@nbs-ssh/transport/wire';
import { afterAll, beforeAll, describe, it } from 'vitest';

const sshKeygen = findProgram('ssh-keygen');
const random = seededRandom('randomart');
const hash: CryptoProvider['hash'] = (name, ...parts) => {
  const state = createHash(name);
  for (const part of parts) state.update(part);
  return new Uint8Array(state.digest());
};

const ed25519 = (): PublicKey => {
  const { publicKey } = generateKeyPairSync('ed25519');
  return encodePublicKey({ type: 'ed25519', publicKey: new Uint8Array(rawTail(publicKey, 32)) });
};
const ecdsa = (curve: 'nistp256' | 'nistp384' | 'nistp521', named: string, length: number): PublicKey => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: named });
  return encodePublicKey({ type: 'ecdsa', curve, point: new Uint8Array(rawTail(publicKey, length)) });
};
/** A modulus of any size: nothing signs with it. */
const rsa = (bits: number): PublicKey => {
  const n = bytesToBigint(random(bits / 8));
  return encodePublicKey({ type: 'rsa', n: n | 1n | (1n << BigInt(bits - 1)), e: 65_537n });
};
const rawTail = (key: KeyObject, length: number): Buffer =>
  key.export({ type: 'spki', format: 'der' }).subarray(-length);

const KEYS: readonly (() => PublicKey)[] = [
  ...Array.from({ length: 60 }, () => ed25519),
  ...Array.from({ length: 10 }, () => () => ecdsa('nistp256', 'P-256', 65)),
  ...Array.from({ length: 10 }, () => () => ecdsa('nistp384', 'P-384', 97)),
  ...Array.from({ length: 10 }, () => () => ecdsa('nistp521', 'P-521', 133)),
  ...[2048, 2056, 3072, 4096, 8192, 16_384].flatMap((bits) => [() => rsa(bits), () => rsa(bits)]),
];

describe.skipIf(sshKeygen === undefined)(
  'fingerprints and pictures of ssh-keygen (skipped without it)',
  () => {
    let dir: ScratchDir;
    let file: string;
    let keys: readonly PublicKey[];
    beforeAll(() => {
      dir = scratchDir('randomart');
      file = join(dir.path, 'keys.pub');
      keys = KEYS.map((make) => make());
      writeFileSync(file, `${keys.map((key, i) => formatPublicKeyLine(key, `key ${i}`)).join('\n')}\n`);
    });
    afterAll(() => dir.remove());

    for (const name of ['sha256', 'md5'] as const) {
      it(`are ours for a hundred keys: ${name}`, async () => {
        const { stdout } = await runOk(sshKeygen ?? '', ['-l', '-v', '-E', name, '-f', file]);
        const ours = keys.map((key, i) => {
          const facts = `${keyBits(key.material)} ${fingerprint(hash, key.blob, name)} key ${i} (${keyLabel(key)})`;
          return `${facts}\n${randomart(hash, key, name)}\n`;
        });
        assert.equal(stdout, ours.join(''));
      });
    }
  },
);

describe.skipIf(sshKeygen === undefined)('a certificate, to ssh-keygen (skipped without it)', () => {
  it('has the fingerprint and picture of its key under a title of its own', async () => {
    using dir = scratchDir('randomart');
    const path = (name: string): string => join(dir.path, name);
    const command = sshKeygen ?? '';
    await runOk(command, ['-q', '-t', 'ed25519', '-N', '', '-f', path('ca')]);
    for (const [type, ...bits] of [
      ['ed25519'],
      ['ecdsa', '-b', '256'],
      ['ecdsa', '-b', '521'],
      ['rsa', '-b', '2048'],
    ] as const) {
      await runOk(command, [
        '-q',
        '-t',
        type,
        ...bits,
        '-N',
        '',
        '-C',
        'me',
        '-f',
        path(`${type}${bits[1]}`),
      ]);
      await runOk(command, ['-q', '-s', path('ca'), '-I', 'id', '-n', 'me', path(`${type}${bits[1]}.pub`)]);
      const certificate = path(`${type}${bits[1]}-cert.pub`);
      const key = parsePublicKeyLine(readFileSync(certificate, 'utf8'), parseCertificate)?.publicKey;
      assert.ok(key);
      const { stdout } = await runOk(command, ['-l', '-v', '-f', certificate]);
      const facts = `${keyBits(key.material)} ${fingerprint(hash, plainKeyOf(key).blob)} me (${keyLabel(key)})`;
      assert.equal(stdout, `${facts}\n${randomart(hash, key)}\n`);
    }
  });
});

describe('MD5', () => {
  it('is the same in every provider: RFC 1321 A.5', () => {
    for (const provider of [nobleProvider, createNodeProvider()]) {
      const digest = provider.hash('md5', utf8('message '), utf8('digest'));
      assert.equal(Buffer.from(digest).toString('hex'), 'f96b697d7cb7938d525a2f31aaf161d0');
    }
  });
});

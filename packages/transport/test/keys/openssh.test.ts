import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram, run, runOk, type ScratchDir, scratchDir, seededRandom } from '@nbs-ssh/testing';
import type { CryptoProvider } from '@nbs-ssh/transport/crypto';
import {
  fingerprint,
  formatPublicKeyLine,
  keyTypeOf,
  parsePublicKey,
  parsePublicKeyLine,
  publicKeyOf,
  signatureAlgorithmsFor,
  signData,
  verifySignature,
} from '@nbs-ssh/transport/keys';
import { concat, fromBase64, toBase64, utf8, WireReader, WireWriter } from '@nbs-ssh/transport/wire';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { newKey, PROVIDERS, rsaVectorKey, signing } from '../crypto/signatures/fixtures.ts';

const sshKeygen = findProgram('ssh-keygen');
const random = seededRandom('openssh');

const KINDS = [
  ['ssh-ed25519', ['-t', 'ed25519']],
  ['ecdsa-sha2-nistp256', ['-t', 'ecdsa', '-b', '256']],
  ['ecdsa-sha2-nistp384', ['-t', 'ecdsa', '-b', '384']],
  ['ecdsa-sha2-nistp521', ['-t', 'ecdsa', '-b', '521']],
  ['ssh-rsa', ['-t', 'rsa', '-b', '2048']],
  ['ssh-rsa', ['-t', 'rsa', '-b', '3072']],
] as const;

const hash: CryptoProvider['hash'] = (name, ...parts) => {
  const state = createHash(name);
  for (const part of parts) state.update(part);
  return new Uint8Array(state.digest());
};

describe.skipIf(sshKeygen === undefined)(
  'keys and signatures of ssh-keygen (skipped where it is absent)',
  () => {
    const command = sshKeygen ?? '';
    let dir: ScratchDir;
    let messageFile: string;
    const message = utf8('signed by the real thing\n');

    beforeAll(() => {
      dir = scratchDir('keys');
      messageFile = join(dir.path, 'message');
      writeFileSync(messageFile, message);
    });
    afterAll(() => dir.remove());

    for (const [index, [keyType, args]] of KINDS.entries()) {
      it(`${args.join(' ')}: is read, has ssh-keygen's fingerprint, and its signature verifies`, async () => {
        const path = join(dir.path, `key${index}`);
        await runOk(command, ['-q', ...args, '-N', '', '-C', 'a comment', '-f', path]);
        const line = readFileSync(`${path}.pub`, 'utf8');
        const parsed = parsePublicKeyLine(line);
        assert.ok(parsed);
        assert.equal(parsed.publicKey.keyType, keyType);
        assert.equal(parsed.comment, 'a comment');
        assert.equal(`${formatPublicKeyLine(parsed.publicKey, parsed.comment)}\n`, line);

        const { stdout } = await runOk(command, ['-lf', `${path}.pub`]);
        assert.equal(stdout.split(' ')[1], fingerprint(hash, parsed.publicKey.blob));

        await runOk(command, ['-q', '-Y', 'sign', '-f', path, '-n', NAMESPACE, messageFile]);
        const { publicKey, signature } = readArmoured(readFileSync(`${messageFile}.sig`, 'utf8'));
        await runOk('rm', [`${messageFile}.sig`]);
        assert.deepEqual(publicKey, parsed.publicKey.blob);
        for (const { name, signatures } of PROVIDERS) {
          const allowed = signatureAlgorithmsFor(keyType);
          const check = (data: Uint8Array): boolean =>
            verifySignature({ signatures }, { allowed }, parsePublicKey(publicKey), data, signature);
          assert.equal(check(signedData(message)), true, name);
          assert.equal(check(signedData(utf8('something else'))), false, name);
        }
      });
    }

    for (const { name: provider, signatures } of PROVIDERS) {
      for (const { name: algorithm, keyType } of signing(signatures)) {
        it(`ssh-keygen takes what we sign: ${algorithm} on ${provider}`, async () => {
          const key = keyType === 'ssh-rsa' ? rsaVectorKey(3072) : newKey(keyType);
          assert.equal(keyTypeOf(key), keyType);
          const blob = signData({ signatures, random }, algorithm, key, signedData(message));
          const path = join(dir.path, `${provider}-${algorithm}.sig`);
          writeFileSync(path, armoured(publicKeyOf(key).blob, blob));
          const args = ['-Y', 'check-novalidate', '-n', NAMESPACE, '-s', path];
          const good = await run(command, args, { stdin: message });
          assert.equal(good.exitCode, 0, good.stderr);
          assert.match(good.stdout, new RegExp(quoted(fingerprint(hash, publicKeyOf(key).blob))));
          const bad = await run(command, args, { stdin: 'something else' });
          assert.notEqual(bad.exitCode, 0);
        });
      }
    }
  },
);

const NAMESPACE = 'test';
const MAGIC = utf8('SSHSIG');

/** What an SSHSIG signature is made over, OpenSSH PROTOCOL.sshsig. */
function signedData(message: Uint8Array): Uint8Array {
  const rest = new WireWriter()
    .text(NAMESPACE)
    .text('')
    .text('sha512')
    .string(hash('sha512', message))
    .finish();
  return concat(MAGIC, rest);
}

function readArmoured(text: string): { publicKey: Uint8Array; signature: Uint8Array } {
  const blob = fromBase64(text.replace(/-----[A-Z ]+-----|\s/g, ''));
  assert.ok(blob);
  const reader = new WireReader(blob);
  assert.deepEqual(reader.fixed(MAGIC.length, 'magic'), MAGIC);
  assert.equal(reader.u32('version'), 1);
  const publicKey = new Uint8Array(reader.string('public key'));
  assert.equal(reader.text('namespace'), NAMESPACE);
  reader.string('reserved');
  assert.equal(reader.text('hash'), 'sha512');
  const signature = reader.string('signature');
  reader.end('SSHSIG');
  return { publicKey, signature };
}

function armoured(publicKey: Uint8Array, signature: Uint8Array): string {
  const writer = new WireWriter().fixed(MAGIC).u32(1).string(publicKey).text(NAMESPACE).text('');
  const base64 = toBase64(writer.text('sha512').string(signature).finish());
  const lines = base64.match(/.{1,70}/g) ?? [];
  return ['-----BEGIN SSH SIGNATURE-----', ...lines, '-----END SSH SIGNATURE-----', ''].join('\n');
}

const quoted = (text: string): string => text.replace(/[+/]/g, '\\$&');

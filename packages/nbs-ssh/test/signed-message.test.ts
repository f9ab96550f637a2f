import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram, scratchDir } from '@nbs-ssh/testing';
import { signData } from '@nbs-ssh/transport/keys';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  createAgent,
  createAgentSigner,
  generateKey,
  type MessageSigner,
  nobleProvider,
  type PrivateKey,
  SSHError,
  signatureOf,
  signMessage,
  verifyMessage,
} from '../src/index.ts';
import { rejection } from './lab.ts';

const sshKeygen = findProgram('ssh-keygen');
const MESSAGE = 'pay Bob 10\n';
let key: PrivateKey;
let other: PrivateKey;
let signature: string;

beforeAll(async () => {
  [key, other] = await Promise.all([generateKey('ed25519'), generateKey('ecdsa', { bits: 384 })]);
  signature = await signMessage(MESSAGE, key, { namespace: 'file' });
});

const judge = (
  changes: Partial<Parameters<typeof verifyMessage>[2]> & { readonly message?: string } = {},
): unknown => {
  const { message = MESSAGE, ...options } = changes;
  const allowedSigners = `me@x ${key.publicLine}\n`;
  const verdict = verifyMessage(message, signature, {
    namespace: 'file',
    identity: 'me@x',
    allowedSigners,
    ...options,
  });
  return verdict.valid ? verdict.line : verdict.reason;
};

describe('a signed message', () => {
  it('is judged by message, purpose, signer, time and revocation', async () => {
    expect(judge()).toBe(1);
    expect(judge({ message: 'pay Bob 1000\n' })).toBe('signature');
    expect(judge({ namespace: 'git' })).toBe('namespace');
    expect(judge({ identity: 'you@x' })).toBe('unknown-signer');
    expect(judge({ allowedSigners: `me@x ${other.publicLine}` })).toBe('unknown-signer');
    expect(judge({ allowedSigners: '' })).toBe('unknown-signer');
    expect(judge({ allowedSigners: `me@x namespaces="git" ${key.publicLine}` })).toBe(
      'namespace-not-allowed',
    );
    const limited = `me@x valid-before="20200101Z" ${key.publicLine}`;
    expect(judge({ allowedSigners: limited })).toBe('expired');
    expect(judge({ allowedSigners: limited, at: new Date(Date.UTC(2019, 0)) })).toBe(1);
    expect(judge({ revokedKeys: `${other.publicLine}\n` })).toBe(1);
    expect(judge({ revokedKeys: `${other.publicLine}\n${key.publicLine}\n` })).toBe('revoked');
    const unreadable = await rejection((async () => judge({ revokedKeys: 'junk' }))());
    expect(unreadable).toBeInstanceOf(SSHError);
    expect(unreadable).toMatchObject({
      code: 'AUTH_SSHSIG_REVOKED_KEYS',
      fault: 'caller',
      context: { details: { line: 1 } },
    });
  });

  it('that is no signature is a verdict, and lines that cannot be used are told', () => {
    const options = { namespace: 'file', identity: 'me@x', allowedSigners: `bad\nme@x ${key.publicLine}` };
    expect(verifyMessage(MESSAGE, 'hello', options)).toEqual({
      valid: false,
      reason: 'malformed',
      warnings: [{ line: 1, problem: 'there is no key' }],
    });
    expect(verifyMessage(MESSAGE, signature, options)).toMatchObject({ valid: true, line: 2 });
  });

  it('shows the key that signed it, allowed or not', () => {
    const verdict = signatureOf(MESSAGE, signature, 'file');
    expect(verdict.valid && verdict.publicKey.fingerprint()).toBe(key.publicKey.fingerprint());
    expect(signatureOf(MESSAGE, signature, 'git')).toMatchObject({ valid: false, reason: 'namespace' });
    expect(signatureOf('other', signature, 'file')).toMatchObject({ valid: false, reason: 'signature' });
    expect(signatureOf(MESSAGE, '', 'file')).toEqual({ valid: false, reason: 'malformed' });
  });

  it('may be given as text, as bytes or as its digest', async () => {
    const digest = new Uint8Array(createHash('sha512').update(MESSAGE).digest());
    for (const message of [MESSAGE, Buffer.from(MESSAGE), { digest }]) {
      expect(signatureOf(message, signature, 'file').valid).toBe(true);
      expect(await signMessage(message, key, { namespace: 'file' })).toBe(signature);
    }
  });

  it('may be signed by somebody else who holds the key, and not by a liar', async () => {
    const asked: string[] = [];
    const signer: MessageSigner = {
      publicKey: other.publicKey,
      sign: async (algorithm, data) => {
        asked.push(algorithm);
        return signData(nobleProvider, algorithm, other.material, data);
      },
    };
    const armored = await signMessage(MESSAGE, signer, { namespace: 'file', hash: 'sha256' });
    expect(signatureOf(MESSAGE, armored, 'file').valid).toBe(true);
    expect(asked).toEqual(['ecdsa-sha2-nistp384']);
    const liar: MessageSigner = { ...signer, publicKey: key.publicKey };
    const lied = await rejection(
      signMessage(MESSAGE, { ...liar, sign: () => new Uint8Array(83) }, { namespace: 'file' }),
    );
    expect(lied).toBeInstanceOf(SSHError);
    expect(lied).toMatchObject({ code: 'AUTH_SSHSIG_SIGNER', fault: 'caller' });
    const own = new Error('mine');
    const fails = { ...liar, sign: () => Promise.reject(own) };
    expect(await rejection(signMessage(MESSAGE, fails, { namespace: 'file' }))).toBe(own);
  });

  it('may be signed by a key in an agent, and not without it', async () => {
    await using agent = createAgent([other]);
    const signer = createAgentSigner(other.publicKey, { agent });
    const armored = await signMessage(MESSAGE, signer, { namespace: 'file' });
    const verdict = signatureOf(MESSAGE, armored, 'file');
    expect(verdict.valid && verdict.publicKey.fingerprint()).toBe(other.publicKey.fingerprint());
    const absent = createAgentSigner(key.publicKey, { agent });
    await expect(signMessage(MESSAGE, absent, { namespace: 'file' })).rejects.toMatchObject({
      reason: 'no_match',
    });
    agent.lock('shut');
    await expect(signMessage(MESSAGE, signer, { namespace: 'file' })).rejects.toMatchObject({
      reason: 'empty',
    });
    expect(() => createAgentSigner(key.publicKey, { timeoutSec: -1 })).toThrow(RangeError);
  });

  it('needs a purpose', async () => {
    await expect(signMessage(MESSAGE, key, { namespace: '' })).rejects.toThrow(RangeError);
  });

  it.skipIf(sshKeygen === undefined)('is accepted by ssh-keygen, for RSA too', async () => {
    using dir = scratchDir('sshsig');
    const rsa = await generateKey('rsa', { bits: 2048 });
    for (const signer of [key, other, rsa]) {
      writeFileSync(join(dir.path, 'sig'), await signMessage(MESSAGE, signer, { namespace: 'file' }));
      writeFileSync(join(dir.path, 'signers'), `me ${signer.publicLine}\n`);
      const args = ['-Y', 'verify', '-f', 'signers', '-I', 'me', '-n', 'file', '-s', 'sig'];
      const output = execFileSync(sshKeygen ?? '', args, { cwd: dir.path, input: MESSAGE, encoding: 'utf8' });
      expect(output).toBe(
        `Good "file" signature for me with ${signer.publicKey.label} key ${signer.publicKey.fingerprint()}\n`,
      );
    }
  });
});

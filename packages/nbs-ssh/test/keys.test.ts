import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { findProgram, type ScratchDir, scratchDir } from '@nbs-ssh/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createNodeProvider,
  generateKey,
  KeyLoadError,
  nobleProvider,
  PrivateKey,
  PublicKey,
  SSHError,
} from '../src/index.ts';
import { rejection } from './lab.ts';

const sshKeygen = findProgram('ssh-keygen');
const keygen = (...args: readonly string[]): string =>
  execFileSync(sshKeygen ?? '', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

let scratch: ScratchDir;
beforeAll(() => {
  scratch = scratchDir('keys');
});
afterAll(() => scratch.remove());
const at = (name: string): string => join(scratch.path, name);

const KINDS = [
  ['ed25519', undefined, 'ssh-ed25519', 256],
  ['ecdsa', undefined, 'ecdsa-sha2-nistp256', 256],
  ['ecdsa', 384, 'ecdsa-sha2-nistp384', 384],
  ['ecdsa', 521, 'ecdsa-sha2-nistp521', 521],
  ['rsa', undefined, 'ssh-rsa', 3072],
  ['rsa', 2048, 'ssh-rsa', 2048],
] as const;

describe.each([nobleProvider, createNodeProvider()])('generateKey with $name', (crypto) => {
  it.each(KINDS)('makes %s of %s bits', async (type, bits, name, size) => {
    const key = await generateKey(type, { bits, comment: 'me@here', crypto });
    expect(key.publicKey).toMatchObject({ type: name, bits: size, comment: 'me@here' });
    expect(key.publicLine).toBe(`${name} ${key.publicLine.split(' ')[1]} me@here`);
    if (sshKeygen === undefined) return;
    for (const passphrase of [undefined, 'correct horse']) {
      const file = at(`${type}-${size}-${crypto.name}`);
      writeFileSync(file, key.toOpenSSH({ passphrase, rounds: passphrase === undefined ? undefined : 2 }));
      chmodSync(file, 0o600);
      expect(keygen('-y', '-P', passphrase ?? '', '-f', file).trim()).toBe(key.publicLine);
      const again = await PrivateKey.fromFile(file, { passphrase });
      expect(again.material).toEqual(key.material);
      writeFileSync(`${file}.pub`, `${key.publicLine}\n`);
      expect(keygen('-l', '-f', `${file}.pub`)).toBe(
        `${size} ${key.publicKey.fingerprint()} me@here (${key.publicKey.label})\n`,
      );
    }
  });

  it.each([
    ['ed25519', 255],
    ['ecdsa', 512],
    ['rsa', 1024],
    ['rsa', 16_385],
    ['rsa', Number.NaN],
  ] as const)('refuses %s of %s bits', async (type, bits) => {
    await expect(generateKey(type, { bits, crypto })).rejects.toThrow(RangeError);
  });

  it('refuses an unknown type, and a comment of two lines', async () => {
    await expect(generateKey('dsa' as 'rsa', { crypto })).rejects.toThrow(TypeError);
    await expect(generateKey('ed25519', { comment: 'a\nb', crypto })).rejects.toThrow(RangeError);
  });

  it('does not begin when it is aborted already', async () => {
    const signal = AbortSignal.abort(new Error('not wanted'));
    await expect(generateKey('rsa', { crypto, signal })).rejects.toThrow('not wanted');
  });
});

describe('generateKey', () => {
  it('lets other work go on while it looks for primes, and ends when it is aborted', async () => {
    const controller = new AbortController();
    const never = generateKey('rsa', { bits: 16_384, signal: controller.signal });
    let turns = 0;
    const again = (): void => {
      turns += 1;
      if (turns < 5) setImmediate(again);
      else controller.abort(new Error('enough'));
    };
    setImmediate(again);
    await expect(never).rejects.toThrow('enough');
    expect(turns).toBe(5);
  });

  it('looks for primes in JavaScript where the platform cannot make keys', async () => {
    let asked = 0;
    const crypto = {
      ...nobleProvider,
      generateRsa: async () => {
        asked += 1;
        return undefined;
      },
    };
    expect((await generateKey('rsa', { bits: 2048, crypto })).publicKey.bits).toBe(2048);
    expect(asked).toBe(1);
  });

  it('releases no key of a platform that makes wrong ones', async () => {
    const good = (await generateKey('rsa', { bits: 2048 })).material;
    if (good.type !== 'rsa') throw new Error('unreachable');
    // The last one signs rightly, and other programs would not load it.
    const whole = (good.p - 1n) * (good.q - 1n);
    for (const wrong of [{ d: good.d + 2n }, { iqmp: good.iqmp + 1n }, { d: good.d + 2n * whole }]) {
      const crypto = { ...nobleProvider, generateRsa: async () => ({ ...good, ...wrong }) };
      const error = await rejection(generateKey('rsa', { crypto }));
      expect(error).toBeInstanceOf(SSHError);
      expect(error).toMatchObject({ code: 'CRYPTO_KEY_GENERATION', fault: 'bug', retryable: false });
      expect(String(error)).not.toContain('CRYPTO_KEY_GENERATION');
    }
  });

  it('is given up with a public error where random numbers are not random', async () => {
    const crypto = { ...nobleProvider, random: (length: number) => new Uint8Array(length) };
    for (const type of ['ecdsa', 'rsa'] as const) {
      const error = await rejection(generateKey(type, { crypto }));
      expect(error).toBeInstanceOf(SSHError);
      expect(error).toMatchObject({
        code: 'CRYPTO_KEY_GENERATION',
        context: { details: { reason: 'random' } },
      });
    }
  });
});

describe('a private key', () => {
  it('shows nothing secret when it is printed or turned into JSON', async () => {
    const key = await generateKey('ed25519', { comment: 'mine' });
    if (key.material.type !== 'ed25519') throw new Error('unreachable');
    const seed = Buffer.from(key.material.seed);
    for (const text of [inspect(key, { depth: 9, showHidden: true }), JSON.stringify(key), String(key)]) {
      expect(text).not.toContain(seed.toString('base64').slice(0, 40));
      expect(text).not.toContain(seed.toString('hex').slice(0, 60));
      expect(text).not.toContain([...seed].slice(0, 8).join(', '));
    }
    expect(JSON.parse(JSON.stringify(key))).toEqual({ publicKey: key.publicLine });
  });

  it('asks for its passphrase only when it is encrypted, and says what is wrong', async () => {
    const key = await generateKey('ed25519');
    let asked = 0;
    const passphrase = (): string => {
      asked += 1;
      return 'the right one';
    };
    await PrivateKey.parse(key.toOpenSSH(), { passphrase });
    expect(asked).toBe(0);
    const locked = key.toOpenSSH({ passphrase: 'the right one', rounds: 1 });
    expect((await PrivateKey.parse(locked, { passphrase })).publicLine).toBe(key.publicLine);
    expect(asked).toBe(1);
    const reasons = async (content: string, secret?: string): Promise<unknown> =>
      await PrivateKey.parse(content, { passphrase: secret }).catch((error: unknown) =>
        error instanceof KeyLoadError ? error.reason : error,
      );
    expect(await reasons(locked)).toBe('passphrase_required');
    expect(await reasons(locked, 'a wrong one')).toBe('wrong_passphrase');
    expect(await reasons('hello')).toBe('invalid_format');
  });

  it('is not read from a file that is missing, or open to others', async () => {
    const file = at('open');
    writeFileSync(file, (await generateKey('ed25519')).toOpenSSH());
    chmodSync(file, 0o644);
    await expect(PrivateKey.fromFile(file)).rejects.toMatchObject({ reason: 'permission_denied' });
    await expect(PrivateKey.fromFile(at('none'))).rejects.toMatchObject({ reason: 'file_not_found' });
  });
});

describe('a public key', () => {
  it('is refused with a reason when the line has none that can be read', () => {
    for (const [line, reason] of [
      ['', 'invalid_format'],
      ['# a remark', 'invalid_format'],
      ['ssh-ed25519 AAAA', 'invalid_format'],
      ['ssh-xmss@openssh.com AAAAFHNzaC14bXNzQG9wZW5zc2guY29t', 'unsupported'],
    ] as const) {
      expect(() => PublicKey.parse(line)).toThrow(expect.objectContaining({ reason }));
    }
  });

  it('gives a copy of its blob', async () => {
    const { publicKey } = await generateKey('ed25519');
    publicKey.blob.fill(0);
    expect(PublicKey.parse(publicKey.line).fingerprint()).toBe(publicKey.fingerprint());
  });

  it.skipIf(sshKeygen === undefined)(
    'may be a certificate, which is described as ssh-keygen does',
    async () => {
      const [ca, user] = await Promise.all([generateKey('ed25519'), generateKey('ecdsa', { comment: 'me' })]);
      writeFileSync(at('ca'), ca.toOpenSSH(), { mode: 0o600 });
      writeFileSync(at('user.pub'), `${user.publicLine}\n`);
      keygen('-q', '-s', at('ca'), '-I', 'id', '-n', 'me', at('user.pub'));
      const certificate = PublicKey.parse(readFileSync(at('user-cert.pub'), 'utf8'));
      expect(certificate).toMatchObject({
        type: 'ecdsa-sha2-nistp256-cert-v01@openssh.com',
        label: 'ECDSA-CERT',
      });
      expect(`256 ${certificate.fingerprint()} me (ECDSA-CERT)\n${certificate.randomart()}\n`).toBe(
        keygen('-l', '-v', '-f', at('user-cert.pub')),
      );
    },
  );
});

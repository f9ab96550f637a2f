import { atRestCiphers } from '@nbs-ssh/transport/crypto/at-rest';
import { publicKeyOf } from '@nbs-ssh/transport/keys';
import { Secret } from '@nbs-ssh/transport/wire';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  encryptOpensshPrivateKey,
  formatOpensshPrivateKey,
  generateEd25519,
  type ParsedPrivateKey,
} from '../../src/private-key/index.ts';
import { testCrypto as crypto } from './crypto.ts';
import { line, load, PASSPHRASE, reason } from './loading.ts';
import { hasSshKeygen, workspace } from './tools.ts';

const space = workspace();
afterAll(() => space.remove());
const passphrase = new Secret(PASSPHRASE);
const ed25519 = generateEd25519(crypto);

describe('an encrypted key that we write', () => {
  it('loads with its passphrase only, whatever the cipher', () => {
    for (const { name: cipher } of atRestCiphers) {
      const text = encryptOpensshPrivateKey(ed25519, 'a comment', { passphrase, cipher, rounds: 1 }, crypto);
      expect(load(text, PASSPHRASE)).toEqual({
        key: ed25519,
        publicKey: publicKeyOf(ed25519),
        comment: 'a comment',
      });
      expect(reason(text, 'another')).toBe('wrong_passphrase');
      expect(reason(text)).toBe('passphrase_required');
    }
  });

  it('is not the same twice, and shows neither seed nor passphrase', () => {
    const [a, b] = [1, 2].map(() =>
      encryptOpensshPrivateKey(ed25519, '', { passphrase, rounds: 1 }, crypto),
    ) as [string, string];
    expect(a).not.toBe(b);
    const bytes = Buffer.from(a.replace(/-----[^-]*-----/g, ''), 'base64');
    if (ed25519.type !== 'ed25519') throw new Error('unreachable');
    expect(bytes.includes(Buffer.from(ed25519.seed))).toBe(false);
    expect(bytes.includes(PASSPHRASE)).toBe(false);
  });

  it.each([
    ['an empty passphrase', { passphrase: new Secret('') }],
    ['an unknown cipher', { passphrase, cipher: 'rot13' }],
    ['no rounds', { passphrase, rounds: 0 }],
    ['half a round', { passphrase, rounds: 1.5 }],
    ['more rounds than we would read', { passphrase, rounds: 2049 }],
  ])('is not made with %s', (_, encryption) => {
    expect(() => encryptOpensshPrivateKey(ed25519, '', encryption, crypto)).toThrow(RangeError);
  });

  it('is not made with a comment that would begin another line in the .pub file', () => {
    for (const comment of ['a\nssh-rsa AAAA', 'a\rb', 'a\0b']) {
      expect(() => formatOpensshPrivateKey(ed25519, comment, crypto.random)).toThrow(RangeError);
      expect(() => encryptOpensshPrivateKey(ed25519, comment, { passphrase, rounds: 1 }, crypto)).toThrow(
        RangeError,
      );
    }
  });
});

describe.skipIf(!hasSshKeygen)('keys that we write, to ssh-keygen', () => {
  const TYPES = [
    ['ed25519'],
    ['ecdsa', '-b', '256'],
    ['ecdsa', '-b', '384'],
    ['ecdsa', '-b', '521'],
    ['rsa', '-b', '2048'],
  ] as const;
  const keys: ParsedPrivateKey[] = [];

  beforeAll(() => {
    for (const [index, type] of TYPES.entries()) {
      space.run(
        'ssh-keygen',
        '-q',
        '-t',
        ...type,
        '-N',
        '',
        '-C',
        `c ${index}`,
        '-f',
        space.path(`k${index}`),
      );
      keys.push(load(space.read(`k${index}`)));
    }
  });

  /** Comment and public key as ssh-keygen reads them from our file. */
  function readBack(text: string, secret: string): string {
    space.run('sh', '-c', `umask 077; printf %s "${text}" > ours`);
    return space.run('ssh-keygen', '-y', '-P', secret, '-f', 'ours').trim();
  }

  it('are read with every cipher, and with few and many rounds', () => {
    for (const { name: cipher } of atRestCiphers) {
      for (const [index, { key, comment }] of keys.entries()) {
        const rounds = [1, 2, 16, 24, 100][index] as number;
        // Many rounds of every type only once: each costs both sides some milliseconds.
        if (rounds > 2 && cipher !== 'aes256-ctr') continue;
        const text = encryptOpensshPrivateKey(key, comment, { passphrase, cipher, rounds }, crypto);
        expect(readBack(text, PASSPHRASE)).toBe(line(keys[index] as ParsedPrivateKey));
      }
    }
  });

  it('are read with the default cipher and rounds, which are those of ssh-keygen', () => {
    const { key } = keys[0] as ParsedPrivateKey;
    const text = encryptOpensshPrivateKey(key, 'c 0', { passphrase }, crypto);
    expect(readBack(text, PASSPHRASE)).toBe(line(keys[0] as ParsedPrivateKey));
    expect(() => readBack(text, 'wrong')).toThrow(/incorrect passphrase/);
    const bytes = Buffer.from(text.replace(/-----[^-]*-----/g, ''), 'base64');
    expect(bytes.includes('aes256-ctr')).toBe(true);
  });

  it('get another passphrase by ssh-keygen, and load with it', () => {
    for (const { key, comment } of keys) {
      readBack(encryptOpensshPrivateKey(key, comment, { passphrase, rounds: 1 }, crypto), PASSPHRASE);
      space.run('ssh-keygen', '-q', '-p', '-P', PASSPHRASE, '-N', 'other words', '-a', '1', '-f', 'ours');
      expect(load(space.read('ours'), 'other words')).toMatchObject({ key, comment });
    }
  });

  it('are, without a passphrase, byte for byte what ssh-keygen writes', () => {
    for (const [index, { key, comment }] of keys.entries()) {
      const theirs = Buffer.from(space.read(`k${index}`).replace(/-----[^-]*-----/g, ''), 'base64');
      const ours = formatOpensshPrivateKey(key, comment, () => checkOf(theirs));
      expect(ours).toBe(space.read(`k${index}`));
    }
  });

  /** The random check number of an unencrypted file: the four bytes that stand twice behind the public key. */
  function checkOf(file: Buffer): Uint8Array {
    const publicKey = 15 + 4 + 4 + 4 + 4 + 4 + 4;
    const at = publicKey + 4 + file.readUInt32BE(publicKey) + 4;
    return new Uint8Array(file.subarray(at, at + 4));
  }
});

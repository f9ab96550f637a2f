import { writeFileSync } from 'node:fs';
import { formatPublicKeyLine, formatRfc4716, isKeysError, parseRfc4716 } from '@nbs-ssh/transport/keys';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parsePublicKeyText } from '../../src/public-key/index.ts';
import { hasOpenssl, hasPuttygen, hasSshKeygen, KEY_TYPES, workspace } from '../private-key/tools.ts';

const space = workspace();
afterAll(() => space.remove());

/** `type base64`, or the code of the refusal; anything thrown that is no error of keys fails the test. */
function outcome(text: string): string {
  try {
    const parsed = parsePublicKeyText(text);
    return parsed === undefined ? 'nothing' : formatPublicKeyLine(parsed.publicKey);
  } catch (error) {
    if (!isKeysError(error)) throw error;
    return error.code;
  }
}

describe.skipIf(!hasSshKeygen)('a public key file', () => {
  const keys: { readonly name: string; readonly line: string; readonly key: string }[] = [];
  beforeAll(() => {
    for (const [type, bits] of KEY_TYPES) {
      const name = [type, ...bits].join('');
      space.run('ssh-keygen', '-q', '-t', type, ...bits, '-N', '', '-C', `me@${name}`, '-f', name);
      const line = space.read(`${name}.pub`).trim();
      keys.push({ name, line, key: line.split(' ').slice(0, 2).join(' ') });
    }
  });
  const texts = (write: (name: string) => string): readonly (readonly [text: string, key: string])[] =>
    keys.map(({ name, key }) => [write(name), key]);

  it('of RFC 4716 is read as ssh-keygen -e writes it', () => {
    for (const [text, key] of texts((name) => space.run('ssh-keygen', '-e', '-f', `${name}.pub`))) {
      expect(outcome(text)).toBe(key);
      expect(outcome(text.replaceAll('\n', '\r\n'))).toBe(key);
      expect(parsePublicKeyText(text)?.comment).toMatch(/^\d+-bit .*, converted by .* from OpenSSH$/);
    }
  });

  it.skipIf(!hasPuttygen)(
    'of RFC 4716 is read as puttygen writes it, with every character of the comment',
    () => {
      const comment = 'a "quoted" back\\slash \\" комментарий: longer than the seventy-two bytes of a line';
      const made = ['-t', 'ed25519', '-q', '-O', 'private', '-o', 'k.ppk', '--new-passphrase', '/dev/null'];
      space.run('puttygen', ...made, '-C', comment);
      const parsed = parsePublicKeyText(space.run('puttygen', 'k.ppk', '-O', 'public'));
      expect(parsed?.comment).toBe(comment);
      expect(outcome(space.run('puttygen', 'k.ppk', '-O', 'public'))).toBe(
        space.run('puttygen', '-L', 'k.ppk').split(' ').slice(0, 2).join(' '),
      );
    },
  );

  it('of RFC 4716 is written so that ssh-keygen -i reads it, in lines of 72 bytes at most', () => {
    for (const comment of ['', 'me', 'say "hi" \\', '🔑'.repeat(100), 'x'.repeat(1020)]) {
      for (const { name, key, line } of keys) {
        const parsed = parsePublicKeyText(line);
        if (parsed === undefined) throw new Error('ssh-keygen wrote no key');
        const text = formatRfc4716(parsed.publicKey, comment);
        for (const each of text.split('\n')) expect(Buffer.byteLength(each)).toBeLessThanOrEqual(72);
        expect(parseRfc4716(text).comment).toBe(comment);
        writeFileSync(space.path(`${name}.ours`), text);
        expect(space.run('ssh-keygen', '-i', '-f', `${name}.ours`).trim()).toBe(key);
      }
    }
  });

  it('of RFC 4716 is not written with a comment of two lines or of more than 1024 bytes', () => {
    const key = parsePublicKeyText(keys[0]?.line ?? '')?.publicKey;
    if (key === undefined) throw new Error('ssh-keygen wrote no key');
    for (const comment of ['a\nb', 'a\rb', 'a\0b', 'x'.repeat(1023)]) {
      expect(() => formatRfc4716(key, comment)).toThrow(RangeError);
    }
  });

  it('of RFC 4716 is read with other headers, continued ones and a comment without quotation marks', () => {
    const { key, line } = keys[0] as (typeof keys)[0];
    const base64 = line.split(' ')[1] as string;
    const file = (...middle: string[]): string =>
      ['---- BEGIN SSH2 PUBLIC KEY ----', ...middle, '---- END SSH2 PUBLIC KEY ----'].join('\n');
    const text = file(
      'x-command: /bin/\\',
      'true: \\',
      'yes',
      'COMMENT: plain',
      base64.slice(0, 9),
      base64.slice(9),
    );
    expect(outcome(text)).toBe(key);
    expect(parsePublicKeyText(text)?.comment).toBe('plain');
    for (const wrong of [
      file(),
      file('Comment: x'),
      file('Comment: x\\'),
      file(`${base64}!`),
      file(base64).replace('END', 'ENDE'),
      file(base64).padEnd(131_073, '\n').replace(/\n$/, 'x'),
    ]) {
      expect(outcome(wrong)).toBe('KEYS_MALFORMED');
    }
  });

  it.skipIf(!hasOpenssl)('of PEM is read as openssl and ssh-keygen -e -m write it', () => {
    for (const format of ['PKCS8', 'PEM']) {
      // ssh-keygen 9.2 cannot export an Ed25519 key, and its PEM is PKCS#1, which is of RSA only.
      const exportable = keys.filter(
        ({ name }) => name.startsWith(format === 'PEM' ? 'rsa' : '') && name !== 'ed25519',
      );
      for (const { name, key } of exportable) {
        expect(outcome(space.run('ssh-keygen', '-e', '-m', format, '-f', `${name}.pub`))).toBe(key);
      }
    }
    space.run('openssl', 'genpkey', '-algorithm', 'ed25519', '-out', 'ed.p8');
    const spki = space.run('openssl', 'pkey', '-in', 'ed.p8', '-pubout');
    const raw = Buffer.from(spki.replace(/-----[^-]*-----/g, ''), 'base64').subarray(-32);
    expect(parsePublicKeyText(spki)?.publicKey.material).toEqual({
      type: 'ed25519',
      publicKey: new Uint8Array(raw),
    });
  });

  it.skipIf(!hasOpenssl)('of PEM is refused typed when it is of another kind', () => {
    space.run('openssl', 'genpkey', '-algorithm', 'x25519', '-out', 'x');
    expect(outcome(space.run('openssl', 'pkey', '-in', 'x', '-pubout'))).toBe('KEYS_UNSUPPORTED_TYPE');
    space.run('openssl', 'genrsa', '-out', 'small', '1024');
    expect(outcome(space.run('openssl', 'pkey', '-in', 'small', '-pubout'))).toBe('KEYS_RSA_LIMITS');
    expect(outcome(space.read('small'))).toBe('KEYS_MALFORMED');
  });

  it('T112 is refused typed, or is a key, when cut or changed anywhere', () => {
    const written = [
      space.run('ssh-keygen', '-e', '-f', 'ecdsa-b256.pub'),
      space.run('ssh-keygen', '-e', '-m', 'PKCS8', '-f', 'ecdsa-b256.pub'),
      space.run('ssh-keygen', '-e', '-m', 'PEM', '-f', 'rsa-b2048.pub'),
    ];
    for (const text of written) {
      for (let at = 0; at < text.trimEnd().length; at += 1) {
        expect(outcome(text.slice(0, at))).toMatch(/^KEYS_|^nothing$/);
        outcome(text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1));
      }
    }
  });
});

import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { privateKeyPublicPart } from '../../src/private-key/index.ts';
import { line, load, PASSPHRASE, reason, unlock } from './loading.ts';
import { hasPuttygen, KEY_TYPES, workspace } from './tools.ts';

const space = workspace();
afterAll(() => space.remove());

/** Two passes in place of the twenty or so that puttygen takes in its 0.1 s. */
const CHEAP = 'version=3,memory=1024,passes=2';

/** Makes `name`, and returns its text. @param parameters - As for `--ppk-param`. */
function puttygen(
  name: string,
  type: readonly [string, readonly string[]],
  parameters: string,
  passphrase = '',
): string {
  writeFileSync(space.path('passphrase'), passphrase);
  const [kind, bits] = type;
  const made = ['-t', kind, ...bits, '-q', '-C', `me@${name}`, '-O', 'private', '-o', name];
  space.run('puttygen', ...made, '--new-passphrase', 'passphrase', '--ppk-param', parameters);
  return space.read(name);
}

const replaceAt = (text: string, at: number, character: string): string =>
  text.slice(0, at) + character + text.slice(at + 1);

describe.skipIf(!hasPuttygen)('files of puttygen', () => {
  for (const parameters of ['version=2', CHEAP]) {
    for (const type of KEY_TYPES) {
      const name = [type[0], ...type[1], parameters.slice(0, 9)].join('');

      it(`load and equal what puttygen -L prints: ${name}`, async () => {
        const plain = puttygen(name, type, parameters);
        const publicLine = space.run('puttygen', '-L', name).trim();
        expect(line(load(plain))).toBe(publicLine);
        const encrypted = puttygen(`${name}-locked`, type, parameters, PASSPHRASE);
        const lockedLine = space.run('puttygen', '-L', `${name}-locked`).trim();
        expect(line(load(encrypted, PASSPHRASE))).toBe(lockedLine);
        expect(line(await unlock(encrypted, PASSPHRASE))).toBe(lockedLine);
        expect(reason(encrypted, 'battery staple')).toBe('wrong_passphrase');
        expect(reason(encrypted)).toBe('passphrase_required');
      });
    }
  }

  for (const variant of ['argon2id', 'argon2i', 'argon2d']) {
    it(`load with ${variant} over two lanes`, () => {
      const parameters = `${CHEAP},kdf=${variant},parallelism=2`;
      const text = puttygen(variant, ['ed25519', []], parameters, PASSPHRASE);
      expect(text).toContain('Argon2-Parallelism: 2');
      expect(line(load(text, PASSPHRASE))).toBe(space.run('puttygen', '-L', variant).trim());
    });
  }

  it('show their public key without the passphrase', () => {
    const text = puttygen('shown', ['ecdsa', ['-b', '256']], 'version=2', PASSPHRASE);
    const part = privateKeyPublicPart(text);
    expect(part?.encrypted).toBe(true);
    expect(part?.publicKey).toEqual(load(text, PASSPHRASE).publicKey);
  });

  it('load with CR LF, with a comment that is not ASCII and with one that is not UTF-8', () => {
    const text = puttygen('grüße', ['ed25519', []], 'version=2');
    expect(load(text).comment).toBe('me@grüße');
    expect(load(text.replaceAll('\n', '\r\n')).comment).toBe('me@grüße');
    // The MAC covers the bytes of the comment: this file is damaged, and is not an error of another kind.
    expect(reason(Buffer.from(text, 'latin1'))).toBe('invalid_format');
  });

  describe('of keys that cannot be used', () => {
    it('say so before they ask for the passphrase', () => {
      for (const type of [
        ['dsa', ['-b', '2048']],
        ['ed448', []],
        ['rsa', ['-b', '1024']],
      ] as const) {
        for (const passphrase of ['', PASSPHRASE]) {
          const text = puttygen('unusable', type, 'version=2', passphrase);
          expect([type[0], reason(text)]).toEqual([type[0], 'unsupported']);
        }
      }
    });

    it('are unsupported in version 1, with another cipher and another key derivation', () => {
      const text = puttygen('odd', ['ed25519', []], CHEAP, PASSPHRASE);
      for (const [from, to] of [
        ['File-3', 'File-1'],
        ['File-3', 'File-4'],
        ['aes256-cbc', 'aes512-cbc'],
        ['Argon2id', 'Argon3'],
      ] as const) {
        expect([to, reason(text.replace(from, to), PASSPHRASE)]).toEqual([to, 'unsupported']);
      }
    });
  });

  describe('that were damaged', () => {
    let plain = '';
    let locked = '';
    beforeAll(() => {
      plain = puttygen('plain', ['ed25519', []], 'version=3');
      locked = puttygen('locked', ['ed25519', []], 'version=2', PASSPHRASE);
    });

    it('are refused typed when cut after any character', () => {
      for (const text of [plain, locked]) {
        for (let cut = 0; cut < text.trimEnd().length; cut += 1) {
          expect(['invalid_format', 'unsupported']).toContain(reason(text.slice(0, cut), PASSPHRASE));
        }
      }
    });

    it('are refused typed, or give the very same key, when any character is changed', () => {
      for (const text of [plain, locked]) {
        const { key } = load(text, PASSPHRASE);
        for (let at = 0; at < text.length; at += 1) {
          for (const character of ['A', '7', '\n', '\0', 'é']) {
            const changed = replaceAt(text, at, character);
            if (reason(changed, PASSPHRASE) === 'loaded') expect(load(changed, PASSPHRASE).key).toEqual(key);
          }
        }
      }
    });

    it('are invalid_format where that can be known, and wrong_passphrase where it cannot', () => {
      const inside = (text: string): number => text.indexOf('\n', text.indexOf('Private-Lines')) + 5;
      const flip = (text: string, at: number): string => replaceAt(text, at, text[at] === 'A' ? 'B' : 'A');
      expect(reason(flip(plain, inside(plain)))).toBe('invalid_format');
      expect(reason(flip(locked, inside(locked)), PASSPHRASE)).toBe('wrong_passphrase');
      expect(reason(`${plain}more\n`)).toBe('invalid_format');
    });

    it('cannot ask for counts, lines and costs beyond the bounds', () => {
      const text = puttygen('costly', ['ed25519', []], CHEAP, PASSPHRASE);
      for (const [name, value, expected] of [
        ['Public-Lines', '1025', 'invalid_format'],
        ['Private-Lines', '99999999999', 'invalid_format'],
        ['Private-Lines', '-1', 'invalid_format'],
        ['Argon2-Memory', '262145', 'unsupported'],
        ['Argon2-Memory', '7', 'invalid_format'],
        ['Argon2-Memory', '4294967296', 'invalid_format'],
        ['Argon2-Passes', '4294967295', 'unsupported'],
        ['Argon2-Passes', '0', 'invalid_format'],
        ['Argon2-Parallelism', '65', 'unsupported'],
        ['Argon2-Parallelism', '0', 'invalid_format'],
        ['Argon2-Salt', '00', 'invalid_format'],
        ['Argon2-Salt', '0', 'invalid_format'],
        ['Argon2-Salt', '00'.repeat(1025), 'invalid_format'],
      ] as const) {
        const changed = text.replace(new RegExp(`${name}: .*`), `${name}: ${value}`);
        expect([name, value, reason(changed, PASSPHRASE)]).toEqual([name, value, expected]);
      }
    });
  });
});

import type { CryptoProvider, PrivateKeyMaterial } from '@nbs-ssh/transport/crypto';
import { nobleProvider } from '@nbs-ssh/transport/crypto/noble';
import { publicKeyOf } from '@nbs-ssh/transport/keys';
import { afterAll, describe, expect, it } from 'vitest';
import {
  checkNewKey,
  formatOpensshPrivateKey,
  generateEcdsa,
  generateEd25519,
} from '../../src/private-key/index.ts';
import { line, load } from './loading.ts';
import { hasSshKeygen, workspace } from './tools.ts';

const space = workspace();
afterAll(() => space.remove());
const CURVES = ['nistp256', 'nistp384', 'nistp521'] as const;
const made = (): readonly PrivateKeyMaterial[] => [
  generateEd25519(nobleProvider),
  ...CURVES.map((curve) => generateEcdsa(curve, nobleProvider)),
];

describe('a new key', () => {
  it('is another one each time, and passes its own check', () => {
    for (const [index, key] of made().entries()) {
      expect(checkNewKey(key, nobleProvider)).toBe(key);
      expect(publicKeyOf(key).blob).not.toEqual(publicKeyOf(made()[index] as PrivateKeyMaterial).blob);
    }
  });

  it.skipIf(!hasSshKeygen)('is read by ssh-keygen with the same public half', () => {
    for (const key of made()) {
      const text = formatOpensshPrivateKey(key, 'new', nobleProvider.random);
      space.run('sh', '-c', `umask 077; printf %s "${text}" > new`);
      expect(space.run('ssh-keygen', '-y', '-f', 'new').trim()).toBe(line(load(text)));
    }
  });

  it('of ECDSA is not made of a scalar out of range: the random numbers are asked again, but not for ever', () => {
    for (const curve of CURVES) {
      for (const byte of [0x00, 0xff]) {
        const crypto = { random: (length: number) => new Uint8Array(length).fill(byte) };
        expect(() => generateEcdsa(curve, crypto)).toThrow(
          expect.objectContaining({ code: 'CRYPTO_KEY_GENERATION', fault: 'bug' }),
        );
      }
      let asked = 0;
      const late: Pick<CryptoProvider, 'random'> = {
        random: (length) => {
          asked += 1;
          return asked < 3 ? new Uint8Array(length) : nobleProvider.random(length);
        },
      };
      expect(checkNewKey(generateEcdsa(curve, late), nobleProvider)).toBeDefined();
      expect(asked).toBe(3);
    }
  });

  it('whose halves do not belong together is not released', () => {
    const [a, b] = [made(), made()];
    for (const [index, key] of a.entries()) {
      const other = b[index] as PrivateKeyMaterial;
      const mixed =
        key.type === 'ed25519' && other.type === 'ed25519'
          ? { ...key, publicKey: other.publicKey }
          : key.type === 'ecdsa' && other.type === 'ecdsa'
            ? { ...key, point: other.point }
            : key;
      expect(() => checkNewKey(mixed, nobleProvider)).toThrow(
        expect.objectContaining({
          code: 'CRYPTO_KEY_GENERATION',
          context: expect.objectContaining({ reason: 'self-check' }),
        }),
      );
    }
  });
});

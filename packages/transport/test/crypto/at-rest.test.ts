import { type CipherGCMTypes, createCipheriv, randomBytes } from 'node:crypto';
import {
  type AtRestCipher,
  atRestCiphers,
  decryptAtRest,
  ecdsaPoint,
  ed25519PublicKey,
} from '@nbs-ssh/transport/crypto/at-rest';
import { fromHex, toHex } from '@nbs-ssh/transport/wire';
import { describe, expect, it } from 'vitest';

/** The same cipher in OpenSSL, where it has it as such. chacha20-poly1305 is compared with files of ssh-keygen. */
function encrypt(cipher: AtRestCipher, key: Uint8Array, iv: Uint8Array, data: Uint8Array): Uint8Array {
  const gcm = /^aes(\d+)-gcm/.exec(cipher.name);
  if (gcm !== null) {
    const sealer = createCipheriv(`aes-${gcm[1]}-gcm` as CipherGCMTypes, key, iv);
    return Buffer.concat([sealer.update(data), sealer.final(), sealer.getAuthTag()]);
  }
  const name = cipher.name === '3des-cbc' ? 'des-ede3-cbc' : cipher.name.replace('aes', 'aes-');
  const sealer = createCipheriv(name, key, iv);
  sealer.setAutoPadding(false);
  return Buffer.concat([sealer.update(data), sealer.final()]);
}

describe('ciphers for data at rest', () => {
  for (const cipher of atRestCiphers.filter(({ name }) => !name.startsWith('chacha20'))) {
    it(`decrypt what OpenSSL encrypted: ${cipher.name}`, () => {
      for (const blocks of [1, 2, 3, 64]) {
        const key = new Uint8Array(randomBytes(cipher.keyLength));
        const iv = new Uint8Array(randomBytes(cipher.ivLength));
        const data = new Uint8Array(randomBytes(blocks * cipher.blockLength));
        const sealed = new Uint8Array(encrypt(cipher, key, iv, data));
        expect(toHex(decryptAtRest(cipher.name, key, iv, sealed) ?? new Uint8Array(0))).toBe(toHex(data));
      }
    });

    it(`encrypt as OpenSSL does: ${cipher.name}`, () => {
      for (const blocks of [1, 2, 3, 64]) {
        const key = new Uint8Array(randomBytes(cipher.keyLength));
        const iv = new Uint8Array(randomBytes(cipher.ivLength));
        const data = new Uint8Array(randomBytes(blocks * cipher.blockLength));
        expect(toHex(cipher.encrypt(key, iv, data))).toBe(toHex(encrypt(cipher, key, iv, data)));
      }
    });
  }

  it('leave what they are given as it was', () => {
    for (const cipher of atRestCiphers) {
      const [key, iv] = [new Uint8Array(cipher.keyLength).fill(1), new Uint8Array(cipher.ivLength).fill(2)];
      const data = new Uint8Array(48).fill(3);
      const sealed = cipher.encrypt(key, iv, data);
      const before = toHex(sealed);
      expect(toHex(data)).toBe('03'.repeat(48));
      expect(toHex(cipher.decrypt(key, iv, sealed) ?? new Uint8Array(0))).toBe('03'.repeat(48));
      expect(toHex(sealed)).toBe(before);
      expect(toHex(key)).toBe('01'.repeat(cipher.keyLength));
    }
  });

  it('carry a counter over its last block: all ones go on at zero', () => {
    const cipher = atRestCiphers.find(({ name }) => name === 'aes256-ctr') as AtRestCipher;
    const key = new Uint8Array(32).fill(1);
    const iv = new Uint8Array(16).fill(0xff);
    const data = new Uint8Array(64);
    const sealed = new Uint8Array(encrypt(cipher, key, iv, data));
    expect(toHex(cipher.decrypt(key, iv, sealed) ?? new Uint8Array(0))).toBe(toHex(data));
  });

  it('give nothing when the tag or the text was changed', () => {
    for (const cipher of atRestCiphers.filter(({ tagLength }) => tagLength > 0)) {
      const key = new Uint8Array(cipher.keyLength);
      const iv = new Uint8Array(cipher.ivLength);
      expect(decryptAtRest(cipher.name, key, iv, new Uint8Array(32 + cipher.tagLength))).toBeUndefined();
    }
  });

  it('refuse unknown names and lengths that do not fit', () => {
    const [key, iv] = [new Uint8Array(32), new Uint8Array(16)];
    expect(() => decryptAtRest('aes256-xts', key, iv, new Uint8Array(16))).toThrow(RangeError);
    expect(() => decryptAtRest('aes256-ctr', key, iv, new Uint8Array(15))).toThrow(RangeError);
    expect(() => decryptAtRest('aes256-ctr', key, iv, new Uint8Array(0))).toThrow(RangeError);
    expect(() => decryptAtRest('aes256-ctr', iv, iv, new Uint8Array(16))).toThrow(RangeError);
    expect(() => decryptAtRest('aes256-ctr', key, key, new Uint8Array(16))).toThrow(RangeError);
  });
});

describe('public halves', () => {
  it('of Ed25519: RFC 8032 §7.1, test 1', () => {
    const seed = fromHex('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60');
    expect(toHex(ed25519PublicKey(seed))).toBe(
      'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    );
  });

  it('of ECDSA: RFC 6979 A.2.5, and none for scalars out of range', () => {
    const secret = fromHex('c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721');
    expect(toHex(ecdsaPoint('nistp256', secret) ?? new Uint8Array(0))).toBe(
      '0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299',
    );
    expect(ecdsaPoint('nistp256', new Uint8Array(32))).toBeUndefined();
    expect(ecdsaPoint('nistp256', new Uint8Array(32).fill(0xff))).toBeUndefined();
    expect(ecdsaPoint('nistp521', new Uint8Array(32).fill(1))).toBeUndefined();
  });
});

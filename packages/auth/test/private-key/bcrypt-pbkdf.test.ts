import { fromHex, toHex, utf8 } from '@nbs-ssh/transport/wire';
import { describe, expect, it } from 'vitest';
import { bcryptPbkdf } from '../../src/private-key/bcrypt-pbkdf.ts';
import { encrypt, expand, reset } from '../../src/private-key/blowfish.ts';
import { piFraction } from '../../src/private-key/pi.ts';
import { testCrypto } from './crypto.ts';

/** OpenBSD, regress/lib/libutil/bcrypt_pbkdf/bcrypt_pbkdf_test.c: rounds, password, salt, key; all hex. */
const OPENBSD = [
  [4, '70617373776f7264', '73616c74', '5bbf0cc293587f1c3635555c27796598d47e579071bf427e9d8fbe842aba34d9'],
  [4, '70617373776f7264', '00', 'c12b566235eee04c212598970a579a67'],
  [4, '00', '73616c74', '6051be18c2f4f82cbf0efee5471b4bb9'],
  [4, '70617373776f726400', '73616c7400', '7410e44cf4fa07bfaac8a928b1727fac001375e7bf7384370f48efd121743050'],
  [4, '7061737300776f72', '7361006c', 'c2bffd9db38f6569efef4372f4de83c0'],
  [4, '7061737300776f7264', '7361006c74', '4ba4ac3925c0e8d7f0cdb6bb1684a56f'],
  [
    8,
    '70617373776f7264',
    '73616c74',
    'e1367ec5151a33faac4cc1c144cd23fa15d5548493ecc99b9b5d9c0d3b27bec76227ea66088b849b20ab7aa478010246e74bba51723fefa9f9474d6508845e8d',
  ],
  [42, '70617373776f7264', '73616c74', '833cf0dcf56db65608e8f0dc0ce882bd'],
] as const;

/** golang.org/x/crypto/ssh/internal/bcrypt_pbkdf, bcrypt_pbkdf_test.go, `golden`. */
const GO = [
  [12, 'password', 'salt', '1ae42c05d487bc02f64921a4ebe4ea93bcacfe135fda99974c06b7b01fae149a'],
  [
    3,
    'passwordy\0PASSWORD\0',
    'salty\0SALT\0',
    '7f310bd3e78c3280c59ce4595211a2928e8d4ec744c1ed2efc9f764e3388e0ad',
  ],
  [
    8,
    'секретное слово',
    'посолить немножко',
    '8df43fc6fe131fc47f0c9e39224bd94c70b6fcc8ee8135faddf61156e6cb2733ea765f315a3e1e4afc35bf8687d189254c1e05a6fe80c0617f9183d67260d6a115c6c94e3603e2303fbb43a76a64523ffda686b1d4518543',
  ],
] as const;

describe('bcrypt_pbkdf', () => {
  for (const [rounds, password, salt, key] of OPENBSD) {
    it(`derives OpenBSD's key from ${password}, ${salt} and ${rounds} rounds`, () => {
      const derived = bcryptPbkdf(testCrypto, fromHex(password), fromHex(salt), rounds, key.length / 2);
      expect(toHex(derived)).toBe(key);
    });
  }

  for (const [rounds, password, salt, key] of GO) {
    it(`derives x/crypto's key of ${key.length / 2} bytes with ${rounds} rounds`, () => {
      const derived = bcryptPbkdf(testCrypto, utf8(password), utf8(salt), rounds, key.length / 2);
      expect(toHex(derived)).toBe(key);
    });
  }

  it('refuses an empty password, an empty salt, no rounds and lengths out of range', () => {
    const some = utf8('x');
    for (const [password, salt, rounds, length] of [
      [new Uint8Array(0), some, 1, 32],
      [some, new Uint8Array(0), 1, 32],
      [some, some, 0, 32],
      [some, some, 1, 0],
      [some, some, 1, 1025],
    ] as const) {
      expect(() => bcryptPbkdf(testCrypto, password, salt, rounds, length)).toThrow(RangeError);
    }
  });
});

describe('Blowfish', () => {
  it('starts from the digits of π as Blowfish prints them', () => {
    // First and last words of Schneier's tables: P1, P18, S1[0], S4[255].
    const words = piFraction(1042);
    expect([words[0], words[17], words[18], words[1041]]).toEqual([
      0x243f6a88, 0x8979fb1b, 0xd1310ba6, 0x3ac372e6,
    ]);
  });

  // Schneier's test vectors, vectors.txt: key, clear, cipher.
  const VECTORS = [
    ['0000000000000000', '0000000000000000', '4ef997456198dd78'],
    ['ffffffffffffffff', 'ffffffffffffffff', '51866fd5b85ecb8a'],
    ['0123456789abcdef', '1111111111111111', '61f9c3802281b096'],
    ['fedcba9876543210', '0123456789abcdef', '0aceab0fc6a0a28d'],
  ] as const;
  for (const [i, [key, clear, cipher]] of VECTORS.entries()) {
    it(`encrypts ${clear} under ${key} to Schneier's ${cipher}, beside another`, () => {
      const [otherKey, otherClear, otherCipher] = VECTORS[(i + 1) % VECTORS.length] as (typeof VECTORS)[0];
      reset();
      expand([words(key.repeat(8)), words(otherKey.repeat(8))]);
      const blocks = words(clear + otherClear);
      encrypt(blocks);
      expect(toHex(bytes(blocks))).toBe(cipher + otherCipher);
    });
  }
});

function words(hex: string): Int32Array {
  const view = new DataView(fromHex(hex).buffer);
  return Int32Array.from({ length: hex.length / 8 }, (_, i) => view.getInt32(4 * i));
}

function bytes(block: Int32Array): Uint8Array {
  const out = new Uint8Array(block.length * 4);
  block.forEach((word, i) => {
    new DataView(out.buffer).setInt32(4 * i, word);
  });
  return out;
}

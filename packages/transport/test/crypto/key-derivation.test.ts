import { pbkdf2Sync, scryptSync } from 'node:crypto';
import {
  type AtRestDerivation,
  deriveAtRest,
  deriveAtRestInSlices,
  inSlices,
  type Pbkdf2Hash,
} from '@nbs-ssh/transport/crypto/at-rest';
import { fromHex, toHex, utf8 } from '@nbs-ssh/transport/wire';
import { describe, expect, it } from 'vitest';

const PASSWORD = utf8('password');
const SALT = utf8('salt of sixteen!');

/** Both ways of deriving, which must agree. */
async function derived(derivation: AtRestDerivation, password = PASSWORD): Promise<string> {
  const atOnce = toHex(deriveAtRest(derivation, password));
  expect(toHex(await deriveAtRestInSlices(derivation, password))).toBe(atOnce);
  return atOnce;
}

describe('keys from a passphrase', () => {
  // RFC 6070 §2.
  for (const [iterations, key] of [
    [1, '0c60c80f961f0e71f3a9b524af6012062fe037a6'],
    [2, 'ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957'],
    [4096, '4b007901b765489abead49d926f721d065a429c1'],
  ] as const) {
    it(`are those of RFC 6070 for PBKDF2 with SHA-1 and ${iterations} iterations`, async () => {
      const salt = utf8('salt');
      expect(await derived({ kdf: 'pbkdf2', hash: 'sha1', salt, iterations, length: 20 })).toBe(key);
    });
  }

  it('equal those of node:crypto for PBKDF2 with every hash and several lengths', async () => {
    const hashes: readonly Pbkdf2Hash[] = [
      'sha1',
      'sha224',
      'sha256',
      'sha384',
      'sha512',
      'sha512-224',
      'sha512-256',
    ];
    for (const hash of hashes) {
      for (const length of [16, 24, 32, 100]) {
        const expected = pbkdf2Sync(PASSWORD, SALT, 3, length, hash).toString('hex');
        expect(await derived({ kdf: 'pbkdf2', hash, salt: SALT, iterations: 3, length })).toBe(expected);
      }
    }
  });

  it('are those of RFC 7914 §12 for scrypt, and equal those of node:crypto', async () => {
    const empty = new Uint8Array(0);
    expect(await derived({ kdf: 'scrypt', salt: empty, n: 16, r: 1, p: 1, length: 64 }, empty)).toBe(
      '77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906',
    );
    for (const [n, r, p] of [
      [2, 1, 3],
      [1024, 8, 2],
    ] as const) {
      const expected = scryptSync(PASSWORD, SALT, 32, { N: n, r, p }).toString('hex');
      expect(await derived({ kdf: 'scrypt', salt: SALT, n, r, p, length: 32 })).toBe(expected);
    }
  });

  it('of OpenSSL’s EVP_BytesToKey are chained MD5', async () => {
    // openssl enc -aes-256-cbc -md md5 -P -pass pass:password -S 0102030405060708
    const salt = fromHex('0102030405060708');
    expect(await derived({ kdf: 'evp-md5', salt, length: 48 })).toBe(
      'e7b0971e52ca5cc8d0539fb3412f6316f7ba2e6ee293d9f3457b99436b51ce028d450e2ed75a84a923d4eac9fe49226b',
    );
  });

  it('of Argon2 differ by variant, and come out the same in slices', async () => {
    const cost = { salt: SALT, memory: 64, passes: 2, parallelism: 2, length: 80 } as const;
    const keys = new Set<string>();
    for (const variant of ['d', 'i', 'id'] as const)
      keys.add(await derived({ kdf: 'argon2', variant, ...cost }));
    expect(keys.size).toBe(3);
  });

  it('that are computed in steps let the event loop go on, and end with the result', async () => {
    let ticks = 0;
    const timer = setInterval(() => {
      ticks += 1;
    }, 0);
    const result = await inSlices(
      (function* () {
        for (const until = performance.now() + 100; performance.now() < until; ) yield;
        return 'done';
      })(),
    );
    clearInterval(timer);
    expect(result).toBe('done');
    expect(ticks).toBeGreaterThan(1);
  });
});

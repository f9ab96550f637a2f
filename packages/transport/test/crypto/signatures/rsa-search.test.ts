import { checkPrimeSync, createPrivateKey, generatePrimeSync } from 'node:crypto';
import type { PrivateKeyMaterial } from '@nbs-ssh/transport/crypto';
import { nobleProvider, searchRsaKey } from '@nbs-ssh/transport/crypto/noble';
import { createNodeProvider } from '@nbs-ssh/transport/crypto/node';
import { bytesToBigint } from '@nbs-ssh/transport/wire';
import { describe, expect, it } from 'vitest';
import { bitLength } from '../../../src/crypto/modular.ts';
import { privateKeyDer } from '../../../src/crypto/node/der.ts';
import {
  hasSmallDivisor,
  isProbablePrime,
  millerRabinRounds,
  smallDivisors,
} from '../../../src/crypto/signatures/primes.ts';

type RsaKey = Extract<PrivateKeyMaterial, { readonly type: 'rsa' }>;
const { random } = nobleProvider;

function run<T>(search: Generator<undefined, T>): { readonly result: T; readonly steps: number } {
  for (let steps = 0; ; steps += 1) {
    const { done, value } = search.next();
    if (done === true) return { result: value, steps };
  }
}

/** What FIPS 186-5 A.1.1 wants of a key, asked of OpenSSL where it can be. */
function expectSound(key: PrivateKeyMaterial | undefined, bits: number): void {
  const { n, e, d, p, q, iqmp } = key as RsaKey;
  expect(bitLength(n)).toBe(bits);
  expect(e).toBe(65_537n);
  expect(p * q === n && p !== q).toBe(true);
  expect(checkPrimeSync(p) && checkPrimeSync(q)).toBe(true);
  expect((e * d) % (p - 1n) === 1n && (e * d) % (q - 1n) === 1n).toBe(true);
  expect((iqmp * q) % p === 1n && iqmp < p).toBe(true);
  expect(d > 1n << BigInt(bits / 2)).toBe(true);
  const distance = p > q ? p - q : q - p;
  expect(distance > 1n << BigInt(bits / 2 - 100)).toBe(true);
  const der = Buffer.from(privateKeyDer(key as RsaKey));
  expect(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }).asymmetricKeyDetails).toMatchObject({
    modulusLength: bits,
    publicExponent: 65_537n,
  });
}

describe('RSA keys from the search in JavaScript', () => {
  for (const bits of [2048, 2050, 3072, 4096]) {
    it(`are sound, with ${bits} bits`, () => {
      const { result, steps } = run(searchRsaKey(bits, random));
      expectSound(result, bits);
      // It gives way at least as often as it exponentiates.
      expect(steps).toBeGreaterThanOrEqual(2 * millerRabinRounds(bits / 2));
    });
  }

  it('are refused in other sizes before anything is computed', () => {
    for (const bits of [0, 1024, 2047, 16_385, 2048.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => searchRsaKey(bits, random).next()).toThrow(RangeError);
    }
  });

  it('are not found, and the search ends, when the random numbers are not random', () => {
    // The candidate that zeros make is a multiple of a small prime; the one of ones too.
    for (const byte of [0x00, 0xff]) {
      const broken = (length: number): Uint8Array => new Uint8Array(length).fill(byte);
      expect(() => run(searchRsaKey(2048, broken))).toThrow(
        expect.objectContaining({ code: 'CRYPTO_KEY_GENERATION', fault: 'bug' }),
      );
    }
  });

  it('are made neither of one prime twice nor of two that are near each other', () => {
    const primeFrom = (start: bigint): bigint => {
      let candidate = start | 1n;
      while (!checkPrimeSync(candidate) || candidate % 65_537n === 1n) candidate += 2n;
      return candidate;
    };
    const first = primeFrom(generatePrimeSync(1024, { bigint: true }) | (3n << 1022n));
    for (const second of [first, primeFrom(first + 2n)]) {
      const given = [first];
      const chosen = (length: number): Uint8Array => {
        if (length !== 128) return random(length);
        return new Uint8Array(Buffer.from((given.shift() ?? second).toString(16), 'hex'));
      };
      expect(() => run(searchRsaKey(2048, chosen))).toThrow(
        expect.objectContaining({ code: 'CRYPTO_KEY_GENERATION' }),
      );
    }
  });
});

describe('RSA keys from node:crypto', () => {
  it('are sound', async () => {
    for (const bits of [2048, 3072]) expectSound(await createNodeProvider().generateRsa?.(bits), bits);
  });
});

describe('Miller-Rabin', () => {
  const prime = (candidate: bigint): boolean => run(isProbablePrime(candidate, 8, random)).result;

  it('takes primes', () => {
    for (const candidate of [5n, 7n, 65_537n, 2n ** 127n - 1n, 2n ** 521n - 1n, 2n ** 255n - 19n]) {
      expect(prime(candidate)).toBe(true);
    }
    for (let i = 0; i < 20; i += 1) expect(prime(generatePrimeSync(256, { bigint: true }))).toBe(true);
  });

  it('agrees with OpenSSL about ten thousand odd numbers', () => {
    for (let i = 0; i < 10_000; i += 1) {
      const candidate = bytesToBigint(random(8)) | 1n | (1n << 63n);
      if (prime(candidate) !== checkPrimeSync(candidate)) throw new Error(`they differ about ${candidate}`);
    }
  });

  it('refuses Carmichael numbers and strong pseudoprimes to the first bases', () => {
    // OEIS A002997 and A014233.
    const liars = [561n, 1729n, 825_265n, 321_197_185n, 3_215_031_751n, 3_825_123_056_546_413_051n];
    for (const candidate of [...liars, 318_665_857_834_031_151_167_461n])
      expect(prime(candidate)).toBe(false);
  });
});

describe('trial division', () => {
  const divisors = smallDivisors();

  it('finds every prime below 16,384 and no other number', () => {
    const primes = divisors.flatMap((group) => group.primes);
    expect(primes[0]).toBe(3);
    expect(primes.at(-1)).toBe(16_381);
    expect(primes).toHaveLength(1899);
    for (const { product, primes: own } of divisors) {
      expect(own.reduce((all, one) => all * BigInt(one), 1n)).toBe(product);
    }
  });

  it('refuses multiples of each, and lets primes pass', () => {
    const large = generatePrimeSync(256, { bigint: true });
    expect(hasSmallDivisor(large, divisors)).toBe(false);
    for (const { primes } of divisors) {
      for (const prime of primes) expect(hasSmallDivisor(large * BigInt(prime), divisors)).toBe(true);
    }
  });
});

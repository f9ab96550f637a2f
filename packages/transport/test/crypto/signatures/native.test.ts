import assert from 'node:assert/strict';
import { seededRandom } from '@nbs-ssh/testing';
import { utf8 } from '@nbs-ssh/transport/wire';
import { afterEach, describe, it, vi } from 'vitest';
import { newKey, PROVIDERS, publicHalf, rsaVectorKey, signing, suite } from './fixtures.ts';

/** How the runtime under the suites behaves in a test. */
type Runtime = 'real' | 'throws at keys' | 'ignores dsaEncoding' | 'takes everything' | 'refuses everything';

const runtime = vi.hoisted(() => ({ mode: 'real' as string, signed: 0, verified: 0 }));

vi.mock('node:crypto', async (original) => {
  const real = await original<typeof import('node:crypto')>();
  const guard = <T>(make: (input: never) => T) => {
    return (input: never): T => {
      if (runtime.mode === 'throws at keys') throw new Error('unsupported');
      return make(input);
    };
  };
  const withoutEncoding = (key: unknown): never =>
    (runtime.mode === 'ignores dsaEncoding' && typeof key === 'object' && key !== null && 'dsaEncoding' in key
      ? (key as unknown as { key: unknown }).key
      : key) as never;
  return {
    ...real,
    createPublicKey: guard(real.createPublicKey as never),
    createPrivateKey: guard(real.createPrivateKey as never),
    sign: (hash: string, data: Uint8Array, key: unknown) => {
      runtime.signed += 1;
      return real.sign(hash, data, withoutEncoding(key));
    },
    verify: (hash: string, data: Uint8Array, key: unknown, signature: Uint8Array) => {
      runtime.verified += 1;
      if (runtime.mode === 'takes everything') return true;
      if (runtime.mode === 'refuses everything') return false;
      return real.verify(hash, data, withoutEncoding(key), signature);
    },
  };
});

const random = seededRandom('native');
const message = utf8('message');

/** The suites as they are when first imported in a runtime of this kind. */
async function suitesIn(mode: Runtime): Promise<(typeof PROVIDERS)[number]['signatures']> {
  runtime.mode = mode;
  vi.resetModules();
  const fresh = await import('../../../src/crypto/node/signatures.ts');
  return signing(fresh.nodeSignatures);
}

afterEach(() => {
  runtime.mode = 'real';
  runtime.signed = 0;
  runtime.verified = 0;
});

describe('signatures on node:crypto', () => {
  const keys = [
    newKey('ssh-ed25519'),
    newKey('ecdsa-sha2-nistp256'),
    newKey('ecdsa-sha2-nistp384'),
    newKey('ecdsa-sha2-nistp521'),
    rsaVectorKey(2048),
    rsaVectorKey(2048),
  ] as const;

  it('really are made and checked there', async () => {
    const suites = await suitesIn('real');
    suites.forEach((ours, index) => {
      const key = keys[index] as (typeof keys)[number];
      ours.verify(publicHalf(key), message, ours.sign(key, message, random));
      const { signed, verified } = runtime;
      const signature = ours.sign(key, message, random);
      assert.equal(runtime.signed, signed + 1, ours.name);
      const checks = runtime.verified - verified;
      assert.equal(ours.verify(publicHalf(key), message, signature), true);
      assert.equal(runtime.verified, verified + checks + 1, ours.name);
    });
  });

  for (const mode of ['throws at keys', 'ignores dsaEncoding'] as const) {
    it(`come from noble where the runtime ${mode}`, async () => {
      const suites = await suitesIn(mode);
      suites.forEach((ours, index) => {
        const key = keys[index] as (typeof keys)[number];
        const noble = suite(PROVIDERS[0].signatures, ours.name);
        assert.deepEqual(ours.sign(key, message, random), noble.sign(key, message, random));
        const signature = noble.sign(key, message, random);
        assert.equal(ours.verify(publicHalf(key), message, signature), true, ours.name);
        assert.equal(ours.verify(publicHalf(key), utf8('another'), signature), false, ours.name);
      });
    });
  }

  it('do not trust a runtime that refuses a right signature', async () => {
    const suites = await suitesIn('refuses everything');
    for (const [index, ours] of suites.slice(0, 4).entries()) {
      const key = keys[index] as (typeof keys)[number];
      const signature = ours.sign(key, message, random);
      assert.equal(ours.verify(publicHalf(key), message, signature), true, ours.name);
    }
  });

  it('do not trust a runtime that takes a wrong signature', async () => {
    const suites = await suitesIn('takes everything');
    for (const [index, ours] of suites.slice(0, 4).entries()) {
      const key = keys[index] as (typeof keys)[number];
      const signature = ours.sign(key, message, random);
      assert.equal(ours.verify(publicHalf(key), utf8('another'), signature), false, ours.name);
    }
  });
});

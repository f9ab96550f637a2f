import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import {
  type AeadCipherSuite,
  type CryptoProvider,
  isCryptoError,
  type MacSuite,
  type OneRoundKexSuite,
  type RandomSource,
  type StreamCipherSuite,
} from '@nbs-ssh/transport/crypto';
import { nobleProvider } from '@nbs-ssh/transport/crypto/noble';
import { nodeProvider } from '@nbs-ssh/transport/crypto/node';

export const PROVIDERS: readonly CryptoProvider[] = [nobleProvider, nodeProvider];
/** Who seals, who opens. */
export const PAIRS = PROVIDERS.flatMap((a) => PROVIDERS.map((b) => [a, b] as const));

export function vectors<T>(name: string): T {
  return JSON.parse(
    readFileSync(new URL(`../../../../test-vectors/crypto/${name}.json`, import.meta.url), 'utf8'),
  ) as T;
}

const WYCHEPROOF = new URL('../../../../../shared/vectors/wycheproof/', import.meta.url);

interface WycheproofFile<T> {
  readonly numberOfTests: number;
  readonly testGroups: readonly { readonly tests: readonly T[] }[];
}

/** The tests of one Wycheproof file, or `undefined` where the files are not at hand. */
export function wycheproof<T>(name: string): readonly T[] | undefined {
  const path = new URL(`${name}.json`, WYCHEPROOF);
  if (!existsSync(path)) return undefined;
  const file = JSON.parse(readFileSync(path, 'utf8')) as WycheproofFile<T>;
  const tests = file.testGroups.flatMap((group) => group.tests);
  assert.equal(tests.length, file.numberOfTests);
  return tests;
}

export function kex(provider: CryptoProvider, name: string): OneRoundKexSuite {
  const suite = found(provider.kex, name);
  assert(suite.kind === 'one-round');
  return suite;
}
export function aead(provider: CryptoProvider, name: string): AeadCipherSuite {
  const suite = found(provider.ciphers, name);
  assert(suite.kind === 'aead');
  return suite;
}
export function stream(provider: CryptoProvider, name: string): StreamCipherSuite {
  const suite = found(provider.ciphers, name);
  assert(suite.kind === 'stream');
  return suite;
}
export function mac(provider: CryptoProvider, name: string): MacSuite {
  return found(provider.macs, name);
}

function found<T extends { readonly name: string }>(list: readonly T[], name: string): T {
  const suite = list.find((candidate) => candidate.name === name);
  assert(suite !== undefined, `no ${name}`);
  return suite;
}

/** Gives out `values` one after the other, and checks that just these lengths are asked for. */
export function fixedRandom(...values: readonly Uint8Array[]): RandomSource {
  let next = 0;
  return (length) => {
    const value = values[next];
    next += 1;
    assert.equal(value?.length, length);
    return value.slice();
  };
}

export function refuses(action: () => unknown, reason?: string): void {
  assert.throws(action, (error: unknown) => {
    assert(isCryptoError(error), String(error));
    assert(error.code === 'CRYPTO_BAD_PUBLIC_VALUE');
    assert.equal(error.fault, 'peer');
    assert.equal(error.disconnect, 3);
    if (reason !== undefined) assert.equal(error.context.reason, reason);
    return true;
  });
}

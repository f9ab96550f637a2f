import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { seededRandom } from '@nbs-ssh/testing';
import type { RandomSource } from '@nbs-ssh/transport/crypto';
import { describe, it } from 'vitest';
import { CIPHERTEXT, changed, kem } from './fixtures.ts';
import { blockCounts, bundle, indexTraces, type Use } from './observed.ts';

const random = seededRandom('constant time');
const keys = kem.keygen(random);
const others = kem.keygen(random);
const { ciphertext } = kem.encapsulate(keys.publicKey, random);
const code = bundle();
/** The engine counts and proxies record millions of steps, and slowly. */
const PATIENCE = 240_000;

/** What is observed, on secrets that have as little in common as possible. */
const OPERATIONS: readonly (readonly [string, readonly Use[]])[] = [
  [
    'a key pair',
    // 0xff everywhere: all coefficients of g are the same, and so are all sort keys.
    [seededRandom('one'), seededRandom('other'), (length: number) => new Uint8Array(length).fill(0xff)].map(
      (source: RandomSource): Use =>
        (observed, own) => {
          observed.keygen((length) => own(source(length)));
        },
    ),
  ],
  [
    'encapsulation',
    [seededRandom('one'), seededRandom('other'), (length: number) => new Uint8Array(length)].map(
      (source: RandomSource): Use =>
        (observed, own) => {
          observed.encapsulate(own(keys.publicKey), (length) => own(source(length)));
        },
    ),
  ],
  [
    'decapsulation, of what is accepted and of what is rejected',
    [
      [ciphertext, keys.secretKey],
      [ciphertext, others.secretKey],
      [changed(ciphertext, 0, 1), keys.secretKey],
      [changed(ciphertext, CIPHERTEXT - 1, 128), keys.secretKey],
      [new Uint8Array(CIPHERTEXT), keys.secretKey],
      [kem.encapsulate(others.publicKey, random).ciphertext, others.secretKey],
    ].map(
      ([bytes, secretKey]): Use =>
        (observed, own) => {
          observed.decapsulate(own(bytes as Uint8Array), own(secretKey as Uint8Array));
        },
    ),
  ],
];

describe('sntrup761 takes the same steps whatever the secrets are', () => {
  for (const [what, uses] of OPERATIONS) {
    it(`${what}: each block runs as often`, { timeout: PATIENCE }, () => {
      const counts = blockCounts(code, uses);
      assert.match(counts[0] ?? '', /"functionName":"(encodeSmall|multiply)".*"count":761\b/);
      assert.equal(new Set(counts).size, 1);
    });

    it(`${what}: the same places are read and written in the same order`, { timeout: PATIENCE }, () => {
      const traces = indexTraces(code, uses);
      assert((traces[0]?.count ?? 0) > 100_000);
      for (const trace of traces) assert.deepEqual(trace, traces[0]);
    });
  }
});

describe('the observation', () => {
  const [, encapsulations = []] = OPERATIONS[1] ?? [];
  const leaky = (from: RegExp, to: string): string => {
    const broken = code.replace(from, to);
    assert.notEqual(broken, code);
    return broken;
  };

  it('sees a branch on a secret', { timeout: PATIENCE }, () => {
    // Of the exchange in the sorting network.
    const broken = leaky(/values\[low\] = a \^ swap;/, 'values[low] = swap === 0 ? a : a ^ swap;');
    assert.notEqual(new Set(blockCounts(broken, encapsulations)).size, 1);
  });

  it('sees an index that depends on a secret', { timeout: PATIENCE }, () => {
    const broken = leaky(/small\[i\] \+ 1 <</, 'Int32Array.of(0, 1, 2)[small[i] + 1] <<');
    const digests = indexTraces(broken, encapsulations).map(({ digest }) => digest);
    assert.notEqual(new Set(digests).size, 1);
  });
});

describe('the sources of sntrup761', () => {
  const folder = new URL('../../../src/crypto/sntrup761/', import.meta.url);
  const lines = readdirSync(folder)
    .flatMap((file) => readFileSync(new URL(file, folder), 'utf8').split('\n'))
    .filter((line) => !/^\s*(\/\/|\/?\*)|^import |^\} from /.test(line))
    .map((line) => line.replace(/\/\*.*?\*\//g, '').trim());

  it('divide by public numbers only: processors divide in a time that depends on the numbers', () => {
    assert.deepEqual([...new Set(lines.filter((line) => / [/%] |\*\*|BigInt/.test(line)))].sort(), [
      'const bit = at % BITS;',
      'const word = Math.floor(at / BITS);',
      'if (bounds.length % 2 === 1) next[pairs] = bounds.at(-1) as number;',
      'if (bounds.length % 2 === 1) numbers[bytes.length] = numbers[bounds.length - 1] as number;',
      'if (wider.length % 2 === 1) wider[wider.length - 1] = numbers.at(-1) as number;',
      'let numbers = Int32Array.of(last - lastBound * quotient(last, lastBound, 1 / lastBound));',
      'levels.push({ bounds, reciprocals: Float64Array.from(bounds, (value) => 1 / value), bytes, offsets });',
    ]);
  });
});

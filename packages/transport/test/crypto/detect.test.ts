import assert from 'node:assert/strict';
import type { AeadCipherSuite } from '@nbs-ssh/transport/crypto';
import {
  aes128Ctr,
  aes128Gcm,
  aes192Ctr,
  aes256Ctr,
  aes256Gcm,
  hmacSha256,
  hmacSha512,
} from '@nbs-ssh/transport/crypto/noble';
import { describe, it } from 'vitest';
import { nobleX25519 } from '../../src/crypto/noble/x25519.ts';
import { nodeAesCtr } from '../../src/crypto/node/aes-ctr.ts';
import { nodeAesGcm } from '../../src/crypto/node/aes-gcm.ts';
import { nodeChacha20Works } from '../../src/crypto/node/chacha20-poly1305.ts';
import {
  aeadOrElse,
  aeadWorks,
  dhOrElse,
  macOrElse,
  macWorks,
  streamOrElse,
  streamWorks,
  x25519Works,
} from '../../src/crypto/node/detect.ts';
import { nodeHmac } from '../../src/crypto/node/hmac.ts';
import { KNOWN } from '../../src/crypto/node/known-answers.ts';
import { nodeX25519 } from '../../src/crypto/node/x25519.ts';

const AEADS = [
  [aes128Gcm, KNOWN.aes128Gcm],
  [aes256Gcm, KNOWN.aes256Gcm],
] as const;
const STREAMS = [
  [aes128Ctr, KNOWN.aes128Ctr],
  [aes192Ctr, KNOWN.aes192Ctr],
  [aes256Ctr, KNOWN.aes256Ctr],
] as const;

describe('known answers', () => {
  it('are what the suites in JavaScript give', () => {
    for (const [suite, known] of AEADS) assert(aeadWorks(suite, known), suite.name);
    for (const [suite, known] of STREAMS) assert(streamWorks(suite, known), suite.name);
    assert(macWorks(hmacSha256, KNOWN.hmacSha256));
    assert(macWorks(hmacSha512, KNOWN.hmacSha512));
    assert(x25519Works(nobleX25519, KNOWN.x25519));
  });

  it('are what this platform gives, so that its suites are really used', () => {
    for (const [suite, known] of AEADS) assert(aeadWorks(nodeAesGcm(suite), known), suite.name);
    for (const [suite, known] of STREAMS) assert(streamWorks(nodeAesCtr(suite), known), suite.name);
    assert(macWorks(nodeHmac(hmacSha256, 'sha256'), KNOWN.hmacSha256));
    assert(macWorks(nodeHmac(hmacSha512, 'sha512'), KNOWN.hmacSha512));
    assert(x25519Works(nodeX25519, KNOWN.x25519));
    assert(nodeChacha20Works());
  });

  it('unmask a suite that answers otherwise', () => {
    assert(!aeadWorks(aes128Gcm, KNOWN.aes256Gcm));
    assert(!streamWorks(aes128Ctr, KNOWN.aes192Ctr));
    assert(!macWorks(hmacSha256, KNOWN.hmacSha512));
    assert(!x25519Works({ ...nobleX25519, publicValue: (secret) => secret }, KNOWN.x25519));
    const forgiving: AeadCipherSuite = {
      ...aes128Gcm,
      opener: (keys) => ({ ...aes128Gcm.opener(keys), open: () => false }),
    };
    assert(!aeadWorks(forgiving, KNOWN.aes128Gcm));
  });
});

describe('choice between the platform and JavaScript', () => {
  const throws = (): never => {
    throw new TypeError('not supported');
  };
  const keys = () => ({ key: new Uint8Array(16), iv: new Uint8Array(16) });

  for (const [title, works, used] of [
    ['the platform where it works', () => true, 'platform'],
    ['JavaScript where the platform answers otherwise', () => false, 'fallback'],
    ['JavaScript where the platform throws', throws, 'fallback'],
  ] as const) {
    it(`takes ${title}`, () => {
      const log: string[] = [];
      const as = <T extends object>(who: string, suite: T, ...methods: readonly (keyof T)[]): T => {
        const copy = { ...suite };
        for (const method of methods) {
          copy[method] = ((...args: unknown[]) => {
            log.push(who);
            return (suite[method] as (...a: unknown[]) => unknown)(...args);
          }) as T[typeof method];
        }
        return copy;
      };
      const gcm = aeadOrElse(
        as('fallback', aes128Gcm, 'sealer', 'opener'),
        as('platform', aes128Gcm, 'sealer', 'opener'),
        works,
      );
      gcm.sealer({ ...keys(), iv: new Uint8Array(12) });
      gcm.opener({ ...keys(), iv: new Uint8Array(12) });
      const ctr = streamOrElse(
        as('fallback', aes128Ctr, 'encryptor', 'decryptor'),
        as('platform', aes128Ctr, 'encryptor', 'decryptor'),
        works,
      );
      ctr.encryptor(keys());
      ctr.decryptor(keys());
      macOrElse(as('fallback', hmacSha256, 'create'), as('platform', hmacSha256, 'create'), works).create(
        new Uint8Array(32),
      );
      const dh = dhOrElse(
        as('fallback', nobleX25519, 'publicValue', 'shared'),
        as('platform', nobleX25519, 'publicValue', 'shared'),
        works,
      );
      const value = dh.publicValue(new Uint8Array(32).fill(1));
      dh.shared(new Uint8Array(32).fill(2), value);
      assert.deepEqual(new Set(log), new Set([used]));
      assert.equal(log.length, 7);
    });
  }

  it('asks once, and not before the first use', () => {
    let asked = 0;
    const suite = aeadOrElse(aes128Gcm, aes128Gcm, () => {
      asked += 1;
      return true;
    });
    assert.equal(asked, 0);
    for (let i = 0; i < 3; i += 1) suite.sealer({ ...keys(), iv: new Uint8Array(12) });
    assert.equal(asked, 1);
  });
});

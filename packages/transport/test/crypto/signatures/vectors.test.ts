import assert from 'node:assert/strict';
import { seededRandom } from '@nbs-ssh/testing';
import type { EcdsaCurve, PrivateKeyMaterial } from '@nbs-ssh/transport/crypto';
import { utf8 } from '@nbs-ssh/transport/wire';
import { describe, it } from 'vitest';
import {
  bytes,
  hexToBigint,
  PROVIDERS,
  publicHalf,
  type RsaVectorKey,
  rsaMaterial,
  suite,
  vectors,
} from './fixtures.ts';

interface Ed25519File {
  readonly vectors: readonly {
    readonly name: string;
    readonly seed: string;
    readonly publicKey: string;
    readonly message: string;
    readonly signature: string;
  }[];
}

interface EcdsaFile {
  readonly vectors: readonly {
    readonly curve: EcdsaCurve;
    readonly secret: string;
    readonly x: string;
    readonly y: string;
    readonly cases: readonly { readonly text: string; readonly r: string; readonly s: string }[];
  }[];
}

interface NistFile {
  readonly n: string;
  readonly e: string;
  readonly vectors: readonly {
    readonly algorithm: string;
    readonly message: string;
    readonly signature: string;
  }[];
}

interface OpensslFile {
  readonly message: string;
  readonly keys: readonly RsaVectorKey[];
}

const ed25519 = vectors<Ed25519File>('signatures/ed25519-rfc8032.json');
const ecdsa = vectors<EcdsaFile>('signatures/ecdsa-rfc6979.json');
const nist = vectors<NistFile>('signatures/rsa-nist.json');
const openssl = vectors<OpensslFile>('signatures/rsa-openssl.json');

for (const { name: provider, signatures } of PROVIDERS) {
  describe(`signature vectors on ${provider}`, () => {
    const random = seededRandom('vectors');

    for (const vector of ed25519.vectors) {
      it(`Ed25519 signs and verifies RFC 8032 ${vector.name}`, () => {
        const ours = suite(signatures, 'ssh-ed25519');
        const key: PrivateKeyMaterial = {
          type: 'ed25519',
          seed: bytes(vector.seed),
          publicKey: bytes(vector.publicKey),
        };
        const message = bytes(vector.message);
        assert.deepEqual(ours.sign(key, message, random), bytes(vector.signature));
        assert.equal(ours.verify(publicHalf(key), message, bytes(vector.signature)), true);
      });
    }

    for (const vector of ecdsa.vectors) {
      for (const { text, r, s } of vector.cases) {
        it(`${vector.curve} verifies RFC 6979's signature of "${text}"${provider === 'noble' ? ' and makes the same' : ''}`, () => {
          const ours = suite(signatures, `ecdsa-sha2-${vector.curve}`);
          const key: PrivateKeyMaterial = {
            type: 'ecdsa',
            curve: vector.curve,
            secret: bytes(vector.secret),
            point: bytes(`04${vector.x}${vector.y}`),
          };
          assert.equal(ours.verify(publicHalf(key), utf8(text), bytes(r + s)), true);
          if (provider === 'noble') assert.deepEqual(ours.sign(key, utf8(text), random), bytes(r + s));
        });
      }
    }

    nist.vectors.forEach((vector, index) => {
      it(`${vector.algorithm} verifies NIST signature ${index}, and with another hash it does not`, () => {
        const key = { type: 'rsa', n: hexToBigint(nist.n), e: hexToBigint(nist.e) } as const;
        const other = vector.algorithm === 'rsa-sha2-256' ? 'rsa-sha2-512' : 'rsa-sha2-256';
        const message = bytes(vector.message);
        const signature = bytes(vector.signature);
        assert.equal(suite(signatures, vector.algorithm).verify(key, message, signature), true);
        assert.equal(suite(signatures, other).verify(key, message, signature), false);
      });
    });

    for (const vector of openssl.keys) {
      for (const { algorithm, signature } of vector.signatures) {
        it(`${algorithm} with ${vector.bits} bits makes the signature that OpenSSL made, and verifies it`, () => {
          const key = rsaMaterial(vector);
          const ours = suite(signatures, algorithm);
          assert.deepEqual(ours.sign(key, utf8(openssl.message), random), bytes(signature));
          assert.equal(ours.verify(publicHalf(key), utf8(openssl.message), bytes(signature)), true);
        });
      }
    }
  });
}

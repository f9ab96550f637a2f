import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import type { EcdsaCurve, PublicKeyMaterial } from '@nbs-ssh/transport/crypto';
import { encodePublicKey, verifySignature } from '@nbs-ssh/transport/keys';
import { bigintToBytes, bytesToBigint, concat, WireWriter } from '@nbs-ssh/transport/wire';
import { describe, it } from 'vitest';
import { bytes, hexToBigint, PROVIDERS, suite } from './fixtures.ts';

interface Test {
  readonly tcId: number;
  readonly comment: string;
  readonly msg: string;
  readonly sig: string;
  readonly result: 'valid' | 'invalid' | 'acceptable';
  readonly flags: readonly string[];
}

interface File {
  readonly numberOfTests: number;
  readonly testGroups: readonly {
    readonly publicKey: {
      readonly pk?: string;
      readonly uncompressed?: string;
      readonly modulus?: string;
      readonly publicExponent?: string;
    };
    readonly tests: readonly Test[];
  }[];
}

const FOLDER = new URL('../../../../../../shared/vectors/wycheproof/', import.meta.url);

// Where SSH differs from the files' verdicts:
// - RSA "acceptable" (DigestInfo without its NULL): refused, since the whole encoded message is compared.
// - ECDSA signatures are DER there. SSH has no DER: signatures that are not strict DER of two non-negative numbers
//   cannot be written in SSH's form at all, and count as refused.
const FILES: readonly (readonly [string, string])[] = [
  ['ed25519_test', 'ssh-ed25519'],
  ['ecdsa_secp256r1_sha256_test', 'ecdsa-sha2-nistp256'],
  ['ecdsa_secp384r1_sha384_test', 'ecdsa-sha2-nistp384'],
  ['ecdsa_secp521r1_sha512_test', 'ecdsa-sha2-nistp521'],
  ['rsa_signature_2048_sha256_test', 'rsa-sha2-256'],
  ['rsa_signature_2048_sha512_test', 'rsa-sha2-512'],
  ['rsa_signature_3072_sha256_test', 'rsa-sha2-256'],
  ['rsa_signature_3072_sha512_test', 'rsa-sha2-512'],
  ['rsa_signature_4096_sha256_test', 'rsa-sha2-256'],
  ['rsa_signature_4096_sha512_test', 'rsa-sha2-512'],
];

describe('Wycheproof', () => {
  for (const [file, algorithm] of FILES) {
    const url = new URL(`${file}.json`, FOLDER);
    for (const { name: provider, signatures } of PROVIDERS) {
      const title = `${file}: the verdicts of ${algorithm} on ${provider}`;
      if (!existsSync(url)) {
        it.skip(`${title} (vectors not there: ../shared/vectors/wycheproof)`, () => undefined);
        continue;
      }
      it(title, () => {
        const { testGroups, numberOfTests } = JSON.parse(readFileSync(url, 'utf8')) as File;
        const ours = suite(signatures, algorithm);
        let count = 0;
        for (const { publicKey, tests } of testGroups) {
          const key = material(algorithm, publicKey);
          for (const test of tests) {
            count += 1;
            const expected = test.result === 'valid';
            const what = `tcId ${test.tcId}: ${test.comment}`;
            const raw = key.type === 'ecdsa' ? fromDer(bytes(test.sig), key.curve) : bytes(test.sig);
            const verdict = raw !== undefined && ours.verify(key, bytes(test.msg), raw);
            assert.equal(verdict, expected, what);
            if (raw === undefined) continue;
            const blob = sshBlob(algorithm, key, raw);
            const wire = verifySignature(
              { signatures },
              { algorithm },
              encodePublicKey(key),
              bytes(test.msg),
              blob,
            );
            // A shortened RSA signature is filled up from the wire, as OpenSSH does, and may be good then.
            if (key.type !== 'rsa' || expected) assert.equal(wire, expected, `${what}, in SSH's encoding`);
          }
        }
        assert.equal(count, numberOfTests);
      });
    }
  }
});

function material(algorithm: string, key: File['testGroups'][number]['publicKey']): PublicKeyMaterial {
  if (key.pk !== undefined) return { type: 'ed25519', publicKey: bytes(key.pk) };
  if (key.modulus !== undefined && key.publicExponent !== undefined) {
    return { type: 'rsa', n: hexToBigint(key.modulus), e: hexToBigint(key.publicExponent) };
  }
  const curve = algorithm.replace('ecdsa-sha2-', '') as EcdsaCurve;
  return { type: 'ecdsa', curve, point: bytes(key.uncompressed ?? '') };
}

function sshBlob(algorithm: string, key: PublicKeyMaterial, raw: Uint8Array): Uint8Array {
  const writer = new WireWriter().text(algorithm);
  if (key.type !== 'ecdsa') return writer.string(raw).finish();
  const half = raw.length / 2;
  const body = new WireWriter().mpint(bytesToBigint(raw.subarray(0, half)));
  return writer.string(body.mpint(bytesToBigint(raw.subarray(half))).finish()).finish();
}

const LENGTH: { readonly [C in EcdsaCurve]: number } = { nistp256: 32, nistp384: 48, nistp521: 66 };

/** Strict DER of SEQUENCE { INTEGER r, INTEGER s } to r ‖ s. */
function fromDer(der: Uint8Array, curve: EcdsaCurve): Uint8Array | undefined {
  const outer = element(der, 0x30);
  if (outer === undefined || outer.rest.length > 0) return undefined;
  const r = element(outer.body, 0x02);
  const s = r && element(r.rest, 0x02);
  if (r === undefined || s === undefined || s.rest.length > 0) return undefined;
  const numbers = [r.body, s.body].map((body) => {
    const first = body[0];
    if (first === undefined || first >= 0x80) return undefined;
    if (first === 0 && body.length > 1 && (body[1] as number) < 0x80) return undefined;
    const value = bytesToBigint(body);
    return value < 1n << BigInt(8 * LENGTH[curve]) ? bigintToBytes(value, LENGTH[curve]) : undefined;
  });
  const [rawR, rawS] = numbers;
  return rawR && rawS && concat(rawR, rawS);
}

function element(der: Uint8Array, tag: number): { body: Uint8Array; rest: Uint8Array } | undefined {
  const [first, short = 0, long = 0] = der;
  if (first !== tag) return undefined;
  if (short === 0x81 && long < 0x80) return undefined;
  if (short > 0x81) return undefined;
  const [start, length] = short === 0x81 ? [3, long] : [2, short];
  if (start + length > der.length) return undefined;
  return { body: der.subarray(start, start + length), rest: der.subarray(start + length) };
}

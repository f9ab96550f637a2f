import assert from 'node:assert/strict';
import { generateKeyPairSync, sign as nativeSign } from 'node:crypto';
import { seededRandom } from '@nbs-ssh/testing';
import { nobleProvider } from '@nbs-ssh/transport/crypto/noble';
import { nodeProvider } from '@nbs-ssh/transport/crypto/node';
import { encodePublicKey, parsePublicKey, verifySignature } from '@nbs-ssh/transport/keys';
import { bigintToBytes, bytesToBigint, concat, fromHex, utf8, WireWriter } from '@nbs-ssh/transport/wire';
import { describe, it } from 'vitest';
import { hexToBigint, newKey, publicHalf, rsaVectorKey, suite, vectors } from './fixtures.ts';

const rsaSha1 = vectors<{ signatures: readonly { bits: 2048 | 3072; signature: string }[] }>(
  'signatures/rsa-sha1-openssl.json',
);
const { message: text } = vectors<{ message: string }>('signatures/rsa-openssl.json');
const dsa = vectors<{
  p: string;
  q: string;
  g: string;
  y: string;
  signatures: readonly { message: string; r: string; s: string }[];
}>('signatures/dsa-rfc6979.json');
const [p, q, g, y] = [dsa.p, dsa.q, dsa.g, dsa.y].map(hexToBigint) as [bigint, bigint, bigint, bigint];
const DSA_KEY = { type: 'dss', p, q, g, y } as const;
const random = seededRandom('insecure');

for (const { name, insecure, signatures } of [nobleProvider, nodeProvider]) {
  describe(`insecure signatures of ${name}`, () => {
    const rsa = suite(insecure.signatures, 'ssh-rsa');
    const dss = suite(insecure.signatures, 'ssh-dss');

    it('are not among those of the provider', () => {
      const names = signatures.map((known) => known.name);
      assert.deepEqual(
        insecure.signatures.filter((known) => names.includes(known.name)),
        [],
      );
    });

    for (const { bits, signature } of rsaSha1.signatures) {
      it(`ssh-rsa with ${bits} bits makes the signature that OpenSSL made, and verifies it`, () => {
        const key = rsaVectorKey(bits);
        assert.deepEqual(rsa.sign(key, utf8(text), random), fromHex(signature));
        assert.equal(rsa.verify(publicHalf(key), utf8(text), fromHex(signature)), true);
        assert.equal(rsa.verify(publicHalf(key), utf8(`${text}!`), fromHex(signature)), false);
      });
    }

    it('ssh-rsa has the limits of the other RSA algorithms: no 1024 bits, no exponent of 1 [T064]', () => {
      const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
      const n = bytesToBigint(Buffer.from(String(publicKey.export({ format: 'jwk' })['n']), 'base64url'));
      const short = new Uint8Array(nativeSign('sha1', utf8(text), privateKey));
      assert.equal(rsa.verify({ type: 'rsa', n, e: 65_537n }, utf8(text), short), false);
      const key = rsaVectorKey(2048);
      const good = rsa.sign(key, utf8(text), random);
      assert.equal(rsa.verify({ type: 'rsa', n: key.n, e: 1n }, utf8(text), good), false);
      assert.throws(() => rsa.sign({ ...key, n }, utf8(text), random), { code: 'CRYPTO_KEY_TYPE' });
    });

    it('a signature with SHA-1 is none of rsa-sha2-256, and the other way round [T064]', () => {
      const key = rsaVectorKey(2048);
      const sha2 = suite(signatures, 'rsa-sha2-256');
      assert.equal(sha2.verify(publicHalf(key), utf8(text), rsa.sign(key, utf8(text), random)), false);
      assert.equal(rsa.verify(publicHalf(key), utf8(text), sha2.sign(key, utf8(text), random)), false);
    });

    for (const { message, r, s } of dsa.signatures) {
      it(`ssh-dss verifies the signature of "${message}" in RFC 6979 §A.2.1, and none with a bit changed`, () => {
        const good = concat(fromHex(r), fromHex(s));
        assert.equal(dss.verify(DSA_KEY, utf8(message), good), true);
        assert.equal(dss.verify(DSA_KEY, utf8(`${message}!`), good), false);
        for (let bit = 0; bit < 8 * good.length; bit += 1) {
          const bad = good.slice();
          bad[bit >> 3] = (bad[bit >> 3] as number) ^ (1 << (bit & 7));
          assert.equal(dss.verify(DSA_KEY, utf8(message), bad), false, `bit ${bit}`);
        }
      });
    }

    it('ssh-dss refuses r and s that are 0 or not below q, and signatures of another length [T066]', () => {
      const [{ message, r, s }] = dsa.signatures as [(typeof dsa.signatures)[0]];
      const half = (value: bigint): Uint8Array => bigintToBytes(value, 20);
      const [goodR, goodS] = [hexToBigint(r), hexToBigint(s)];
      const largest = (1n << 160n) - 1n;
      for (const [badR, badS] of [
        [0n, goodS],
        [goodR, 0n],
        [q, goodS],
        [goodR, q],
        [largest, goodS],
        [goodR, largest],
        [0n, 0n],
      ] as const) {
        assert.equal(dss.verify(DSA_KEY, utf8(message), concat(half(badR), half(badS))), false);
      }
      // The same number to the arithmetic, where it still fits.
      if (goodR + q <= largest) {
        assert.equal(dss.verify(DSA_KEY, utf8(message), concat(half(goodR + q), half(goodS))), false);
      }
      const good = concat(half(goodR), half(goodS));
      for (const bad of [good.subarray(1), concat(good, Uint8Array.of(0)), new Uint8Array(0)]) {
        assert.equal(dss.verify(DSA_KEY, utf8(message), bad), false);
      }
    });

    it('ssh-dss never signs, and verifies nothing with a key of another type', () => {
      for (const keyType of ['ssh-ed25519', 'ecdsa-sha2-nistp256']) {
        const key = newKey(keyType);
        assert.throws(() => dss.sign(key, utf8(text), random), { code: 'CRYPTO_KEY_TYPE' });
        assert.equal(dss.verify(publicHalf(key), utf8(text), new Uint8Array(40)), false);
      }
      assert.throws(() => dss.sign(rsaVectorKey(2048), utf8(text), random), { code: 'CRYPTO_KEY_TYPE' });
    });

    it('verify in the encoding of the wire, RFC 4253 §6.6, and only where the provider was given them', () => {
      const [{ message, r, s }] = dsa.signatures as [(typeof dsa.signatures)[0]];
      const publicKey = encodePublicKey(DSA_KEY);
      const blob = (body: Uint8Array): Uint8Array => new WireWriter().text('ssh-dss').string(body).finish();
      const good = concat(fromHex(r), fromHex(s));
      const check = (list: typeof signatures, signature: Uint8Array): boolean =>
        verifySignature({ signatures: list }, { algorithm: 'ssh-dss' }, publicKey, utf8(message), signature);
      assert.equal(check(insecure.signatures, blob(good)), true);
      assert.equal(check(insecure.signatures, blob(good.subarray(1))), false);
      assert.equal(check(insecure.signatures, blob(concat(good, Uint8Array.of(0)))), false);
      assert.equal(check(signatures, blob(good)), false);
    });
  });
}

describe('DSA public keys', () => {
  const { blob } = encodePublicKey(DSA_KEY);

  it('are read as they are written, RFC 4253 §6.6', () => {
    const expected = new WireWriter().text('ssh-dss').mpint(p).mpint(q).mpint(g).mpint(y).finish();
    assert.deepEqual(blob, new Uint8Array(expected));
    assert.deepEqual(parsePublicKey(blob), { keyType: 'ssh-dss', blob, material: DSA_KEY });
  });

  it('are refused when cut anywhere, and with trailing bytes', () => {
    for (let cut = 0; cut < blob.length; cut += 1) {
      assert.throws(() => parsePublicKey(blob.subarray(0, cut)), { code: 'KEYS_MALFORMED' });
    }
    assert.throws(() => parsePublicKey(concat(blob, Uint8Array.of(0))), { code: 'KEYS_MALFORMED' });
  });

  it('have 1024 and 160 bits and a group that makes sense', () => {
    for (const [what, bad] of [
      ['modulus-size', { p: p >> 1n }],
      ['modulus-size', { p: p << 1n }],
      ['modulus-size', { p: p - 1n }],
      ['modulus-size', { p: 0n }],
      ['order-size', { q: q >> 1n }],
      ['order-size', { q: q << 1n }],
      ['order-size', { q: 0n }],
      ['order', { q: q - 2n }],
      ['generator', { g: 0n }],
      ['generator', { g: 1n }],
      ['generator', { g: p }],
      ['public-value', { y: 0n }],
      ['public-value', { y: 1n }],
      ['public-value', { y: p }],
    ] as const) {
      const material = { ...DSA_KEY, ...bad };
      const { p, q, g, y } = material;
      const written = new WireWriter().text('ssh-dss').mpint(p).mpint(q).mpint(g).mpint(y).finish();
      const refusal = { code: 'KEYS_DSA_LIMITS', disconnect: 9, context: { reason: what } };
      const matches = (error: unknown): boolean => {
        const { code, disconnect, context } = error as typeof refusal;
        assert.deepEqual(
          { code, disconnect, reason: context.reason },
          { code: refusal.code, disconnect: 9, reason: what },
        );
        return true;
      };
      assert.throws(() => parsePublicKey(written), matches);
      assert.throws(() => encodePublicKey(material), matches);
      for (const { insecure } of [nobleProvider, nodeProvider]) {
        assert.equal(
          suite(insecure.signatures, 'ssh-dss').verify(material, utf8('sample'), new Uint8Array(40).fill(1)),
          false,
        );
      }
    }
  });
});

import assert from 'node:assert/strict';
import { generateKeyPairSync, sign as nativeSign } from 'node:crypto';
import { assertWithin, seededRandom } from '@nbs-ssh/testing';
import type { PublicKeyMaterial } from '@nbs-ssh/transport/crypto';
import { bigintToBytes, bytesToBigint, concat, utf8 } from '@nbs-ssh/transport/wire';
import { ed25519 } from '@noble/curves/ed25519.js';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { describe, it } from 'vitest';
import { modPow } from '../../../src/crypto/modular.ts';
import { SHA256_DIGEST_INFO } from '../../../src/crypto/signatures/rsa.ts';
import { bytes, newKey, PROVIDERS, publicHalf, rsaVectorKey, suite } from './fixtures.ts';

const random = seededRandom('refusals');
const message = utf8('message');

for (const { name: provider, signatures } of PROVIDERS) {
  describe(`Ed25519 on ${provider}`, () => {
    const { sign, verify } = suite(signatures, 'ssh-ed25519');
    const key = newKey('ssh-ed25519');
    const good = sign(key, message, random);

    it('refuses S + L, the other number that gives the same point', () => {
      const order = ed25519.Point.Fn.ORDER;
      const s = bytesToBigint(good.slice(32).reverse());
      const malleable = concat(good.subarray(0, 32), bigintToBytes(s + order, 32).reverse());
      assert.equal(verify(publicHalf(key), message, good), true);
      assert.equal(verify(publicHalf(key), message, malleable), false);
    });

    it('refuses every key of small order, in every encoding, with the signature that fits all messages', () => {
      const identity = bytes(`01${'00'.repeat(31)}`);
      const forged = concat(identity, new Uint8Array(32));
      for (const key of SMALL_ORDER) {
        for (const sign of [0x00, 0x80]) {
          const publicKey = bytes(key);
          publicKey[31] = (publicKey[31] as number) ^ sign;
          for (let i = 0; i < 16; i += 1) {
            assert.equal(verify({ type: 'ed25519', publicKey }, Uint8Array.of(i), forged), false, key);
          }
        }
      }
    });

    it('refuses keys and signatures of another length, and a key that is not a point', () => {
      const { publicKey } = key as { publicKey: Uint8Array };
      for (const length of [0, 31, 33]) {
        const other = new Uint8Array(length);
        other.set(publicKey.subarray(0, length));
        assert.equal(verify({ type: 'ed25519', publicKey: other }, message, good), false);
      }
      assert.equal(verify(publicHalf(key), message, good.subarray(0, 63)), false);
      assert.equal(verify(publicHalf(key), message, concat(good, Uint8Array.of(0))), false);
      const noPoint = bytes(`02${'00'.repeat(31)}`);
      assert.equal(verify({ type: 'ed25519', publicKey: noPoint }, message, good), false);
    });
  });

  for (const [curve, { Point }] of [
    ['nistp256', p256],
    ['nistp384', p384],
    ['nistp521', p521],
  ] as const) {
    describe(`${curve} on ${provider}`, () => {
      const { sign, verify } = suite(signatures, `ecdsa-sha2-${curve}`);
      const order = Point.Fn.ORDER;
      const length = Point.Fn.BYTES;
      const key = newKey(`ecdsa-sha2-${curve}`);
      const publicKey = publicHalf(key) as Extract<PublicKeyMaterial, { type: 'ecdsa' }>;
      const good = sign(key, message, random);
      const r = bytesToBigint(good.subarray(0, length));
      const s = bytesToBigint(good.subarray(length));
      const raw = (r: bigint, s: bigint): Uint8Array =>
        concat(bigintToBytes(r, length), bigintToBytes(s, length));

      it('takes both s and n − s, as OpenSSH does', () => {
        assert.equal(verify(publicKey, message, raw(r, s)), true);
        assert.equal(verify(publicKey, message, raw(r, order - s)), true);
      });

      it('refuses r or s that is zero, n, or above n', () => {
        const top = (1n << BigInt(8 * length)) - 1n;
        for (const bad of [0n, order, order + 1n, top]) {
          assert.equal(verify(publicKey, message, raw(bad, s)), false, `r = ${bad}`);
          assert.equal(verify(publicKey, message, raw(r, bad)), false, `s = ${bad}`);
          assert.equal(verify(publicKey, message, raw(bad, bad)), false, `r = s = ${bad}`);
        }
        if (r + order <= top) assert.equal(verify(publicKey, message, raw(r + order, s)), false);
        if (s + order <= top) assert.equal(verify(publicKey, message, raw(r, s + order)), false);
      });

      it('refuses a point that is compressed, hybrid, at infinity, or off the curve', () => {
        const x = publicKey.point.subarray(1, 1 + length);
        const odd = (publicKey.point.at(-1) as number) & 1;
        const hybrid = new Uint8Array(publicKey.point);
        hybrid[0] = 6 + odd;
        const off = new Uint8Array(publicKey.point);
        off[off.length - 1] = (off[off.length - 1] as number) ^ 1;
        const zero = new Uint8Array(publicKey.point.length);
        zero[0] = 4;
        const points = [
          concat(Uint8Array.of(2 + odd), x),
          hybrid,
          off,
          zero,
          Uint8Array.of(0),
          new Uint8Array(0),
        ];
        for (const point of points) {
          assert.equal(verify({ type: 'ecdsa', curve, point }, message, good), false);
        }
      });

      it('refuses a signature of another length', () => {
        assert.equal(verify(publicKey, message, good.subarray(1)), false);
        assert.equal(verify(publicKey, message, concat(good, Uint8Array.of(0))), false);
        assert.equal(verify(publicKey, message, new Uint8Array(0)), false);
      });
    });
  }

  describe(`RSA on ${provider}`, () => {
    const { sign, verify } = suite(signatures, 'rsa-sha2-256');
    const key = rsaVectorKey(2048);
    const { n, e, d } = key;
    const good = sign(key, message, random);
    /** Signs any encoded message: what an attacker with e = 3 and no padding check would aim for. */
    const signEncoded = (encoded: Uint8Array): Uint8Array =>
      bigintToBytes(modPow(bytesToBigint(encoded), d, n), 256);
    const encode = (head: string, tail: Uint8Array): Uint8Array => {
      const encoded = new Uint8Array(256).fill(0xff);
      encoded.set(bytes(head));
      encoded.set(tail, 256 - tail.length);
      return encoded;
    };
    const digest = sha256(message);
    const full = concat(Uint8Array.of(0), SHA256_DIGEST_INFO, digest);

    it('takes exactly one encoding', () => {
      assert.equal(verify(publicHalf(key), message, signEncoded(encode('0001', full))), true);
      const withoutNull = concat(bytes('00302f300b0609608648016503040201'), bytes('0420'), digest);
      const garbage = new Uint8Array(256);
      garbage.set(encode('0001', full).subarray(0, 10));
      garbage.set(full, 10);
      const wrong: Readonly<Record<string, Uint8Array>> = {
        'no NULL': encode('0001', withoutNull),
        'block type 2': encode('0002', full),
        'block type 0': encode('0000', full),
        'garbage behind the digest': garbage,
        'digest only': encode('0001', concat(Uint8Array.of(0), digest)),
        'one byte of padding changed': encode('0001fffffe', full),
      };
      for (const [what, encoded] of Object.entries(wrong)) {
        assert.equal(verify(publicHalf(key), message, signEncoded(encoded)), false, what);
      }
    });

    it('wants exactly as many bytes as the modulus has, and a number below it', () => {
      assert.equal(verify(publicHalf(key), message, good), true);
      assert.equal(verify(publicHalf(key), message, good.subarray(1)), false);
      assert.equal(verify(publicHalf(key), message, concat(Uint8Array.of(0), good)), false);
      assert.equal(verify(publicHalf(key), message, bigintToBytes(n, 256)), false);
      assert.equal(verify(publicHalf(key), message, new Uint8Array(256)), false);
      assert.equal(verify(publicHalf(key), message, new Uint8Array(256).fill(0xff)), false);
    });

    it('refuses s + n, which is the same number to the arithmetic', () => {
      // Only where s + n still fits the bytes: true for about every third message.
      let tried = 0;
      for (let i = 0; tried < 3; i += 1) {
        const text = utf8(`message ${i}`);
        const s = bytesToBigint(sign(key, text, random));
        if (s + n >= 1n << 2048n) continue;
        tried += 1;
        assert.equal(verify(publicHalf(key), text, bigintToBytes(s + n, 256)), false);
      }
    });

    it('refuses right signatures by keys that are too short or have e = 1', () => {
      const encoded = encode('0001', full);
      assert.equal(verify({ type: 'rsa', n, e: 1n }, message, encoded), false);
      const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
      const jwk = publicKey.export({ format: 'jwk' });
      const modulus = bytesToBigint(Buffer.from(String(jwk['n']), 'base64url'));
      const short = new Uint8Array(nativeSign('sha256', message, privateKey));
      assert.equal(verify({ type: 'rsa', n: modulus, e: 65_537n }, message, short), false);
    });

    it('refuses keys outside of the limits at once', () => {
      const odd = (bits: number): bigint => (1n << BigInt(bits - 1)) | 1n;
      const bad: readonly (readonly [bigint, bigint])[] = [
        [odd(1024), 65_537n],
        [odd(2047), 65_537n],
        [odd(16_385), 65_537n],
        [odd(100_000), 65_537n],
        [n - 1n, e],
        [n, 1n],
        [n, 2n],
        [n, 65_536n],
        [n, (1n << 32n) + 1n],
        [n, (1n << 64n) + 1n],
        [0n, 3n],
        [-n, e],
        [n, -3n],
      ];
      const refuseAll = (): void => {
        for (const [n, e] of bad) {
          const length = Math.max(1, Math.ceil(n.toString(16).length / 2));
          assert.equal(verify({ type: 'rsa', n, e }, message, new Uint8Array(length).fill(1)), false);
          assert.throws(() => sign({ ...key, n, e }, message, random), { code: 'CRYPTO_KEY_TYPE' });
        }
      };
      const verifyAsOften = (): void => {
        for (const _ of bad) verify(publicHalf(key), message, good);
      };
      // One power with a modulus of 100,000 bits takes as long as thousands with 2048.
      assertWithin(refuseAll, verifyAsOften, 10);
    });

    it('never releases a signature that does not verify, whatever is wrong with the key', () => {
      const spoiled = [
        { ...key, d: d + 2n },
        { ...key, p: key.p + 2n },
        { ...key, q: key.q - 2n },
        { ...key, iqmp: key.iqmp + 1n },
        { ...key, p: 1n, q: n },
        { ...key, p: 0n },
        { ...key, e: 3n },
      ];
      let refused = 0;
      for (const bad of spoiled) {
        try {
          assert.equal(verify(publicHalf(bad), message, sign(bad, message, random)), true);
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'CRYPTO_SIGNATURE_SELF_CHECK');
          refused += 1;
        }
      }
      // OpenSSL mends a wrong CRT value by leaving CRT alone; we do not.
      assert.ok(provider === 'node' ? refused > 0 : refused === spoiled.length, `${refused} refused`);
    });
  });

  it(`${provider} refuses keys of another type: verify with false, sign with CRYPTO_KEY_TYPE`, () => {
    const keys = [
      newKey('ssh-ed25519'),
      newKey('ecdsa-sha2-nistp256'),
      newKey('ecdsa-sha2-nistp384'),
      rsaVectorKey(2048),
    ];
    for (const ours of signatures) {
      for (const key of keys) {
        const keyType =
          key.type === 'rsa' ? 'ssh-rsa' : key.type === 'ecdsa' ? `ecdsa-sha2-${key.curve}` : 'ssh-ed25519';
        if (keyType === ours.keyType) continue;
        assert.equal(ours.verify(publicHalf(key), message, new Uint8Array(64)), false);
        assert.throws(() => ours.sign(key, message, random), { code: 'CRYPTO_KEY_TYPE' });
      }
    }
  });
}

describe('RSA blinding', () => {
  const { sign } = suite(PROVIDERS[0].signatures, 'rsa-sha2-512');
  const key = rsaVectorKey(2048);

  it('takes fresh randomness longer than the modulus for every signature, which does not depend on it', () => {
    const asked: number[] = [];
    const counting = (length: number): Uint8Array => {
      asked.push(length);
      return random(length);
    };
    assert.deepEqual(sign(key, message, counting), sign(key, message, counting));
    assert.deepEqual(asked, [264, 264]);
  });

  it('does not sign unblinded when the randomness is broken', () => {
    const zeros = (length: number): Uint8Array => new Uint8Array(length);
    assert.throws(() => sign(key, message, zeros), { code: 'CRYPTO_SIGNATURE_SELF_CHECK', fault: 'bug' });
  });
});

/** The canonical encodings first, then those whose y is not reduced. */
const SMALL_ORDER = [
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0000000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
];

import assert from 'node:assert/strict';
import { seededRandom } from '@nbs-ssh/testing';
import { publicKeyOf, signData, verifySignature } from '@nbs-ssh/transport/keys';
import { bytesToBigint, concat, utf8, WireReader, WireWriter } from '@nbs-ssh/transport/wire';
import { p256 } from '@noble/curves/nist.js';
import { describe, it } from 'vitest';
import { newKey, PROVIDERS, rsaVectorKey } from '../crypto/signatures/fixtures.ts';

const random = seededRandom('signature blobs');
const data = utf8('session identifier and request');
const [noble, node] = PROVIDERS.map(({ signatures }) => ({ signatures, random })) as [Provider, Provider];
type Provider = { signatures: (typeof PROVIDERS)[number]['signatures']; random: typeof random };

const KEYS = [
  ['ssh-ed25519', newKey('ssh-ed25519')],
  ['ecdsa-sha2-nistp256', newKey('ecdsa-sha2-nistp256')],
  ['ecdsa-sha2-nistp384', newKey('ecdsa-sha2-nistp384')],
  ['ecdsa-sha2-nistp521', newKey('ecdsa-sha2-nistp521')],
  ['rsa-sha2-512', rsaVectorKey(2048)],
  ['rsa-sha2-256', rsaVectorKey(2048)],
] as const;

describe('signature blob, RFC 4253 §6.6', () => {
  for (const [algorithm, key] of KEYS) {
    const publicKey = publicKeyOf(key);
    const blob = signData(noble, algorithm, key, data);
    const check = (bytes: Uint8Array): boolean =>
      verifySignature(node, { algorithm }, publicKey, data, bytes);

    it(`${algorithm}: is taken as it was made, and begins with the algorithm's name`, () => {
      assert.equal(check(blob), true);
      assert.equal(new WireReader(blob).text('name'), algorithm);
      assert.equal(verifySignature(noble, { allowed: [algorithm] }, publicKey, data, blob), true);
    });

    it(`${algorithm}: is refused at every shorter length and with a byte behind it`, () => {
      for (let cut = 0; cut < blob.length; cut += 1)
        assert.equal(check(blob.subarray(0, cut)), false, `${cut}`);
      assert.equal(check(concat(blob, Uint8Array.of(0))), false);
    });

    it(`${algorithm}: is refused with any bit of any byte changed`, () => {
      for (let index = 0; index < blob.length; index += 1) {
        for (const bit of [0x01, 0x80]) {
          const spoiled = new Uint8Array(blob);
          spoiled[index] = (spoiled[index] as number) ^ bit;
          assert.equal(check(spoiled), false, `byte ${index}`);
        }
      }
    });

    it(`${algorithm}: is refused for other data, another key, another algorithm`, () => {
      assert.equal(verifySignature(node, { algorithm }, publicKey, utf8('other'), blob), false);
      const [otherName, otherKey] = KEYS.find(([name]) => name !== algorithm) as (typeof KEYS)[number];
      assert.equal(verifySignature(node, { algorithm }, publicKeyOf(otherKey), data, blob), false);
      assert.equal(verifySignature(node, { algorithm: otherName }, publicKey, data, blob), false);
      assert.equal(verifySignature(node, { allowed: [otherName] }, publicKey, data, blob), false);
      assert.equal(verifySignature(node, { allowed: [] }, publicKey, data, blob), false);
      const both = { algorithm, allowed: [otherName] };
      assert.equal(verifySignature(node, both, publicKey, data, blob), false);
      assert.equal(verifySignature({ signatures: [] }, { algorithm }, publicKey, data, blob), false);
    });
  }

  it('with the right numbers under another RSA name is refused: the name decides the hash', () => {
    const [, key] = KEYS[4];
    const reader = new WireReader(signData(noble, 'rsa-sha2-512', key, data));
    reader.text('name');
    const body = reader.string('body');
    for (const name of ['rsa-sha2-256', 'ssh-rsa', 'ssh-rsa-cert-v01@openssh.com']) {
      const blob = new WireWriter().text(name).string(body).finish();
      assert.equal(verifySignature(noble, { algorithm: name }, publicKeyOf(key), data, blob), false, name);
    }
  });
});

describe('a key of another type around the same numbers', () => {
  it('is refused: a certificate is not signed for by the key in it', () => {
    const [algorithm, key] = KEYS[0];
    const blob = signData(noble, algorithm, key, data);
    const disguised = { ...publicKeyOf(key), keyType: 'ssh-ed25519-cert-v01@openssh.com' };
    assert.equal(verifySignature(noble, { algorithm }, disguised, data, blob), false);
  });
});

describe('RSA signature shorter than the modulus', () => {
  const key = rsaVectorKey(2048);
  const publicKey = publicKeyOf(key);
  // About one message in 256 has a signature that begins with a zero byte.
  const message = Array.from({ length: 4096 }, (_, index) => utf8(`message ${index}`)).find(
    (candidate) => rsaBody(candidate)[0] === 0,
  ) as Uint8Array;

  function rsaBody(data: Uint8Array): Uint8Array {
    const reader = new WireReader(signData(node, 'rsa-sha2-256', key, data));
    reader.text('name');
    return reader.string('body');
  }

  it('is filled up with zeros in front, as OpenSSH does, and one with a zero too many is refused', () => {
    const body = rsaBody(message);
    const blob = (body: Uint8Array): Uint8Array =>
      new WireWriter().text('rsa-sha2-256').string(body).finish();
    const check = (body: Uint8Array): boolean =>
      verifySignature(noble, { algorithm: 'rsa-sha2-256' }, publicKey, message, blob(body));
    assert.equal(body.length, 256);
    assert.equal(check(body), true);
    assert.equal(check(body.subarray(1)), true);
    assert.equal(check(body.subarray(2)), false);
    assert.equal(check(concat(Uint8Array.of(0), body)), false);
    assert.equal(check(new Uint8Array(0)), false);
  });
});

describe('ECDSA numbers in a signature blob, RFC 5656 §3.1.2', () => {
  const key = newKey('ecdsa-sha2-nistp256');
  const publicKey = publicKeyOf(key);
  const algorithm = 'ecdsa-sha2-nistp256';
  const order = p256.Point.Fn.ORDER;
  const raw = noble.signatures.find(({ name }) => name === algorithm)?.sign(key, data, random) as Uint8Array;
  const r = bytesToBigint(raw.subarray(0, 32));
  const s = bytesToBigint(raw.subarray(32));
  const check = (write: (writer: WireWriter) => WireWriter): boolean => {
    const body = write(new WireWriter()).finish();
    const blob = new WireWriter().text(algorithm).string(body).finish();
    return verifySignature(noble, { algorithm }, publicKey, data, blob);
  };

  it('may have a high s', () => {
    assert.equal(
      check((w) => w.mpint(r).mpint(s)),
      true,
    );
    assert.equal(
      check((w) => w.mpint(r).mpint(order - s)),
      true,
    );
  });

  it('are refused when zero, n or more, huge, negative, padded, missing, or followed by something', () => {
    const huge = 1n << 4000n;
    for (const bad of [0n, order, order + s, 1n << 256n, huge]) {
      assert.equal(
        check((w) => w.mpint(bad).mpint(s)),
        false,
      );
      assert.equal(
        check((w) => w.mpint(r).mpint(bad)),
        false,
      );
    }
    assert.equal(
      check((w) => w.string(Uint8Array.of(0xff)).mpint(s)),
      false,
    );
    assert.equal(
      check((w) => w.mpint(r).string(concat(Uint8Array.of(0, 0), raw.subarray(32)))),
      false,
    );
    assert.equal(
      check((w) => w.mpint(r)),
      false,
    );
    assert.equal(
      check((w) => w.mpint(r).mpint(s).u8(0)),
      false,
    );
    assert.equal(
      check((w) => w.string(new Uint8Array(3000)).mpint(s)),
      false,
    );
  });
});

describe('signing', () => {
  it('refuses an algorithm that the provider lacks or that is of another key', () => {
    const [, ed25519] = KEYS[0];
    const [, rsa] = KEYS[4];
    for (const [algorithm, key] of [
      ['rsa-sha2-512', ed25519],
      ['ssh-ed25519', rsa],
      ['ssh-rsa', rsa],
      ['nonsense', ed25519],
    ] as const) {
      assert.throws(() => signData(noble, algorithm, key, data), {
        code: 'KEYS_SIGNATURE_ALGORITHM',
        fault: 'caller',
      });
    }
  });
});

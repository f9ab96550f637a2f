import assert from 'node:assert/strict';
import { assertWithin } from '@nbs-ssh/testing';
import {
  encodePublicKey,
  isCertificateType,
  keyTypeOf,
  keyTypeOfAlgorithm,
  parsePublicKey,
  publicKeyOf,
  signatureAlgorithmsFor,
} from '@nbs-ssh/transport/keys';
import { bigintToMpint, concat, utf8, WireWriter } from '@nbs-ssh/transport/wire';
import { describe, it } from 'vitest';
import { newKey, publicHalf, rsaVectorKey } from '../crypto/signatures/fixtures.ts';

const KEYS = {
  'ssh-ed25519': newKey('ssh-ed25519'),
  'ecdsa-sha2-nistp256': newKey('ecdsa-sha2-nistp256'),
  'ecdsa-sha2-nistp384': newKey('ecdsa-sha2-nistp384'),
  'ecdsa-sha2-nistp521': newKey('ecdsa-sha2-nistp521'),
  'ssh-rsa': rsaVectorKey(2048),
};

describe('public key blob', () => {
  for (const [keyType, key] of Object.entries(KEYS)) {
    const { blob, material } = publicKeyOf(key);

    it(`reads what it writes: ${keyType}`, () => {
      assert.deepEqual(parsePublicKey(blob), { keyType, blob, material: publicHalf(key) });
      assert.deepEqual(encodePublicKey(material).blob, blob);
      assert.equal(keyTypeOf(key), keyType);
    });

    it(`refuses every shorter blob and trailing bytes: ${keyType}`, () => {
      for (let cut = 0; cut < blob.length; cut += 1) {
        assert.throws(() => parsePublicKey(blob.subarray(0, cut)), { code: 'KEYS_MALFORMED', fault: 'peer' });
      }
      assert.throws(() => parsePublicKey(concat(blob, Uint8Array.of(0))), { code: 'KEYS_MALFORMED' });
    });

    it(`keeps its own copy of the blob: ${keyType}`, () => {
      const buffer = new Uint8Array(blob);
      const parsed = parsePublicKey(buffer);
      buffer.fill(0);
      assert.deepEqual(parsed, { keyType, blob, material: publicHalf(key) });
    });
  }

  it('has the layout of RFC 4253, RFC 5656 and RFC 8709', () => {
    const ed25519 = KEYS['ssh-ed25519'] as { publicKey: Uint8Array };
    const expected = new WireWriter().text('ssh-ed25519').string(ed25519.publicKey).finish();
    assert.deepEqual(publicKeyOf(KEYS['ssh-ed25519']).blob, new Uint8Array(expected));
    const { n, e } = KEYS['ssh-rsa'];
    const rsa = new WireWriter().text('ssh-rsa').string(bigintToMpint(e)).string(bigintToMpint(n)).finish();
    assert.deepEqual(publicKeyOf(KEYS['ssh-rsa']).blob, new Uint8Array(rsa));
  });

  it('refuses Ed25519 keys that are not 32 bytes long', () => {
    for (const length of [0, 31, 33, 64]) {
      const publicKey = new Uint8Array(length);
      const blob = new WireWriter().text('ssh-ed25519').string(publicKey).finish();
      assert.throws(() => parsePublicKey(blob), { code: 'KEYS_MALFORMED' });
      assert.throws(() => encodePublicKey({ type: 'ed25519', publicKey }), { code: 'KEYS_MALFORMED' });
    }
  });

  it('refuses compressed, short, long and wrongly named ECDSA points', () => {
    const { point } = KEYS['ecdsa-sha2-nistp256'] as { point: Uint8Array };
    const blob = (keyType: string, curve: string, point: Uint8Array): Uint8Array =>
      new WireWriter().text(keyType).text(curve).string(point).finish();
    const name = 'ecdsa-sha2-nistp256';
    assert.equal(parsePublicKey(blob(name, 'nistp256', point)).keyType, name);
    for (const bad of [
      blob(name, 'nistp256', concat(Uint8Array.of(2), point.subarray(1, 33))),
      blob(name, 'nistp256', concat(Uint8Array.of(6), point.subarray(1))),
      blob(name, 'nistp256', point.subarray(0, 64)),
      blob(name, 'nistp256', concat(point, Uint8Array.of(0))),
      blob(name, 'nistp256', Uint8Array.of(0)),
      blob(name, 'nistp384', point),
      blob('ecdsa-sha2-nistp384', 'nistp256', point),
      blob('ecdsa-sha2-nistp384', 'nistp384', point),
    ]) {
      assert.throws(() => parsePublicKey(bad), { code: 'KEYS_MALFORMED' });
    }
  });

  it('refuses RSA keys outside of 2048 to 16,384 bits and unusable exponents, at once', () => {
    const { n } = KEYS['ssh-rsa'];
    const bad = [
      [(1n << 1023n) | 1n, 65_537n, 'KEYS_RSA_LIMITS'],
      [(1n << 2046n) | 1n, 65_537n, 'KEYS_RSA_LIMITS'],
      [(1n << 16_384n) | 1n, 65_537n, 'KEYS_RSA_LIMITS'],
      [1n << 17_000n, 65_537n, 'KEYS_MALFORMED'],
      [n - 1n, 65_537n, 'KEYS_RSA_LIMITS'],
      [0n, 65_537n, 'KEYS_RSA_LIMITS'],
      [n, 0n, 'KEYS_RSA_LIMITS'],
      [n, 1n, 'KEYS_RSA_LIMITS'],
      [n, 65_536n, 'KEYS_RSA_LIMITS'],
      [n, (1n << 32n) + 1n, 'KEYS_RSA_LIMITS'],
      [n, (1n << 64n) + 1n, 'KEYS_RSA_LIMITS'],
    ] as const;
    const refuseAll = (): void => {
      for (const [modulus, e, code] of bad) {
        const blob = new WireWriter().text('ssh-rsa').mpint(e).mpint(modulus).finish();
        assert.throws(() => parsePublicKey(blob), { code });
      }
    };
    const largest = new WireWriter()
      .text('ssh-rsa')
      .mpint(3n)
      .mpint((1n << 16_383n) | 1n)
      .finish();
    const accept = (): void => assert.equal(parsePublicKey(largest).keyType, 'ssh-rsa');
    assertWithin(refuseAll, () => bad.forEach(accept), 10);
  });

  it('refuses a padded or negative mpint, so that one key has one blob', () => {
    const { n, e } = KEYS['ssh-rsa'];
    const blob = (n: Uint8Array): Uint8Array => new WireWriter().text('ssh-rsa').mpint(e).string(n).finish();
    const plain = bigintToMpint(n);
    assert.equal(parsePublicKey(blob(plain)).keyType, 'ssh-rsa');
    assert.throws(() => parsePublicKey(blob(concat(Uint8Array.of(0), plain))), { code: 'KEYS_MALFORMED' });
    assert.throws(() => parsePublicKey(blob(plain.subarray(1))), { code: 'KEYS_MALFORMED' });
  });

  it('names types it does not support, and shows them without control characters', () => {
    for (const name of [
      'webauthn-sk-ecdsa-sha2-nistp256@openssh.com',
      'ecdsa-sha2-nistp224',
      'ecdsa-sha2-toString',
      '',
    ]) {
      const blob = new WireWriter().text(name).string(new Uint8Array(32)).finish();
      assert.throws(() => parsePublicKey(blob), {
        code: 'KEYS_UNSUPPORTED_TYPE',
        context: { keyType: name },
      });
    }
    const hostile = new WireWriter().text('x\u001b[2J').finish();
    assert.throws(() => parsePublicKey(hostile), { context: { keyType: 'x\\x1b[2J' } });
    assert.throws(() => parsePublicKey(new WireWriter().string(Uint8Array.of(0xff)).finish()), {
      code: 'KEYS_MALFORMED',
    });
  });

  it('never takes a certificate for the key in it', () => {
    const name = 'ssh-ed25519-cert-v01@openssh.com';
    const { publicKey } = KEYS['ssh-ed25519'] as { publicKey: Uint8Array };
    const blob = new WireWriter().text(name).string(new Uint8Array(32)).string(publicKey).finish();
    assert.throws(() => parsePublicKey(blob), { code: 'KEYS_CERTIFICATE', context: { keyType: name } });
  });

  it('does not look at blobs longer than any key', () => {
    assert.throws(() => parsePublicKey(new Uint8Array(1 << 20)), { code: 'KEYS_MALFORMED' });
    assert.throws(() => parsePublicKey(concat(utf8('x'), new Uint8Array(4096))), { code: 'KEYS_MALFORMED' });
  });
});

describe('algorithm names', () => {
  it('give RSA keys three algorithms, the one with SHA-1 last, and others their own', () => {
    assert.deepEqual(signatureAlgorithmsFor('ssh-rsa'), ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa']);
    assert.deepEqual(signatureAlgorithmsFor('ssh-ed25519'), ['ssh-ed25519']);
    for (const keyType of Object.keys(KEYS)) {
      for (const algorithm of signatureAlgorithmsFor(keyType)) {
        assert.equal(keyTypeOfAlgorithm(algorithm), keyType);
      }
    }
  });

  it('tell certificates from keys', () => {
    for (const name of [
      'ssh-rsa-cert-v01@openssh.com',
      'ssh-ed25519-cert-v01@openssh.com',
      'rsa-sha2-512-cert-v01@openssh.com',
      'ecdsa-sha2-nistp256-cert-v01@openssh.com',
      'sk-ssh-ed25519-cert-v01@openssh.com',
      'ssh-dss-cert-v00@openssh.com',
    ]) {
      assert.equal(isCertificateType(name), true, name);
    }
    for (const name of [
      ...Object.keys(KEYS),
      'cert-v01@example.com',
      '',
      'ssh-rsa-cert-v01@openssh.com.evil',
    ]) {
      assert.equal(isCertificateType(name), false, name);
    }
  });
});

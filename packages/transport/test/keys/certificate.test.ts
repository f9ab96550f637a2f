import assert from 'node:assert/strict';
import { type ForgedFields, forgeCertificate, seededRandom } from '@nbs-ssh/testing';
import type { PrivateKeyMaterial } from '@nbs-ssh/transport/crypto';
import {
  type CertifiedKey,
  encodePublicKey,
  parseCertificate,
  parseKeyOrCertificate,
  parsePublicKey,
  parsePublicKeyLine,
  plainKeyOf,
  publicKeyOf,
} from '@nbs-ssh/transport/keys';
import { concat, toBase64, WireWriter } from '@nbs-ssh/transport/wire';
import { describe, it } from 'vitest';
import { nobleSignatures } from '../../src/crypto/signatures/noble.ts';
import { newKey, rsaVectorKey } from '../crypto/signatures/fixtures.ts';

const signer = { signatures: nobleSignatures, random: seededRandom('certificates') };
const ca = newKey('ssh-ed25519');
const subject = publicKeyOf(newKey('ssh-ed25519'));
const forge = (fields: ForgedFields = {}, key = subject, by: PrivateKeyMaterial = ca): Uint8Array =>
  forgeCertificate(signer, by, key, fields);
const parse = (fields: ForgedFields = {}): CertifiedKey => parseCertificate(forge(fields));

const ED25519_CERT = 'ssh-ed25519-cert-v01@openssh.com';
const SUBJECTS = [
  newKey('ssh-ed25519'),
  newKey('ecdsa-sha2-nistp256'),
  newKey('ecdsa-sha2-nistp384'),
  newKey('ecdsa-sha2-nistp521'),
  rsaVectorKey(2048),
].map((key) => publicKeyOf(key));
const SECURITY_KEY = encodePublicKey({
  type: 'sk-ed25519',
  publicKey: new Uint8Array(32).fill(7),
  application: 'ssh:',
});

describe('certificate blob, [PROTOCOL.certkeys]', () => {
  for (const key of SUBJECTS) {
    it(`holds the key and what is certified about it: ${key.keyType}`, () => {
      const blob = forge(
        {
          serial: 0xffff_ffff_ffff_fffen,
          type: 2,
          keyId: 'host of a friend',
          principals: ['a.example', 'b.example'],
          validAfter: 1n,
          validBefore: 2n,
          criticalOptions: [['force-command', 'ls']],
          extensions: [['permit-X11-forwarding'], ['permit-pty']],
        },
        key,
      );
      const { certificate, ...outer } = parseCertificate(blob);
      assert.deepEqual(outer, {
        keyType: `${key.keyType}-cert-v01@openssh.com`,
        blob,
        material: key.material,
      });
      const { signedBytes, signature, ...fields } = certificate;
      assert.deepEqual(fields, {
        type: 'host',
        key,
        serial: 0xffff_ffff_ffff_fffen,
        keyId: 'host of a friend',
        principals: ['a.example', 'b.example'],
        validAfter: 1n,
        validBefore: 2n,
        criticalOptions: [
          { name: 'force-command', data: new Uint8Array(new WireWriter().text('ls').finish()) },
        ],
        extensions: [
          { name: 'permit-X11-forwarding', data: new Uint8Array(0) },
          { name: 'permit-pty', data: new Uint8Array(0) },
        ],
        signatureKey: publicKeyOf(ca),
      });
      assert.deepEqual(concat(signedBytes, new WireWriter().string(signature).finish()), blob);
      assert.deepEqual(plainKeyOf(parseCertificate(blob)), key);
    });

    it(`is refused when cut anywhere and with trailing bytes: ${key.keyType}`, () => {
      const blob = forge({ principals: ['a'], extensions: [['permit-pty']] }, key);
      for (let cut = 0; cut < blob.length; cut += 1) {
        assert.throws(
          () => parseCertificate(blob.subarray(0, cut)),
          { code: 'KEYS_MALFORMED', fault: 'peer' },
          `${cut}`,
        );
      }
      assert.throws(() => parseCertificate(concat(blob, Uint8Array.of(0))), { code: 'KEYS_MALFORMED' });
    });
  }

  it('holds a key in an authenticator as well', () => {
    const parsed = parseCertificate(forge({ principals: ['a'] }, SECURITY_KEY));
    assert.equal(parsed.keyType, 'sk-ssh-ed25519-cert-v01@openssh.com');
    assert.deepEqual(parsed.certificate.key, SECURITY_KEY);
  });

  it('is copied, so that nobody changes it afterwards', () => {
    const blob = forge({ principals: ['a'] });
    const parsed = parseCertificate(blob);
    const before = structuredClone(parsed);
    blob.fill(0);
    assert.deepEqual(parsed, before);
  });

  it('is neither a plain key, nor is a plain key one', () => {
    assert.throws(() => parsePublicKey(forge()), { code: 'KEYS_CERTIFICATE' });
    assert.throws(() => parseCertificate(subject.blob), {
      code: 'KEYS_NOT_CERTIFICATE',
      context: { keyType: 'ssh-ed25519' },
    });
    assert.equal(parseKeyOrCertificate(subject.blob).certificate, undefined);
    assert.equal(parseKeyOrCertificate(forge()).certificate?.keyId, 'forged');
    assert.equal(plainKeyOf(subject), subject);
    assert.throws(() => parseKeyOrCertificate(new Uint8Array(0)), { code: 'KEYS_MALFORMED' });
  });

  it('T090 is refused when its CA key is a certificate, however deep: nothing inside is read', () => {
    let nested = forge();
    for (let depth = 0; depth < 100; depth += 1) nested = forge({ signatureKey: nested });
    assert.throws(() => parseCertificate(forge({ signatureKey: forge() })), { code: 'KEYS_CERTIFICATE' });
    assert.throws(() => parseCertificate(nested), { code: 'KEYS_MALFORMED' });
  });

  it('is refused with a certificate where the certified key belongs', () => {
    const keyType = 'ssh-ed25519-cert-v01@openssh.com-cert-v01@openssh.com';
    assert.throws(() => parse({ keyType }), { code: 'KEYS_CERTIFICATE' });
  });

  it('is refused with unusable keys, its own or the CA’s', () => {
    for (const [keyType, code] of [
      ['ssh-dss-cert-v00@openssh.com', 'KEYS_CERTIFICATE'],
      ['ssh-nonsense-cert-v01@openssh.com', 'KEYS_UNSUPPORTED_TYPE'],
      ['ecdsa-sha2-nistp256-cert-v01@openssh.com', 'KEYS_MALFORMED'],
    ] as const) {
      assert.throws(() => parse({ keyType }), { code });
    }
    const short = new WireWriter()
      .text('ssh-rsa')
      .mpint(3n)
      .mpint((1n << 1023n) | 1n)
      .finish();
    assert.throws(() => parse({ signatureKey: short }), { code: 'KEYS_RSA_LIMITS' });
    assert.throws(() => parse({ signatureKey: new Uint8Array(0) }), { code: 'KEYS_MALFORMED' });
    assert.throws(() => parse({ signatureKey: concat(subject.blob, Uint8Array.of(0)) }), {
      code: 'KEYS_MALFORMED',
    });
  });

  it('has a type that is a user’s or a host’s', () => {
    assert.equal(parse({ type: 1 }).certificate.type, 'user');
    for (const type of [0, 3, 0xffff_ffff]) {
      assert.throws(() => parse({ type }), { context: { keyType: ED25519_CERT, part: 'type' } });
    }
  });

  it('has at most 256 principals, which are UTF-8 without NUL', () => {
    const names = Array.from({ length: 257 }, (_, index) => `host${index}`);
    assert.equal(parse({ principals: names.slice(1) }).certificate.principals.length, 256);
    for (const principals of [names, ['a\0b'], [Uint8Array.of(0xff)]]) {
      assert.throws(() => parse({ principals }), { code: 'KEYS_MALFORMED' });
    }
  });

  it('has a key id of any bytes but NUL', () => {
    assert.equal(parse({ keyId: Uint8Array.of(0x61, 0xff) }).certificate.keyId, 'a\ufffd');
    assert.equal(parse({ keyId: '\u001b[2J' }).certificate.keyId, '\u001b[2J');
    assert.throws(() => parse({ keyId: 'root\0' }), {
      context: { keyType: ED25519_CERT, part: 'key id' },
    });
  });

  it('has options that are sorted, unique and few', () => {
    const pairs = (names: readonly string[]): [string][] => names.map((name) => [name]);
    const many = Array.from({ length: 65 }, (_, index) => `o${String(index).padStart(2, '0')}`);
    for (const slot of ['criticalOptions', 'extensions'] as const) {
      const read = (names: readonly string[]): number =>
        parse({ [slot]: pairs(names) }).certificate[slot].length;
      assert.equal(read(['B', 'a', 'ab', 'b', 'é', '\u{10000}']), 6);
      assert.equal(read(many.slice(1)), 64);
      for (const names of [['b', 'a'], ['a', 'a'], ['ab', 'a'], many]) {
        assert.throws(() => read(names), { code: 'KEYS_MALFORMED' });
      }
    }
  });

  it('is not looked at when it is longer than any certificate', () => {
    assert.throws(() => parse({ nonce: new Uint8Array(66_000) }), {
      context: { keyType: 'unknown', part: 'length' },
    });
    assert.equal(parse({ nonce: new Uint8Array(60_000) }).certificate.type, 'user');
  });

  it('may stand in a .pub line where somebody asks for it', () => {
    const line = `${ED25519_CERT} ${toBase64(forge())} a comment`;
    const read = parsePublicKeyLine(line, parseCertificate);
    assert.equal(read?.publicKey.certificate.keyId, 'forged');
    assert.equal(read?.comment, 'a comment');
    assert.equal(parsePublicKeyLine(line, parseKeyOrCertificate)?.publicKey.certificate?.keyId, 'forged');
    assert.throws(() => parsePublicKeyLine(line), { code: 'KEYS_CERTIFICATE' });
    assert.equal(encodePublicKey(subject.material).certificate, undefined);
  });
});

import assert from 'node:assert/strict';
import { type ForgedFields, forgeCertificate, seededRandom } from '@nbs-ssh/testing';
import type { PrivateKeyMaterial } from '@nbs-ssh/transport/crypto';
import { nobleHash } from '@nbs-ssh/transport/crypto/noble';
import {
  type Certificate,
  type CertificateProblem,
  type CertificateUse,
  certificateFacts,
  certificateProblem,
  fingerprint,
  parseCertificate,
  publicKeyOf,
} from '@nbs-ssh/transport/keys';
import { equalBytes, WireWriter } from '@nbs-ssh/transport/wire';
import { describe, it } from 'vitest';
import { newKey, PROVIDERS, rsaVectorKey } from '../crypto/signatures/fixtures.ts';

const [noble] = PROVIDERS;
const signer = { signatures: noble.signatures, random: seededRandom('certificate checks') };
const ca = newKey('ssh-ed25519');
const subject = publicKeyOf(newKey('ssh-ed25519'));
const NOW = 1_000_000;

const forge = (fields: ForgedFields, by: PrivateKeyMaterial = ca): Certificate =>
  parseCertificate(forgeCertificate(signer, by, subject, { principals: ['alice'], ...fields })).certificate;

const USE: CertificateUse = {
  purpose: 'user',
  isFor: (principal) => principal === 'alice',
  now: NOW,
  trustsCa: (key) => equalBytes(key.blob, publicKeyOf(ca).blob),
};
const check = (certificate: Certificate, use: Partial<CertificateUse> = {}): CertificateProblem | undefined =>
  certificateProblem(signer, certificate, { ...USE, ...use });

describe('what a certificate proves', () => {
  for (const { name, signatures } of PROVIDERS) {
    for (const by of [
      newKey('ssh-ed25519'),
      newKey('ecdsa-sha2-nistp256'),
      newKey('ecdsa-sha2-nistp384'),
      newKey('ecdsa-sha2-nistp521'),
      rsaVectorKey(2048),
    ]) {
      it(`is what a CA with a key of type ${publicKeyOf(by).keyType} has signed, on ${name}`, () => {
        const certificate = forge({ principals: ['alice'] }, by);
        const use = { ...USE, trustsCa: () => true };
        assert.equal(certificateProblem({ signatures }, certificate, use), undefined);
        const signedBytes = new Uint8Array(certificate.signedBytes);
        signedBytes[60] = (signedBytes[60] as number) ^ 1;
        assert.equal(certificateProblem({ signatures }, { ...certificate, signedBytes }, use), 'signature');
      });
    }
  }

  it('T090 is nothing when it has expired or is not valid yet: the first second counts, the last does not', () => {
    const at = (validAfter: number, validBefore: number): CertificateProblem | undefined =>
      check(forge({ validAfter: BigInt(validAfter), validBefore: BigInt(validBefore) }));
    assert.equal(at(NOW, NOW + 1), undefined);
    assert.equal(at(NOW + 1, NOW + 2), 'not-yet-valid');
    assert.equal(at(NOW - 1, NOW), 'expired');
    assert.equal(at(NOW + 1, NOW - 1), 'not-yet-valid');
    const always = forge({});
    for (const now of [0, 0.5, NOW + 0.999, 1e15]) assert.equal(check(always, { now }), undefined);
    assert.equal(check(always, { now: -1 }), 'not-yet-valid');
    const far = forge({ validAfter: 0xffff_ffff_ffff_fffen });
    assert.equal(check(far), 'not-yet-valid');
  });

  it('T090 is nothing without principals, for others, or with a comma in a principal', () => {
    for (const [principals, problem] of [
      [[], 'no-principals'],
      [['bob'], 'wrong-principal'],
      [['Alice', 'alice ', '', '*'], 'wrong-principal'],
      [['bob,alice'], 'comma-principal'],
      [['alice', 'x,y'], 'comma-principal'],
      [['bob', 'alice'], undefined],
    ] as const) {
      assert.equal(check(forge({ principals })), problem, principals.join('|'));
    }
  });

  it('T090 is nothing in the place of a certificate of the other kind', () => {
    assert.equal(check(forge({ type: 2 })), 'wrong-type');
    assert.equal(check(forge({ type: 2 }), { purpose: 'host' }), undefined);
    assert.equal(check(forge({ type: 1 }), { purpose: 'host' }), 'wrong-type');
  });

  it('T090 is nothing with a critical option that nobody enforces; extensions are let be', () => {
    const certificate = forge({ criticalOptions: [['force-command', 'ls'], ['x@example.org']] });
    assert.equal(check(certificate), 'critical-option');
    assert.equal(check(certificate, { criticalOptions: ['force-command'] }), 'critical-option');
    assert.equal(check(certificate, { criticalOptions: ['force-command', 'x@example.org'] }), undefined);
    assert.equal(check(forge({ extensions: [['x@example.org', 'y']] })), undefined);
  });

  it('T090 is nothing with a CA signature of SHA-1, or of any algorithm that is not allowed', () => {
    const rsa = rsaVectorKey(2048);
    const sha1 = new WireWriter().text('ssh-rsa').string(new Uint8Array(256)).finish();
    const trustsCa = (): boolean => true;
    assert.equal(check(forge({ signature: sha1 }, rsa), { trustsCa }), 'ca-algorithm');
    const sha256 = forge({ signatureAlgorithm: 'rsa-sha2-256' }, rsa);
    assert.equal(check(sha256, { trustsCa }), undefined);
    assert.equal(check(sha256, { trustsCa, caAlgorithms: ['rsa-sha2-512'] }), 'ca-algorithm');
    assert.equal(check(forge({}), { caAlgorithms: [] }), 'ca-algorithm');
  });

  it('is nothing when its signature is of another key, another text, or no signature', () => {
    const good = forge({});
    assert.equal(check(forge({ signatureKey: publicKeyOf(newKey('ssh-ed25519')).blob })), 'signature');
    assert.equal(check({ ...good, signature: forge({ serial: 1n }).signature }), 'signature');
    for (const signature of [new Uint8Array(0), new Uint8Array(70), good.signature.subarray(0, -1)]) {
      const problem = check(forge({ signature }));
      assert.ok(problem === 'signature' || problem === 'ca-algorithm', problem);
    }
  });

  it('is nothing when its CA is not trusted, however right it is', () => {
    assert.equal(check(forge({}, newKey('ssh-ed25519'))), 'untrusted-ca');
    assert.equal(check(forge({}), { trustsCa: () => false }), 'untrusted-ca');
  });

  it('is nothing with any bit of any byte of it changed', () => {
    const blob = forgeCertificate(signer, ca, subject, {
      principals: ['alice'],
      criticalOptions: [['force-command', 'ls']],
      validBefore: 2_000_000n,
    });
    const use = { criticalOptions: ['force-command'] };
    assert.equal(check(parseCertificate(blob).certificate, use), undefined);
    for (let index = 0; index < blob.length; index += 1) {
      const spoiled = new Uint8Array(blob);
      spoiled[index] = (spoiled[index] as number) ^ 0x10;
      let problem: CertificateProblem | 'malformed' | undefined;
      try {
        problem = check(parseCertificate(spoiled).certificate, use);
      } catch {
        problem = 'malformed';
      }
      assert.notEqual(problem, undefined, `byte ${index}`);
    }
  });
});

describe('facts of a certificate', () => {
  it('are escaped, bounded, and say when it is valid', () => {
    const facts = (fields: ForgedFields): ReturnType<typeof certificateFacts> =>
      certificateFacts(nobleHash, forge(fields));
    assert.deepEqual(facts({ keyId: 'a\u001b[2J', serial: 0xffff_ffff_ffff_ffffn }), {
      keyId: 'a\\x1b[2J',
      serial: '18446744073709551615',
      caFingerprint: fingerprint(nobleHash, publicKeyOf(ca).blob),
      validFrom: 'always',
      validUntil: 'forever',
    });
    const dated = facts({ keyId: 'x'.repeat(5000), validAfter: 1n, validBefore: 1_700_000_000n });
    assert.equal(dated.keyId.length, 129);
    assert.deepEqual([dated.validFrom, dated.validUntil], ['1970-01-01T00:00:01Z', '2023-11-14T22:13:20Z']);
    assert.equal(facts({ validBefore: 8_640_000_000_001n }).validUntil, 'forever');
    assert.equal(facts({ validBefore: 8_640_000_000_000n }).validUntil, '+275760-09-13T00:00:00Z');
  });
});

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  encodePublicKey,
  parsePublicKey,
  parsePublicKeyLine,
  signatureAlgorithmsFor,
  signData,
  verifySignature,
} from '@nbs-ssh/transport/keys';
import { concat, fromBase64, utf8, WireReader, WireWriter } from '@nbs-ssh/transport/wire';
import { describe, it } from 'vitest';
import { newKey, PROVIDERS } from '../crypto/signatures/fixtures.ts';
import { Authenticator } from './authenticator.ts';

const data = utf8('session identifier and request');
const TOUCHED = 0x01;
const VERIFIED = 0x04;

for (const type of ['sk-ed25519', 'sk-ecdsa'] as const) {
  const token = new Authenticator(type);
  const { publicKey } = token;
  const { keyType: algorithm } = publicKey;

  describe(`a key in an authenticator, ${algorithm}`, () => {
    it('is read as it is written, with the application it was made for', () => {
      const again = parsePublicKey(publicKey.blob);
      assert.deepEqual(again, publicKey);
      assert.deepEqual(encodePublicKey(again.material).blob, publicKey.blob);
      assert.deepEqual(signatureAlgorithmsFor(again.keyType), [algorithm]);
    });

    it('is refused at every shorter length, with bytes behind it, and with a point or a curve that is none', () => {
      const { blob, material } = publicKey;
      for (let cut = 0; cut < blob.length; cut += 1) {
        assert.throws(() => parsePublicKey(blob.subarray(0, cut)), { code: 'KEYS_MALFORMED' }, `${cut}`);
      }
      assert.throws(() => parsePublicKey(concat(blob, Uint8Array.of(0))), { code: 'KEYS_MALFORMED' });
      const short = new Uint8Array(31);
      const spoiled =
        material.type === 'sk-ed25519' ? { ...material, publicKey: short } : { ...material, point: short };
      assert.throws(() => encodePublicKey(spoiled as typeof material), { code: 'KEYS_MALFORMED' });
      const other = new WireWriter().text('sk-ecdsa-sha2-nistp256@openssh.com').text('nistp384');
      assert.throws(() => parsePublicKey(other.string(new Uint8Array(97)).text('ssh:').finish()), {
        code: 'KEYS_MALFORMED',
      });
    });

    for (const { name, signatures } of PROVIDERS) {
      const check = (blob: Uint8Array, presence?: 'any'): boolean =>
        verifySignature({ signatures }, { algorithm, ...(presence && { presence }) }, publicKey, data, blob);

      it(`T067 verifies when it was touched, and not otherwise (${name})`, () => {
        assert.equal(check(token.sign(data, TOUCHED)), true);
        assert.equal(check(token.sign(data, TOUCHED | VERIFIED, 0xffff_ffff)), true);
        for (const flags of [0, VERIFIED, 0xfe]) {
          assert.equal(check(token.sign(data, flags)), false, `flags ${flags}`);
          assert.equal(check(token.sign(data, flags), 'any'), true, `flags ${flags}, presence not asked`);
        }
      });

      it(`is bound to the application, the flags, the counter, the data and the key (${name})`, () => {
        const blob = token.sign(data, TOUCHED);
        assert.equal(check(token.sign(data, TOUCHED, 7, 'ssh:other')), false);
        for (let back = 1; back <= 5; back += 1) {
          const spoiled = new Uint8Array(blob);
          spoiled[blob.length - back] = (spoiled[blob.length - back] as number) ^ 0x40;
          assert.equal(check(spoiled), false, `${back} from the end`);
        }
        assert.equal(check(token.sign(utf8('other'), TOUCHED)), false);
        assert.equal(check(new Authenticator(type).sign(data, TOUCHED)), false);
      });

      it(`is refused at every shorter length, with bytes behind it, and without its tail (${name})`, () => {
        const blob = token.sign(data, TOUCHED);
        for (let cut = 0; cut < blob.length; cut += 1) assert.equal(check(blob.subarray(0, cut)), false);
        assert.equal(check(concat(blob, Uint8Array.of(0))), false);
        const reader = new WireReader(blob);
        const bare = new WireWriter().text(reader.text('name')).string(reader.string('body')).finish();
        assert.equal(check(bare), false);
      });

      it(`has no tail when it is a plain key's (${name})`, () => {
        const plain = newKey('ssh-ed25519');
        const key = encodePublicKey({
          type: 'ed25519',
          publicKey: plain.type === 'ed25519' ? plain.publicKey : data,
        });
        const blob = signData({ signatures, random: () => data }, 'ssh-ed25519', plain, data);
        const expected = { algorithm: 'ssh-ed25519' };
        assert.equal(verifySignature({ signatures }, expected, key, data, blob), true);
        assert.equal(
          verifySignature({ signatures }, expected, key, data, concat(blob, Uint8Array.of(1, 0, 0, 0, 7))),
          false,
        );
      });
    }
  });
}

const TESTDATA = '/usr/lib/openssh/regress/unittests/sshsig/testdata';

describe.skipIf(!existsSync(TESTDATA))(
  'signatures of OpenSSH (skipped without the package openssh-tests)',
  () => {
    for (const name of ['ed25519_sk', 'ecdsa_sk']) {
      it(`${name}.sig verifies with ${name}.pub`, () => {
        const file = (path: string): string => readFileSync(join(TESTDATA, path), 'utf8');
        const { publicKey } = parsePublicKeyLine(file(`${name}.pub`)) ?? assert.fail();
        const armour = file(`${name}.sig`)
          .split('\n')
          .filter((line) => !line.startsWith('-----'));
        const reader = new WireReader(fromBase64(armour.join('')) ?? assert.fail());
        // OpenSSH PROTOCOL.sshsig: magic, version, key, namespace, reserved, hash, signature.
        reader.fixed(6, 'magic');
        reader.u32('version');
        assert.deepEqual(reader.string('key'), publicKey.blob);
        const namespace = reader.string('namespace');
        const reserved = reader.string('reserved');
        const hash = reader.text('hash');
        const digest = createHash(hash)
          .update(readFileSync(join(TESTDATA, 'signed-data')))
          .digest();
        const signed = new WireWriter()
          .string(namespace)
          .string(reserved)
          .text(hash)
          .string(new Uint8Array(digest));
        const blob = reader.string('signature');
        const message = concat(utf8('SSHSIG'), signed.finish());
        for (const { signatures } of PROVIDERS) {
          const expected = { algorithm: publicKey.keyType };
          assert.equal(verifySignature({ signatures }, expected, publicKey, message, blob), true);
          assert.equal(verifySignature({ signatures }, expected, publicKey, utf8('other'), blob), false);
        }
      });
    }
  },
);

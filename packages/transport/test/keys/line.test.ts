import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { CryptoProvider } from '@nbs-ssh/transport/crypto';
import {
  fingerprint,
  formatPublicKeyLine,
  parseKeyOrCertificate,
  parsePublicKeyLine,
  publicKeyOf,
} from '@nbs-ssh/transport/keys';
import { fromBase64 } from '@nbs-ssh/transport/wire';
import { describe, it } from 'vitest';
import { newKey } from '../crypto/signatures/fixtures.ts';

const publicKey = publicKeyOf(newKey('ssh-ed25519'));
const line = formatPublicKeyLine(publicKey, 'someone@example.org');

describe('public key line', () => {
  it('is read back with its comment, whatever white space is around and between', () => {
    const [keyType, base64] = line.split(' ');
    for (const [text, comment] of [
      [line, 'someone@example.org'],
      [`${line}\n`, 'someone@example.org'],
      [`  ${line} \r\n`, 'someone@example.org'],
      [`${keyType}\t${base64}   two  words `, 'two  words'],
      [`${keyType} ${base64}`, ''],
    ] as const) {
      assert.deepEqual(parsePublicKeyLine(text), { publicKey, comment });
    }
    assert.equal(formatPublicKeyLine(publicKey), `${keyType} ${base64}`);
  });

  it('is nothing when empty or a remark', () => {
    for (const text of ['', '   ', '\n', '# ssh-ed25519 AAAA']) {
      assert.equal(parsePublicKeyLine(text), undefined);
    }
  });

  it('is refused when cut anywhere in the key', () => {
    const end = formatPublicKeyLine(publicKey).length;
    for (let cut = 1; cut < end; cut += 1) {
      assert.throws(() => parsePublicKeyLine(line.slice(0, cut)), { code: 'KEYS_MALFORMED' }, `${cut}`);
    }
  });

  it('is refused when the type in front is not the type of the key', () => {
    const other = line.replace('ssh-ed25519', 'ssh-rsa');
    assert.throws(() => parsePublicKeyLine(other), {
      context: { keyType: 'ssh-rsa', part: 'type' },
    });
    const certificate = line.replace('ssh-ed25519', 'ssh-ed25519-cert-v01@openssh.com');
    assert.throws(() => parsePublicKeyLine(certificate, parseKeyOrCertificate), {
      context: { keyType: 'ssh-ed25519-cert-v01@openssh.com', part: 'type' },
    });
  });

  it('is refused when it is a private key, an overlong line, or has options in front', () => {
    for (const text of [
      '-----BEGIN OPENSSH PRIVATE KEY-----',
      `${line}${'x'.repeat(100_000)}`,
      `command="ls" ${line}`,
      'ssh-ed25519 ====',
    ]) {
      assert.throws(() => parsePublicKeyLine(text), { code: 'KEYS_MALFORMED' });
    }
  });

  it('cannot be made with a comment that would begin another line', () => {
    for (const comment of ['a\nssh-rsa AAAA', 'a\rb', 'a\0b']) {
      assert.throws(() => formatPublicKeyLine(publicKey, comment), RangeError);
    }
  });
});

describe('fingerprint', () => {
  const hash: CryptoProvider['hash'] = (name, ...parts) => {
    const state = createHash(name);
    for (const part of parts) state.update(part);
    return new Uint8Array(state.digest());
  };

  it('is SHA256: and 43 characters of base64 without padding', () => {
    const text = fingerprint(hash, publicKey.blob);
    assert.match(text, /^SHA256:[A-Za-z0-9+/]{43}$/);
    assert.deepEqual(fromBase64(`${text.slice('SHA256:'.length)}=`), hash('sha256', publicKey.blob));
  });
});

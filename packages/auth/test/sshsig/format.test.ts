import { publicKeyOf, signData } from '@nbs-ssh/transport/keys';
import { concat, utf8, WireWriter } from '@nbs-ssh/transport/wire';
import { describe, expect, it } from 'vitest';
import { generateEcdsa, generateEd25519 } from '../../src/private-key/index.ts';
import { finishSshsig, MAX_SSHSIG, parseSshsig, sshsigRequest } from '../../src/sshsig/index.ts';
import { armor, crypto, ed25519, MESSAGE, sign, unarmor, verdict } from './signing.ts';

const good = sign(ed25519);
const blob = unarmor(good);

/** A signature whose fields are what the test says, rightly signed over them where that is possible. */
function forged(fields: {
  readonly magic?: string;
  readonly version?: number;
  readonly namespace?: string | Uint8Array;
  readonly reserved?: string;
  readonly hash?: string;
  readonly key?: Uint8Array;
}): string {
  const { magic = 'SSHSIG', version = 1, namespace = 'file', reserved = '', hash = 'sha512' } = fields;
  const name = typeof namespace === 'string' ? utf8(namespace) : namespace;
  const known = hash === 'sha256' || hash === 'sha512' ? hash : 'sha512';
  const data = new WireWriter()
    .fixed(utf8('SSHSIG'))
    .string(name)
    .text('')
    .text(hash)
    .string(crypto.hash(known, MESSAGE))
    .finish();
  return armor(
    new WireWriter()
      .fixed(utf8(magic))
      .u32(version)
      .string(fields.key ?? publicKeyOf(ed25519).blob)
      .string(name)
      .text(reserved)
      .text(hash)
      .string(signData(crypto, 'ssh-ed25519', ed25519, data))
      .finish(),
  );
}

describe('a signature of a message', () => {
  it('verifies for its message and purpose only', () => {
    expect(verdict(good)).toBe('good');
    expect(verdict(good, utf8('what was signed'))).toBe('signature');
    expect(verdict(good, utf8(''))).toBe('signature');
    expect(verdict(good, MESSAGE, 'git')).toBe('namespace');
    expect(verdict(good, MESSAGE, 'File')).toBe('namespace');
    expect(verdict(good, MESSAGE, '')).toBe('namespace');
  });

  it('is refused when cut at any byte, inside or of its armor', () => {
    for (let cut = 0; cut < blob.length; cut += 1)
      expect(verdict(armor(blob.subarray(0, cut)))).toBe('malformed');
    for (let cut = 0; cut < good.trimEnd().length; cut += 1)
      expect(verdict(good.slice(0, cut))).toBe('malformed');
  });

  it('is refused with bytes behind it, inside or outside of its armor', () => {
    expect(verdict(armor(concat(blob, Uint8Array.of(0))))).toBe('malformed');
    for (const text of [`${good}x`, `${good}${good}`, `x${good}`, `\n${good}\nsigned by me\n`]) {
      expect(verdict(text)).toBe('malformed');
    }
    expect(verdict(`\r\n  ${good.replaceAll('\n', '\r\n')}\n\n`)).toBe('good');
    expect(verdict(utf8(good))).toBe('good');
  });

  it('is refused with any byte changed', () => {
    for (let at = 0; at < blob.length; at += 1) {
      const changed = blob.slice();
      changed[at] = (changed[at] as number) ^ 0x41;
      expect(verdict(armor(changed))).not.toBe('good');
    }
  });

  it.each([
    ['another magic', { magic: 'SSHSIH' }],
    ['version 0', { version: 0 }],
    ['version 2', { version: 2 }],
    ['an empty namespace', { namespace: '' }],
    ['a namespace with a NUL', { namespace: 'fi\0le' }],
    ['a namespace that is not UTF-8', { namespace: Uint8Array.of(0xff) }],
    ['a namespace of a kilobyte and a byte', { namespace: 'a'.repeat(1025) }],
    ['SHA-1', { hash: 'sha1' }],
    ['MD5', { hash: 'md5' }],
    ['no hash', { hash: '' }],
    ['no key', { key: new Uint8Array(0) }],
    ['a key of an unknown type', { key: new WireWriter().text('ssh-unheard').finish() }],
  ])('is refused with %s, although rightly signed', (_, fields) => {
    expect(verdict(forged(fields))).toBe('malformed');
  });

  it('may have reserved bytes, which are ignored as the protocol asks', () => {
    expect(verdict(forged({}))).toBe('good');
    expect(verdict(forged({ reserved: 'for the future' }))).toBe('good');
  });

  it('is refused when it names another key than the one that signed', () => {
    expect(verdict(forged({ key: publicKeyOf(generateEd25519(crypto)).blob }))).toBe('signature');
    expect(verdict(forged({ key: publicKeyOf(generateEcdsa('nistp256', crypto)).blob }))).toBe('signature');
  });

  it('is refused unread when it is longer than a mebibyte', () => {
    const long = `-----BEGIN SSH SIGNATURE-----\n${'A'.repeat(MAX_SSHSIG)}\n-----END SSH SIGNATURE-----\n`;
    expect(() => parseSshsig(long)).toThrow(/longer than 1048576/);
    expect(() => parseSshsig(utf8(long))).toThrow(/longer than 1048576/);
  });

  it('is refused when a length is far beyond its end', () => {
    for (let at = 6; at + 4 < blob.length; at += 1) {
      const changed = blob.slice();
      changed.set([0xff, 0xff, 0xff, 0xff], at);
      expect(verdict(armor(changed))).not.toBe('good');
    }
  });
});

describe('signing a message', () => {
  it('takes no empty namespace', () => {
    expect(() => sign(ed25519, '')).toThrow(RangeError);
    expect(() => sign(ed25519, 'a\0b')).toThrow(RangeError);
    expect(() => sign(ed25519, 'a'.repeat(1025))).toThrow(RangeError);
    expect(verdict(sign(ed25519, 'größe'), MESSAGE, 'größe')).toBe('good');
  });

  it('takes nothing from a signer that lies', () => {
    const message = { namespace: 'file', hash: 'sha512', digest: crypto.hash('sha512', MESSAGE) } as const;
    const publicKey = publicKeyOf(ed25519);
    const { algorithm, data } = sshsigRequest(publicKey, message);
    expect(
      verdict(finishSshsig(crypto, publicKey, message, signData(crypto, algorithm, ed25519, data))),
    ).toBe('good');
    for (const wrong of [
      new Uint8Array(0),
      signData(crypto, algorithm, ed25519, MESSAGE),
      signData(crypto, algorithm, generateEd25519(crypto), data),
    ]) {
      expect(() => finishSshsig(crypto, publicKey, message, wrong)).toThrow(
        expect.objectContaining({ code: 'AUTH_SSHSIG_SIGNER' }),
      );
    }
  });
});

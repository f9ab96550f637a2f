import { formatPublicKeyLine } from '@nbs-ssh/transport/keys';
import { EMPTY, fromHex, toHex, utf8, WireWriter } from '@nbs-ssh/transport/wire';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  formatOpensshPrivateKey,
  generateEd25519,
  parsePrivateKey,
  privateKeyPublicPart,
} from '../../src/private-key/index.ts';
import { testCrypto as crypto } from './crypto.ts';
import { armor, line, load, PASSPHRASE, reason, unarmor } from './loading.ts';
import { hasSshKeygen, KEY_TYPES, workspace } from './tools.ts';

const space = workspace();
afterAll(() => space.remove());

const TYPES = [...KEY_TYPES, ['rsa', ['-b', '3072']]] as const;
const CIPHERS = [
  'aes128-ctr',
  'aes192-ctr',
  'aes256-ctr',
  'aes128-cbc',
  'aes192-cbc',
  'aes256-cbc',
  'aes128-gcm@openssh.com',
  'aes256-gcm@openssh.com',
  'chacha20-poly1305@openssh.com',
  '3des-cbc',
] as const;

describe.skipIf(!hasSshKeygen)('files of ssh-keygen', () => {
  const keys: { readonly name: string; readonly plain: string; readonly publicLine: string }[] = [];

  beforeAll(() => {
    for (const [type, bits] of TYPES) {
      const name = [type, ...bits].join('');
      space.run(
        'ssh-keygen',
        '-q',
        '-t',
        type,
        ...bits,
        '-N',
        '',
        '-C',
        `me@${name}`,
        '-f',
        space.path(name),
      );
      keys.push({ name, plain: space.read(name), publicLine: space.read(`${name}.pub`).trim() });
    }
  });

  it('load and equal their .pub, with the comment', () => {
    for (const { plain, publicLine } of keys) expect(line(load(plain))).toBe(publicLine);
    expect(keys).toHaveLength(TYPES.length);
  });

  it('show their public key without the passphrase', () => {
    for (const { plain, publicLine } of keys) {
      const part = privateKeyPublicPart(plain);
      expect(part?.encrypted).toBe(false);
      expect(
        publicLine.startsWith(part === undefined ? 'nothing' : formatPublicKeyLine(part.publicKey)),
      ).toBe(true);
    }
  });

  for (const cipher of CIPHERS) {
    it(`load when encrypted with ${cipher}, and only with the right passphrase`, () => {
      for (const [index, { name, plain, publicLine }] of keys.entries()) {
        // Every type once in the default cipher; elsewhere a short and a long key, because bcrypt is slow by design.
        if (cipher !== 'aes256-ctr' && index !== 0 && index !== 5) continue;
        const file = `${name}-${cipher}`;
        space.run('cp', name, file);
        space.run('ssh-keygen', '-q', '-p', '-P', '', '-N', PASSPHRASE, '-Z', cipher, '-a', '2', '-f', file);
        const encrypted = space.read(file);
        const loaded = load(encrypted, PASSPHRASE);
        expect(line(loaded)).toBe(publicLine);
        expect(loaded.key).toEqual(load(plain).key);
        expect(reason(encrypted, 'battery staple')).toBe('wrong_passphrase');
        expect(reason(encrypted)).toBe('passphrase_required');
        expect(reason(encrypted, '')).toBe('passphrase_required');
        expect(privateKeyPublicPart(encrypted)?.encrypted).toBe(true);
      }
    });
  }

  it('loads with the default number of rounds', () => {
    space.run('ssh-keygen', '-q', '-t', 'ed25519', '-N', PASSPHRASE, '-f', space.path('default-rounds'));
    expect(line(load(space.read('default-rounds'), PASSPHRASE))).toBe(
      space.read('default-rounds.pub').trim(),
    );
  });

  it('load with any number of rounds', () => {
    for (const rounds of ['1', '7', '40']) {
      const name = `rounds-${rounds}`;
      space.run('ssh-keygen', '-q', '-t', 'ed25519', '-N', PASSPHRASE, '-a', rounds, '-f', name);
      expect(line(load(space.read(name), PASSPHRASE))).toBe(space.read(`${name}.pub`).trim());
    }
  });

  it('of keys that cannot sign from a file say so, with what to do, before they ask for the passphrase', () => {
    const file = (type: string, cipher: string, ...fields: readonly string[]): string => {
      const blob = new WireWriter().text(type);
      for (const field of fields) blob.string(fromHex(field));
      const kdf = new WireWriter().string(new Uint8Array(16)).u32(16).finish();
      const encrypted = cipher !== 'none';
      const body = new WireWriter().u32(1).u32(1).text(type).u32(0).finish();
      const writer = new WireWriter().fixed(utf8('openssh-key-v1\0')).text(cipher);
      writer.text(encrypted ? 'bcrypt' : 'none').string(encrypted ? kdf : EMPTY);
      return armor(writer.u32(1).string(blob.finish()).string(body).finish());
    };
    const application = toHex(utf8('ssh:'));
    for (const cipher of ['none', 'aes256-ctr']) {
      const security = [
        file('sk-ssh-ed25519@openssh.com', cipher, '11'.repeat(32), application),
        file(
          'sk-ecdsa-sha2-nistp256@openssh.com',
          cipher,
          toHex(utf8('nistp256')),
          `04${'11'.repeat(64)}`,
          application,
        ),
      ];
      for (const text of security) {
        expect(reason(text)).toBe('unsupported');
        expect(() => load(text)).toThrow(/load it into an ssh-agent/);
        expect(() => privateKeyPublicPart(text)).toThrow(/ssh-agent/);
      }
      const dsa = file('ssh-dss', cipher, '03', '03', '03', '03');
      expect(reason(dsa)).toBe('unsupported');
      expect(() => load(dsa)).toThrow(/ssh-keygen -t ed25519/);
    }
  });

  it('takes a passphrase that is not ASCII as UTF-8', () => {
    const passphrase = 'grüße 🔑';
    space.run('ssh-keygen', '-q', '-t', 'ed25519', '-N', passphrase, '-a', '2', '-f', space.path('unicode'));
    expect(reason(space.read('unicode'), passphrase)).toBe('loaded');
  });

  it('are read when written with CR LF, without a final newline or as bytes', () => {
    const { plain, publicLine } = keys[0] as (typeof keys)[0];
    expect(line(load(plain.replaceAll('\n', '\r\n')))).toBe(publicLine);
    expect(line(load(plain.trimEnd()))).toBe(publicLine);
    expect(line(parsePrivateKey(new TextEncoder().encode(plain), { crypto }))).toBe(publicLine);
  });

  it('refuse with a typed error when cut at any byte inside', () => {
    for (const { plain } of keys) {
      const bytes = unarmor(plain);
      for (let cut = 0; cut < bytes.length; cut += bytes.length > 700 ? 13 : 1) {
        expect(reason(armor(bytes.subarray(0, cut)))).toBe('invalid_format');
      }
      for (let cut = 0; cut < plain.trimEnd().length; cut += 11) {
        expect(reason(plain.slice(0, cut))).toBe('invalid_format');
      }
      expect(reason(armor(Buffer.concat([bytes, Buffer.of(0)])))).toBe('invalid_format');
    }
  });

  it('never load with a changed byte, the comment aside', () => {
    for (const { name, plain } of keys.slice(0, 4)) {
      const bytes = unarmor(plain);
      const comment = bytes.indexOf(`me@${name}`);
      const original = load(plain);
      for (let at = 0; at < bytes.length; at += 1) {
        const flipped = Buffer.from(bytes);
        flipped[at] = (flipped[at] as number) ^ 0x41;
        const outcome = reason(armor(flipped));
        if (at >= comment && at < comment + name.length + 3)
          expect(load(armor(flipped)).key).toEqual(original.key);
        else expect(['invalid_format', 'unsupported', 'passphrase_required']).toContain(outcome);
      }
    }
  });

  it('refuse typed, or load the same key, whatever byte of an encrypted file is changed', () => {
    const file = space.path('flip');
    space.run('ssh-keygen', '-q', '-t', 'ed25519', '-N', PASSPHRASE, '-a', '1', '-f', file);
    const bytes = unarmor(space.read('flip'));
    const original = load(space.read('flip'), PASSPHRASE);
    const outcomes = new Set<string>();
    for (let at = 0; at < bytes.length; at += 3) {
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] as number) ^ 0x80;
      const outcome = reason(armor(flipped), PASSPHRASE);
      outcomes.add(outcome);
      // With a cipher that has no tag, a changed comment goes unnoticed.
      if (outcome === 'loaded') expect(load(armor(flipped), PASSPHRASE).key).toEqual(original.key);
    }
    expect([...outcomes].sort()).toEqual(['invalid_format', 'loaded', 'unsupported', 'wrong_passphrase']);
  });

  it('refuse 2,049 bcrypt rounds and more at once', () => {
    const bytes = unarmor(space.read('flip'));
    const rounds = bytes.indexOf(Buffer.from('bcrypt')) + 6 + 4 + 4 + 16;
    expect(bytes.readUInt32BE(rounds)).toBe(1);
    for (const value of [2049, 0x7fffffff, 0xffffffff]) {
      bytes.writeUInt32BE(value, rounds);
      expect(reason(armor(bytes), PASSPHRASE)).toBe('unsupported');
    }
    bytes.writeUInt32BE(0, rounds);
    expect(reason(armor(bytes), PASSPHRASE)).toBe('invalid_format');
  });

  it('refuse lengths of 0xffffffff without allocating them', () => {
    const bytes = unarmor((keys[0] as (typeof keys)[0]).plain);
    for (let at = 15; at + 4 < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed.writeUInt32BE(0xffffffff, at);
      expect(reason(armor(changed))).not.toBe('wrong_passphrase');
    }
  });

  it('of RSA and ECDSA load in the older formats, plain and encrypted', () => {
    for (const name of ['rsa-b2048', 'ecdsa-b256', 'ecdsa-b384', 'ecdsa-b521']) {
      for (const format of ['PEM', 'PKCS8']) {
        const file = `${name}-${format}`;
        space.run('cp', name, file);
        for (const passphrase of ['', PASSPHRASE]) {
          space.run('ssh-keygen', '-q', '-p', '-P', '', '-N', passphrase, '-m', format, '-f', file);
          const text = space.read(file);
          const loaded = { ...load(text, PASSPHRASE), comment: `me@${name}` };
          expect(line(loaded)).toBe(space.read(`${name}.pub`).trim());
          expect(reason(text)).toBe(passphrase === '' ? 'loaded' : 'passphrase_required');
        }
      }
    }
  });

  it('are what we write: ssh-keygen reads our file and prints our public key', () => {
    const fresh = generateEd25519(crypto);
    for (const key of [fresh, ...keys.map(({ plain }) => load(plain).key)]) {
      const text = formatOpensshPrivateKey(key, 'written here', crypto.random);
      const again = load(text);
      expect(again.key).toEqual(key);
      expect(again.comment).toBe('written here');
      space.run('sh', '-c', `umask 077; printf %s "${text}" > ours`);
      expect(space.run('ssh-keygen', '-y', '-f', 'ours').trim()).toBe(line(again));
    }
  });
});

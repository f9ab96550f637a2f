import { generateKeyPairSync } from 'node:crypto';
import { formatPublicKeyLine } from '@nbs-ssh/transport/keys';
import { Secret } from '@nbs-ssh/transport/wire';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isPrivateKeyError } from '../../src/private-key/errors.ts';
import {
  formatOpensshPrivateKey,
  generateEd25519,
  type ParsedPrivateKey,
  parsePrivateKey,
  privateKeyPublicPart,
} from '../../src/private-key/index.ts';
import { testCrypto as crypto } from './crypto.ts';
import { hasOpenssl, hasSshKeygen, workspace } from './tools.ts';

const space = workspace();
afterAll(() => space.remove());

const PASSPHRASE = 'correct horse';
const load = (text: string, passphrase?: string): ParsedPrivateKey =>
  parsePrivateKey(text, {
    crypto,
    passphrase: passphrase === undefined ? undefined : new Secret(passphrase),
  });
const line = (key: ParsedPrivateKey): string => formatPublicKeyLine(key.publicKey, key.comment);

/** The reason of the refusal; anything thrown that is no private-key error fails the test. */
function reason(text: string | Uint8Array, passphrase?: string): string {
  try {
    parsePrivateKey(text, {
      crypto,
      passphrase: passphrase === undefined ? undefined : new Secret(passphrase),
    });
    return 'loaded';
  } catch (error) {
    if (!isPrivateKeyError(error)) throw error;
    if (passphrase !== undefined && passphrase !== '')
      expect(JSON.stringify(error) + error.message).not.toContain(passphrase);
    return error.context.reason;
  }
}

const TYPES = [
  ['ed25519', []],
  ['ecdsa', ['-b', '256']],
  ['ecdsa', ['-b', '384']],
  ['ecdsa', ['-b', '521']],
  ['rsa', ['-b', '2048']],
  ['rsa', ['-b', '3072']],
] as const;
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

  it('of RSA in the old PEM encryption are unsupported, with a hint', () => {
    space.run('cp', 'rsa-b2048', 'old');
    space.run('ssh-keygen', '-q', '-p', '-P', '', '-N', '', '-m', 'PEM', '-f', 'old');
    expect(line({ ...load(space.read('old')), comment: 'me@rsa-b2048' })).toBe(
      space.read('rsa-b2048.pub').trim(),
    );
    space.run('ssh-keygen', '-q', '-p', '-P', '', '-N', PASSPHRASE, '-m', 'PEM', '-f', 'old');
    expect(reason(space.read('old'), PASSPHRASE)).toBe('unsupported');
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

describe.skipIf(!hasOpenssl || !hasSshKeygen)('files of openssl', () => {
  const CURVES = [
    ['prime256v1', 'p256'],
    ['secp384r1', 'p384'],
    ['secp521r1', 'p521'],
  ] as const;
  const loads = (name: string): void => {
    space.run('chmod', '600', name);
    expect(line(load(space.read(name)))).toBe(space.run('ssh-keygen', '-y', '-f', name).trim());
  };

  it('load as PKCS#8, ed25519', () => {
    space.run('openssl', 'genpkey', '-algorithm', 'ed25519', '-out', 'ed.p8');
    // ssh-keygen cannot print the public key of this file, so openssl must.
    const spki = space.run('openssl', 'pkey', '-in', 'ed.p8', '-pubout', '-outform', 'PEM');
    const { publicKey } = load(space.read('ed.p8'));
    expect(publicKey.material.type).toBe('ed25519');
    expect(unarmor(spki).subarray(-32)).toEqual(Buffer.from(publicKey.blob.subarray(-32)));
  });

  it('load as PKCS#8 and SEC1, with and without a parameters block in front', () => {
    for (const [curve, name] of CURVES) {
      space.run('openssl', 'ecparam', '-name', curve, '-genkey', '-out', `${name}.sec1`);
      expect(space.read(`${name}.sec1`)).toContain('EC PARAMETERS');
      loads(`${name}.sec1`);
      space.run('openssl', 'ec', '-in', `${name}.sec1`, '-out', `${name}.plain.sec1`);
      loads(`${name}.plain.sec1`);
      space.run('openssl', 'ec', '-in', `${name}.sec1`, '-no_public', '-out', `${name}.secret.sec1`);
      expect(load(space.read(`${name}.secret.sec1`)).key).toEqual(load(space.read(`${name}.sec1`)).key);
      space.run('openssl', 'pkcs8', '-topk8', '-nocrypt', '-in', `${name}.sec1`, '-out', `${name}.p8`);
      loads(`${name}.p8`);
    }
  });

  it('load as PKCS#8 and PKCS#1, RSA', () => {
    for (const bits of ['2048', '3072']) {
      space.run(
        'openssl',
        'genpkey',
        '-algorithm',
        'RSA',
        '-pkeyopt',
        `rsa_keygen_bits:${bits}`,
        '-out',
        `r${bits}.p8`,
      );
      loads(`r${bits}.p8`);
      space.run('openssl', 'rsa', '-traditional', '-in', `r${bits}.p8`, '-out', `r${bits}.p1`);
      expect(space.read(`r${bits}.p1`)).toContain('BEGIN RSA PRIVATE KEY');
      loads(`r${bits}.p1`);
    }
  });

  it('refuse typed when cut or changed anywhere', () => {
    for (const name of ['ed.p8', 'p256.plain.sec1', 'p384.p8', 'r2048.p1']) {
      const text = space.read(name);
      const label = /BEGIN (.*)-----/.exec(text)?.[1] ?? '';
      const bytes = unarmor(text);
      const original = load(text).key;
      const step = bytes.length > 300 ? 7 : 1;
      for (let at = 0; at < bytes.length; at += step) {
        expect(reason(armor(bytes.subarray(0, at), label))).toBe('invalid_format');
        const flipped = Buffer.from(bytes);
        flipped[at] = (flipped[at] as number) ^ 0x01;
        const changed = armor(flipped, label);
        const outcome = reason(changed);
        // A bare seed has nothing to be compared with: any 32 bytes are a key.
        if (outcome === 'loaded' && name !== 'ed.p8') expect(load(changed).key).toEqual(original);
        else expect(['invalid_format', 'unsupported', 'loaded']).toContain(outcome);
      }
      expect(reason(armor(Buffer.concat([bytes, Buffer.of(0)]), label))).toBe('invalid_format');
    }
  });

  it('are unsupported when encrypted, of another curve or of another algorithm', () => {
    space.run('openssl', 'pkcs8', '-topk8', '-in', 'p256.sec1', '-passout', 'pass:x', '-out', 'encrypted.p8');
    space.run('openssl', 'ecparam', '-name', 'secp256k1', '-genkey', '-out', 'k1');
    space.run(
      'openssl',
      'ecparam',
      '-name',
      'prime256v1',
      '-param_enc',
      'explicit',
      '-genkey',
      '-out',
      'explicit',
    );
    space.run('openssl', 'genpkey', '-algorithm', 'x25519', '-out', 'x25519.p8');
    space.run('openssl', 'genpkey', '-algorithm', 'ed448', '-out', 'ed448.p8');
    space.run('openssl', 'genrsa', '-out', 'r1024', '1024');
    for (const name of ['encrypted.p8', 'k1', 'explicit', 'x25519.p8', 'ed448.p8', 'r1024']) {
      expect([name, reason(space.read(name), PASSPHRASE)]).toEqual([name, 'unsupported']);
    }
  });
});

describe('inconsistent keys', () => {
  const der = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
    const body = Buffer.concat(parts);
    const length =
      body.length < 128
        ? [body.length]
        : body.length < 256
          ? [0x81, body.length]
          : [0x82, body.length >> 8, body.length & 255];
    return Buffer.concat([Buffer.from([tag, ...length]), body]);
  };
  const integer = (value: bigint): Buffer => {
    const hex = value.toString(16);
    const bytes = Buffer.from(hex.length % 2 === 1 ? `0${hex}` : hex, 'hex');
    return der(2, (bytes[0] as number) >= 128 ? Buffer.concat([Buffer.of(0), bytes]) : bytes);
  };
  const jwk = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });
  const number = (text: string | undefined): bigint =>
    BigInt(`0x${Buffer.from(text ?? '', 'base64url').toString('hex')}`);
  const good = {
    n: number(jwk.n),
    e: number(jwk.e),
    d: number(jwk.d),
    p: number(jwk.p),
    q: number(jwk.q),
    dp: number(jwk.dp),
    dq: number(jwk.dq),
    qi: number(jwk.qi),
  };
  const rsa = (changes: Partial<typeof good>): string =>
    armor(der(0x30, integer(0n), ...Object.values({ ...good, ...changes }).map(integer)), 'RSA PRIVATE KEY');

  it('load when nothing is changed', () => {
    expect(reason(rsa({}))).toBe('loaded');
  });

  for (const field of Object.keys(good) as (keyof typeof good)[]) {
    it(`refuse an RSA key whose ${field} is off by two, zero or one`, () => {
      for (const value of [good[field] + 2n, 0n, 1n])
        expect(reason(rsa({ [field]: value }))).toBe('invalid_format');
    });
  }

  it('refuse an RSA key whose exponent is wrong for one prime, is too large, or whose inverse is not reduced', () => {
    const exponent = (d: bigint): string => rsa({ d, dp: d % (good.p - 1n), dq: d % (good.q - 1n) });
    expect(reason(exponent(good.d - (good.p - 1n)))).toBe('invalid_format');
    expect(reason(exponent(good.d - (good.q - 1n)))).toBe('invalid_format');
    expect(reason(exponent(good.d + 2n * (good.p - 1n) * (good.q - 1n)))).toBe('invalid_format');
    expect(reason(rsa({ qi: good.qi + good.p }))).toBe('invalid_format');
  });

  it('refuse an RSA key whose primes are 1 and n', () => {
    expect(reason(rsa({ p: good.n, q: 1n, dp: good.d, dq: 0n, qi: 1n }))).toBe('invalid_format');
  });

  it('refuse an Ed25519 key in PKCS#8 whose stated public half is another', () => {
    const seed = Buffer.alloc(32, 7);
    const stated = (publicKey: Uint8Array): string =>
      armor(
        der(
          0x30,
          integer(1n),
          der(0x30, der(6, Buffer.from('2b6570', 'hex'))),
          der(4, der(4, seed)),
          der(0x81, Buffer.of(0), publicKey),
        ),
        'PRIVATE KEY',
      );
    const right = load(formatOpensshPrivateKey(generateEd25519({ random: () => seed }), '', crypto.random));
    expect(reason(stated(right.publicKey.blob.subarray(-32)))).toBe('loaded');
    expect(reason(stated(Buffer.alloc(32, 9)))).toBe('invalid_format');
  });

  it('refuse an EC scalar of zero, of the order, and longer than the field', () => {
    const P256 = Buffer.from('2a8648ce3d030107', 'hex');
    const order = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex');
    const sec1 = (secret: Uint8Array): string =>
      armor(der(0x30, integer(1n), der(4, secret), der(0xa0, der(6, P256))), 'EC PRIVATE KEY');
    expect(reason(sec1(Buffer.of(1)))).toBe('loaded');
    for (const secret of [Buffer.alloc(32), order, Buffer.alloc(33, 1), Buffer.alloc(0)]) {
      expect(reason(sec1(secret))).toBe('invalid_format');
    }
  });

  it('refuse nesting 10,000 deep, indefinite and non-minimal lengths', () => {
    let nested: Buffer = Buffer.alloc(0);
    for (let i = 0; i < 10_000; i += 1) {
      const head = Buffer.alloc(5, 0);
      head[0] = 0x30;
      head[1] = 0x83;
      head.writeUIntBE(nested.length, 2, 3);
      nested = i < 200 ? Buffer.concat([head, nested]) : nested;
    }
    expect(reason(armor(nested, 'PRIVATE KEY'))).toBe('invalid_format');
    for (const hex of [
      '3080020100',
      '308103020100',
      '30820003020100',
      '3003020200',
      '30840000000302',
      '30',
    ]) {
      for (const label of ['PRIVATE KEY', 'EC PRIVATE KEY', 'RSA PRIVATE KEY']) {
        expect(reason(armor(Buffer.from(hex, 'hex'), label))).toBe('invalid_format');
      }
    }
  });
});

describe('other files', () => {
  for (const [name, text, expected] of [
    ['nothing', '', 'invalid_format'],
    ['any text', 'hello\nworld\n', 'invalid_format'],
    ['NUL bytes', '\0'.repeat(5000), 'invalid_format'],
    ['a public key', 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJEQ me', 'invalid_format'],
    ['a PuTTY key', 'PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n', 'unsupported'],
    ['a key of protocol 1', 'SSH PRIVATE KEY FILE FORMAT 1.1\n', 'unsupported'],
    ['a block without end', '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n', 'invalid_format'],
    [
      'an empty block',
      '-----BEGIN OPENSSH PRIVATE KEY-----\n-----END OPENSSH PRIVATE KEY-----\n',
      'invalid_format',
    ],
    ['DSA', armor(Buffer.from('3003020100', 'hex'), 'DSA PRIVATE KEY'), 'unsupported'],
    ['bad base64', '-----BEGIN PRIVATE KEY-----\nA*AA\n-----END PRIVATE KEY-----\n', 'invalid_format'],
    ['1,000 blocks', '-----BEGIN X-----\n-----END X-----\n'.repeat(1000), 'invalid_format'],
    ['more than 1 MiB', '-----BEGIN PRIVATE KEY-----\n'.padEnd(1_048_577, 'A'), 'invalid_format'],
  ] as const) {
    it(`refuse as ${expected}: ${name}`, () => {
      const start = performance.now();
      expect(reason(text, 'secret passphrase')).toBe(expected);
      expect(performance.now() - start).toBeLessThan(500);
    });
  }

  it('are not searched beyond 1 MiB or 16 blocks for the key in them', () => {
    const good = formatOpensshPrivateKey(generateEd25519(crypto), '', crypto.random);
    const block = '-----BEGIN X-----\n-----END X-----\n';
    expect(reason(block.repeat(15) + good)).toBe('loaded');
    expect(reason(block.repeat(16) + good)).toBe('invalid_format');
    expect(reason(good.padEnd(1_048_576, '\n'))).toBe('loaded');
    expect(reason(good.padEnd(1_048_577, '\n'))).toBe('invalid_format');
  });

  it('have no public part that could be read without the private one', () => {
    expect(privateKeyPublicPart(armor(Buffer.from('3003020100', 'hex'), 'PRIVATE KEY'))).toBeUndefined();
  });
});

function unarmor(text: string): Buffer {
  return Buffer.from(text.replace(/-----[^-]*-----/g, ''), 'base64');
}

function armor(bytes: Uint8Array, label = 'OPENSSH PRIVATE KEY'): string {
  return `-----BEGIN ${label}-----\n${Buffer.from(bytes).toString('base64')}\n-----END ${label}-----\n`;
}

import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { formatOpensshPrivateKey, generateEd25519 } from '../../src/private-key/index.ts';
import { testCrypto as crypto } from './crypto.ts';
import { armor, load, reason } from './loading.ts';

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

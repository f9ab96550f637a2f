import { fromHex, toHex } from '@nbs-ssh/transport/wire';
import { describe, expect, it } from 'vitest';
import { DerReader, TAG } from '../../src/private-key/der.ts';
import { isPrivateKeyError } from '../../src/private-key/errors.ts';

const reader = (hex: string): DerReader => new DerReader(fromHex(hex), 'test');
const refused = (read: () => unknown): void => {
  expect(read).toThrow(expect.objectContaining({ code: 'AUTH_KEY_INVALID_FORMAT' }));
};

describe('DER, X.690 §10', () => {
  it('reads integers, strings, identifiers and long lengths', () => {
    expect(reader('020100').integer('i')).toBe(0n);
    expect(reader('02020080').integer('i')).toBe(128n);
    expect(toHex(reader('0402abcd').octetString('s'))).toBe('abcd');
    expect(toHex(reader('030200ab').bitString('b'))).toBe('ab');
    expect(reader('06082a8648ce3d030107').oid('o')).toBe('1.2.840.10045.3.1.7');
    expect(reader('06032b6570').oid('o')).toBe('1.3.101.112');
    expect(reader('0603883703').oid('o')).toBe('2.999.3');
    expect(reader(`048180${'00'.repeat(128)}`).octetString('s')).toHaveLength(128);
    expect(reader(`04820100${'00'.repeat(256)}`).octetString('s')).toHaveLength(256);
  });

  for (const [title, hex, read] of [
    ['an integer with a needless zero', '0202007f', 'integer'],
    ['a negative integer', '020180', 'integer'],
    ['an empty integer', '0200', 'integer'],
    ['an integer of 2,050 bytes', `0282080201${'00'.repeat(2049)}`, 'integer'],
    ['another element', '0401ff', 'integer'],
    ['nothing', '', 'octetString'],
    ['an indefinite length', '04800000', 'octetString'],
    ['a long length below 128', '04817f'.padEnd(6 + 2 * 127, '0'), 'octetString'],
    ['a length with a zero in front', `04820080${'00'.repeat(128)}`, 'octetString'],
    ['a length of four bytes', `048400000080${'00'.repeat(128)}`, 'octetString'],
    ['a length beyond the end', '0402ab', 'octetString'],
    ['a length cut short', '0482', 'octetString'],
    ['a bit string that is not whole bytes', '030207ab', 'bitString'],
    ['an empty bit string', '0300', 'bitString'],
    ['an empty identifier', '0600', 'oid'],
    ['an identifier cut inside an arc', '06022a86', 'oid'],
    ['an identifier of 33 bytes', `0621${'01'.repeat(33)}`, 'oid'],
  ] as const) {
    it(`refuses ${title}`, () => refused(() => reader(hex)[read]('x')));
  }

  it('refuses to go deeper than eight levels', () => {
    let hex = '';
    for (let i = 0; i < 12; i += 1) hex = `30${(hex.length / 2).toString(16).padStart(2, '0')}${hex}`;
    let level = reader(hex);
    for (let depth = 1; depth <= 8; depth += 1) level = level.nested(TAG.sequence, 's');
    refused(() => level.nested(TAG.sequence, 's'));
  });

  it('refuses bytes after the end', () => {
    refused(() => reader('00').end('it'));
    try {
      reader('00').end('it');
    } catch (error) {
      expect(isPrivateKeyError(error)).toBe(true);
    }
  });
});

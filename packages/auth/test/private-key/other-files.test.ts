import { describe, expect, it } from 'vitest';
import {
  formatOpensshPrivateKey,
  generateEd25519,
  privateKeyPublicPart,
} from '../../src/private-key/index.ts';
import { testCrypto as crypto } from './crypto.ts';
import { armor, reason } from './loading.ts';

describe('other files', () => {
  for (const [name, text, expected] of [
    ['nothing', '', 'invalid_format'],
    ['any text', 'hello\nworld\n', 'invalid_format'],
    ['NUL bytes', '\0'.repeat(5000), 'invalid_format'],
    ['a public key', 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJEQ me', 'invalid_format'],
    ['a public key of RFC 4716', '---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n', 'invalid_format'],
    ['a public key in PEM', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n', 'invalid_format'],
    ['a key of ssh.com', '---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nP2/5\n', 'unsupported'],
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
      expect(reason(text, 'secret passphrase')).toBe(expected);
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

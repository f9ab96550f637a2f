import { assert, describe, it } from 'vitest';
import { parseHost } from '../../src/forward/host.ts';

const shown = (text: string): string | undefined => {
  const host = parseHost(text);
  return host?.type === 'address' ? host.address : host?.name;
};

describe('a host that a client names', () => {
  it('T166 is the address that it stands for, however it is spelled', () => {
    for (const [text, address] of [
      ['127.0.0.1', '127.0.0.1'],
      ['127.0.0.1.', '127.0.0.1'],
      ['127.1', '127.0.0.1'],
      ['127.0.1', '127.0.0.1'],
      ['2130706433', '127.0.0.1'],
      ['0x7f000001', '127.0.0.1'],
      ['0X7F.1', '127.0.0.1'],
      ['0177.0.0.01', '127.0.0.1'],
      ['017700000001', '127.0.0.1'],
      ['0', '127.0.0.1'],
      ['0.0.0.0', '127.0.0.1'],
      ['::', '::1'],
      ['::0.0.0.0', '::1'],
      ['0:0:0:0:0:0:0:1', '::1'],
      ['::ffff:127.0.0.1', '127.0.0.1'],
      ['::FFFF:7f00:1', '127.0.0.1'],
      ['0:0:0:0:0:ffff:0:0', '127.0.0.1'],
      ['::ffff:169.254.169.254', '169.254.169.254'],
      ['2852039166', '169.254.169.254'],
      ['0xa9fea9fe', '169.254.169.254'],
      ['255.255.255.255', '255.255.255.255'],
      ['2001:DB8::0001', '2001:db8::1'],
      ['fe80::1%eth0', 'fe80::1%eth0'],
    ] as const) {
      assert.equal(shown(text), address, text);
      assert.equal(parseHost(text)?.type, 'address', text);
    }
  });

  it('is a name in small letters, without a dot at the end', () => {
    for (const [text, name] of [
      ['LocalHost', 'localhost'],
      ['localhost.', 'localhost'],
      ['A_b-c.Example.ORG.', 'a_b-c.example.org'],
      ['1.example', '1.example'],
      ['0xg.a', '0xg.a'],
    ] as const) {
      assert.equal(shown(text), name, text);
      assert.equal(parseHost(text)?.type, 'name', text);
    }
  });

  it('T166 is nothing at all when it is neither', () => {
    for (const text of [
      '',
      '.',
      '..',
      'a..b',
      'localhost..',
      '127.0.0.1..',
      '256.1.1.1',
      '1.2.3.4.5',
      '08',
      '0x',
      '1.2.3.0x',
      '4294967296',
      'foo.1',
      '-a',
      'a b',
      'a\0b',
      'a/b',
      'a@b',
      '[::1]',
      ':::',
      '1:2',
      '::1%',
      '::ffff:127.0.0.1%a/b',
      '１２７.0.0.1',
      'ⓛocalhost',
      'local\u00adhost',
      '%',
      `${'a'.repeat(64)}.org`,
      `${'a.'.repeat(127)}`.repeat(2),
    ]) {
      assert.isUndefined(parseHost(text), text);
    }
  });

  it('takes time in proportion to its length', () => {
    assert.isUndefined(parseHost('1.'.repeat(1_000_000)));
    assert.isUndefined(parseHost('a:'.repeat(1_000_000)));
    assert.isUndefined(parseHost('a'.repeat(1_000_000)));
  });
});

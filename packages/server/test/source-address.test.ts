import { describe, expect, it } from 'vitest';
import { isFromSource } from '../src/source-address.ts';

describe('source-address of a certificate', () => {
  it('is a list of addresses and networks, of which one must hold the client', () => {
    for (const [address, list] of [
      ['192.0.2.7', '192.0.2.7'],
      ['192.0.2.7', '192.0.2.0/24'],
      ['192.0.2.7', '10.0.0.0/8,192.0.2.7/32'],
      ['192.0.2.7', '0.0.0.0/0'],
      ['::ffff:192.0.2.7', '192.0.2.0/24'],
      ['2001:db8::7', '2001:DB8::/32'],
      ['fe80::1%eth0', 'fe80::/10'],
      ['::1', '127.0.0.1,::1'],
    ] as const) {
      expect(isFromSource(address, list), `${address} in ${list}`).toBe(true);
    }
    for (const [address, list] of [
      ['192.0.2.7', '192.0.3.0/24'],
      ['192.0.2.7', '::/0'],
      ['192.0.2.7', '::ffff:0:0/96'],
      ['2001:db8::7', '0.0.0.0/0'],
      ['192.0.2.77', '192.0.2.7'],
    ] as const) {
      expect(isFromSource(address, list), `${address} in ${list}`).toBe(false);
    }
  });

  it('T132 holds nobody when it is empty or has anything wrong in it, whatever else it holds', () => {
    for (const list of [
      '',
      ',',
      '192.0.2.7,',
      ',192.0.2.7',
      '192.0.2.7,192.0.2.0/33',
      '192.0.2.7,nonsense',
      '192.0.2.7, 192.0.2.8',
      '192.0.2.7/-1',
      '192.0.2.7/',
      '192.0.2.7/8/8',
      '!192.0.2.8,192.0.2.7',
      '192.0.2.*',
      '192.0.2.7,::1/129',
      '192.0.2.7\n',
      Array.from({ length: 257 }, () => '192.0.2.7').join(','),
    ]) {
      expect(isFromSource('192.0.2.7', list), list).toBe(false);
    }
  });

  it('holds no client whose address is unknown or no address', () => {
    for (const address of [undefined, '', 'localhost', '/run/socket']) {
      expect(isFromSource(address, '0.0.0.0/0,::/0')).toBe(false);
    }
  });
});

import { describe, expect, it } from 'vitest';
import { jumpHosts, parseJumpHost } from '../src/jump/jump-host.ts';
import { MAX_HOPS } from '../src/ssh-config/hop.ts';
import { parseJump } from '../src/ssh-config/jump.ts';

const GOOD = [
  ['host', { host: 'host' }],
  ['me@host:2222', { host: 'host', port: 2222, username: 'me' }],
  ['me@corp@host', { host: 'host', username: 'me@corp' }],
  ['CORP\\me@host', { host: 'host', username: 'CORP\\me' }],
  ['[::1]:22', { host: '::1', port: 22 }],
  ['me@[fe80::1%eth0]', { host: 'fe80::1%eth0', username: 'me' }],
  ['ssh://me@host:7/', { host: 'host', port: 7, username: 'me' }],
  ['ssh://m%65;x=1@host', { host: 'host', username: 'me' }],
] as const;
const BAD = [
  '',
  '@host',
  'me@',
  'host:0',
  'host:65536',
  'host:x',
  'a b',
  '-oX=y',
  'a/b',
  '[::1',
  '[]',
  'ssh://a/b',
];
const HOSTILE = ['`x`', 'a;b', '$(x)', 'a\nb', '-l@host', "a'b@host", 'ssh://%zz@host', 'ssh://%0a@host'];

describe('the name of a jump host', () => {
  for (const [text, expected] of GOOD) {
    it(`${text} means the same as an option and in a configuration`, () => {
      expect(parseJumpHost(text)).toEqual(expected);
      const jump = parseJump(text);
      expect(jump === 'none' ? jump : jump.hops).toMatchObject([{ host: expected.host }]);
    });
  }

  it('is refused by both where it is malformed, or a shell or an option parser would see more in it', () => {
    for (const text of [...BAD, ...HOSTILE]) {
      expect(() => parseJumpHost(text), text).toThrow(RangeError);
      expect(() => parseJump(text), text).toThrow();
    }
  });

  it('may be an address of IPv6 without brackets, have spaces around it and a scheme in capitals', () => {
    expect(parseJumpHost('me@fe80::1')).toEqual({ host: 'fe80::1', username: 'me' });
    expect(jumpHosts(' a , b:7 ')).toEqual([{ host: 'a' }, { host: 'b', port: 7 }]);
    expect(parseJumpHost('SSH://host')).toEqual({ host: 'host' });
  });

  it('may come as often as a way has hosts', () => {
    const names = (count: number): string => Array.from({ length: count }, (_, at) => `h${at}`).join(',');
    expect(jumpHosts(names(MAX_HOPS))).toHaveLength(MAX_HOPS);
    expect(() => jumpHosts(names(MAX_HOPS + 1))).toThrow(RangeError);
    expect(() => parseJump(names(MAX_HOPS + 1))).toThrow(/16 hosts/);
  });
});

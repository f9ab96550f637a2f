import { concat, fromHex, utf8 } from '@nbs-ssh/transport/wire';
import { assert, describe, it } from 'vitest';
import { type SocksFailure, SocksServer } from '../../src/index.ts';
import { throwsCode } from '../twin.ts';
import { exchange, ipv4, ipv6, METHODS, name5, outputs, said, socks4, socks4a } from './handshakes.ts';

const LONGEST = utf8('n'.repeat(255));
const CHOSEN = '0500';

const requests: readonly (readonly [string, readonly Uint8Array[], string])[] = [
  ['4', [socks4()], 'socks4 127.0.0.1 8080 +'],
  ['4 without a user id', [socks4('0a000001', '')], 'socks4 10.0.0.1 8080 +'],
  ['4 with the longest user id', [socks4('0a000001', 'u'.repeat(255))], 'socks4 10.0.0.1 8080 +'],
  ['4 to 0.0.0.0, which is an address', [socks4('00000000')], 'socks4 0.0.0.0 8080 +'],
  ['4a', [socks4a(utf8('example.org'), 'me')], 'socks4a example.org 8080 +'],
  ['4a with the longest name', [socks4a(LONGEST)], `socks4a ${'n'.repeat(255)} 8080 +`],
  ['5 with a name', [METHODS, name5(utf8('example.org'))], 'socks5 example.org 8080 +'],
  ['5 with the longest name', [METHODS, name5(LONGEST)], `socks5 ${'n'.repeat(255)} 8080 +`],
  ['5 with a name in UTF-8', [METHODS, name5(utf8('bücher.example'))], 'socks5 bücher.example 8080 +'],
  ['5 with an IPv4 address', [METHODS, ipv4()], 'socks5 127.0.0.1 8080 +'],
  ['5 with an IPv6 address', [METHODS, ipv6(`${'0'.repeat(31)}1`)], 'socks5 ::1 8080 +'],
  ['5 with 255 methods', [concat(fromHex('05ff'), new Uint8Array(255)), ipv4()], 'socks5 127.0.0.1 8080 +'],
  ['5 with a password too', [fromHex('0503020100'), ipv4()], 'socks5 127.0.0.1 8080 +'],
];

describe('SOCKS requests, RFC 1928 and versions 4 and 4a', () => {
  for (const [name, pieces, expected] of requests) {
    const lines = pieces.length === 1 ? [expected] : [CHOSEN, expected];
    const whole = concat(...pieces);

    it(`version ${name}: whole, cut at every byte, and byte by byte`, () => {
      assert.deepEqual(said(...pieces), lines);
      assert.deepEqual(said(whole), lines);
      for (let cut = 1; cut < whole.length; cut += 1) {
        assert.deepEqual(said(whole.subarray(0, cut), whole.subarray(cut)), lines, `cut at ${cut}`);
      }
      const single = [...whole].map((byte) => Uint8Array.of(byte));
      assert.deepEqual(said(...single), lines);
    });

    it(`version ${name}: what comes behind the request is for the target`, () => {
      const behind = fromHex('00ff0501');
      assert.deepEqual(said(concat(whole, behind)), [...lines.slice(0, -1), `${expected}00ff0501`]);
      for (let cut = 1; cut < whole.length; cut += 1) {
        const last = said(whole.subarray(0, cut), concat(whole.subarray(cut), behind)).at(-1);
        assert.equal(last, `${expected}00ff0501`, `cut at ${cut}`);
      }
    });
  }

  it('gives a megabyte behind the request on as it is, without a copy', () => {
    const server = new SocksServer();
    const piece = concat(socks4(), new Uint8Array(1_048_576));
    server.receive(piece);
    const output = server.poll();
    assert.equal(output?.type, 'connect');
    if (output?.type !== 'connect') return;
    assert.equal(output.early.length, 1_048_576);
    assert.equal(output.early.buffer, piece.buffer);
    assert.equal(server.held, 0);
  });

  for (const [bytes, text] of [
    ['20010db8000000000000000000000001', '2001:db8::1'],
    ['00000000000000000000000000000000', '::'],
    ['20010db8000100020003000400050006', '2001:db8:1:2:3:4:5:6'],
    ['20010db8000000010001000100010001', '2001:db8:0:1:1:1:1:1'],
    ['20010db8000000000001000000000001', '2001:db8::1:0:0:1'],
    ['fe800000000000000000000000000000', 'fe80::'],
    ['00000000000000000000ffff7f000001', '::ffff:7f00:1'],
  ] as const) {
    it(`writes the IPv6 address ${text} as RFC 5952 does`, () => {
      assert.deepEqual(said(METHODS, ipv6(bytes)), [CHOSEN, `socks5 ${text} 8080 +`]);
    });
  }
});

describe('SOCKS replies', () => {
  it('version 5 is told that the target is connected', () => {
    const { server } = exchange(METHODS, ipv4());
    server.grant();
    assert.deepEqual(outputs(server), ['05000001000000000000']);
  });

  it('version 4 is told that the target is connected', () => {
    const { server } = exchange(socks4());
    server.grant();
    assert.deepEqual(outputs(server), ['005a000000000000']);
  });

  const failures: readonly (readonly [SocksFailure, string])[] = [
    ['failed', '01'],
    ['not-allowed', '02'],
    ['network-unreachable', '03'],
    ['host-unreachable', '04'],
    ['refused', '05'],
    ['timed-out', '06'],
  ];
  for (const [failure, code] of failures) {
    it(`version 5 is told with ${code}, and version 4 with 91, that it is not: ${failure}`, () => {
      const five = exchange(METHODS, name5(utf8('example.org'))).server;
      five.deny(failure);
      assert.deepEqual(outputs(five), [`05${code}0001000000000000`]);
      for (const request of [socks4(), socks4a(utf8('example.org'))]) {
        const four = exchange(request).server;
        four.deny(failure);
        assert.deepEqual(outputs(four), ['005b000000000000']);
      }
    });
  }

  it('there is one answer, and only to a request', () => {
    throwsCode(() => new SocksServer().grant(), 'SOCKS_STATE');
    throwsCode(() => exchange(METHODS).server.deny('failed'), 'SOCKS_STATE');
    const { server } = exchange(socks4());
    throwsCode(() => server.receive(fromHex('00')), 'SOCKS_STATE');
    server.grant();
    throwsCode(() => server.deny('failed'), 'SOCKS_STATE');
  });
});

import { concat, fromHex, utf8 } from '@nbs-ssh/transport/wire';
import fc from 'fast-check';
import { assert, describe, it } from 'vitest';
import { SocksServer } from '../../src/index.ts';
import { exchange, ipv4, METHODS, name5, outputs, said, socks4, socks4a } from './handshakes.ts';

const CHOSEN = '0500';
const REJECTED4 = '005b000000000000';
const rejected5 = (code: string): string => `05${code}0001000000000000`;
/** The longest request that is not complete: version 4a with two texts of 255 bytes. */
const MOST_HELD = 519;

const refusals: readonly (readonly [string, Uint8Array, readonly string[]])[] = [
  ['version 0', fromHex('00010203'), ['SOCKS_VERSION']],
  ['version 6', fromHex('06010203'), ['SOCKS_VERSION']],
  ['HTTP', utf8('CONNECT example.org:443 HTTP/1.1\r\n\r\n'), ['SOCKS_VERSION']],
  ['TLS', fromHex('16030100c8'), ['SOCKS_VERSION']],
  ['5 without methods', fromHex('0500'), ['05ff', 'SOCKS_METHODS']],
  ['5 with a password only', fromHex('050102'), ['05ff', 'SOCKS_METHODS']],
  [
    '5 with 255 methods that are none',
    concat(fromHex('05ff'), new Uint8Array(255).fill(2)),
    ['05ff', 'SOCKS_METHODS'],
  ],
  ['4 inside 5', concat(METHODS, socks4()), [CHOSEN, rejected5('01'), 'SOCKS_VERSION']],
  ['5, BIND', fromHex('05010005020001'), [CHOSEN, rejected5('07'), 'SOCKS_COMMAND']],
  ['5, UDP ASSOCIATE', fromHex('05010005030001'), [CHOSEN, rejected5('07'), 'SOCKS_COMMAND']],
  ['5, command 0', fromHex('05010005000001'), [CHOSEN, rejected5('07'), 'SOCKS_COMMAND']],
  ['5, address type 0', fromHex('05010005010000'), [CHOSEN, rejected5('08'), 'SOCKS_ADDRESS_TYPE']],
  ['5, address type 2', fromHex('05010005010002'), [CHOSEN, rejected5('08'), 'SOCKS_ADDRESS_TYPE']],
  ['5, name of length 0', concat(METHODS, name5(utf8(''))), [CHOSEN, rejected5('04'), 'SOCKS_HOST']],
  ['5, name with NUL', concat(METHODS, name5(utf8('good\0bad'))), [CHOSEN, rejected5('04'), 'SOCKS_HOST']],
  ['5, name with CR LF', concat(METHODS, name5(utf8('a\r\nb'))), [CHOSEN, rejected5('04'), 'SOCKS_HOST']],
  ['5, name with C1', concat(METHODS, name5(utf8('a\u009bb'))), [CHOSEN, rejected5('04'), 'SOCKS_HOST']],
  ['5, name not UTF-8', concat(METHODS, name5(fromHex('c328'))), [CHOSEN, rejected5('04'), 'SOCKS_HOST']],
  ['5, port 0', concat(METHODS, fromHex('050100017f0000010000')), [CHOSEN, rejected5('01'), 'SOCKS_PORT']],
  ['4, BIND', fromHex('0402'), [REJECTED4, 'SOCKS_COMMAND']],
  ['4, command 0', fromHex('0400'), [REJECTED4, 'SOCKS_COMMAND']],
  ['4, port 0', fromHex('040100007f00000100'), [REJECTED4, 'SOCKS_PORT']],
  ['4, user id of 256 bytes', socks4('7f000001', 'u'.repeat(256)), [REJECTED4, 'SOCKS_TOO_LONG']],
  ['4a, user id of 1 MB', socks4a(utf8('a'), 'u'.repeat(1_000_000)), [REJECTED4, 'SOCKS_TOO_LONG']],
  ['4a, name of 256 bytes', socks4a(utf8('n'.repeat(256))), [REJECTED4, 'SOCKS_TOO_LONG']],
  ['4a, name of length 0', socks4a(utf8('')), [REJECTED4, 'SOCKS_HOST']],
  ['4a, name with ESC', socks4a(utf8('\u001b[2J')), [REJECTED4, 'SOCKS_HOST']],
];

describe('SOCKS that is refused', () => {
  for (const [name, bytes, expected] of refusals) {
    it(`T163 is told so in its own words, at the same byte however it is cut: ${name}`, () => {
      assert.deepEqual(said(bytes), expected);
      const short = bytes.subarray(0, 2000);
      assert.deepEqual(said(...[...short].map((byte) => Uint8Array.of(byte))), expected);
      for (let cut = 1; cut < Math.min(short.length, 600); cut += 1) {
        assert.deepEqual(said(bytes.subarray(0, cut), bytes.subarray(cut)), expected, `cut at ${cut}`);
      }
    });

    it(`takes nothing more afterwards: ${name}`, () => {
      const { server } = exchange(bytes);
      server.receive(concat(METHODS, ipv4()));
      server.receiveEnd();
      assert.deepEqual(outputs(server), []);
      assert.equal(server.held, 0);
    });
  }

  it('T163 says what a client speaks that took it for another kind of proxy', () => {
    for (const [text, message] of [
      [
        'GET http://example.org/ HTTP/1.1\r\n',
        'the client speaks HTTP, this is a port for SOCKS 4, 4a and 5',
      ],
      ['\u0016\u0003\u0001', 'the client speaks TLS, this is a port for SOCKS 4, 4a and 5'],
      ['\u0006', 'version 6 of SOCKS, there are 4 and 5'],
    ] as const) {
      const server = new SocksServer();
      server.receive(utf8(text));
      const output = server.poll();
      assert.equal(output?.type === 'refused' && output.error.message, `SOCKS_VERSION: ${message}`);
    }
  });

  const complete: readonly (readonly [string, Uint8Array])[] = [
    ['4', socks4()],
    ['4a', socks4a(utf8('example.org'), 'me')],
    ['5', concat(METHODS, name5(utf8('example.org')))],
  ];
  for (const [name, bytes] of complete) {
    it(`T163 a client that ends inside its request, at every byte: version ${name}`, () => {
      for (let length = 0; length < bytes.length; length += 1) {
        const { server, lines } = exchange(bytes.subarray(0, length));
        assert.deepEqual(
          lines.filter((line) => line !== CHOSEN),
          [],
        );
        server.receiveEnd();
        const output = server.poll();
        assert.equal(output?.type === 'refused' && output.error.code, 'SOCKS_CLOSED');
        if (output?.type === 'refused') assert.deepEqual(output.error.context, { received: length });
      }
    });
  }

  it('T163 keeps no more than the longest request, whatever comes in whatever pieces', () => {
    const longest = socks4a(utf8('n'.repeat(255)), 'u'.repeat(255));
    const single = [...longest].map((byte) => Uint8Array.of(byte));
    assert.equal(exchange(...single).held, MOST_HELD);
    const start = fc.constantFrom(
      new Uint8Array(0),
      fromHex('0401'),
      fromHex('04011f9000000001'),
      METHODS,
      concat(METHODS, fromHex('05010003')),
      fromHex('05ff'),
    );
    fc.assert(
      fc.property(start, fc.array(fc.uint8Array({ maxLength: 700 }), { maxLength: 8 }), (begin, pieces) => {
        const server = new SocksServer();
        let decided = false;
        for (const piece of [begin, ...pieces]) {
          if (decided) break;
          server.receive(piece);
          assert.isAtMost(server.held, MOST_HELD);
          decided = outputs(server).some((line) => line.startsWith('socks'));
        }
      }),
    );
  });
});

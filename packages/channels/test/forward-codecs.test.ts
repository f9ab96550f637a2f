// What forwarding says on the wire: RFC 4254 §7, and OpenSSH PROTOCOL §2.4 for Unix sockets.
import { isWireError, WireWriter } from '@nbs-ssh/transport/wire';
import { assert, describe, it } from 'vitest';
import {
  decodeDirectStreamlocal,
  decodeDirectTcpip,
  decodeForwardedPort,
  decodeForwardedStreamlocal,
  decodeForwardedTcpip,
  decodeStreamlocalForward,
  decodeTcpipForward,
  encodeDirectStreamlocal,
  encodeDirectTcpip,
  encodeForwardedPort,
  encodeForwardedStreamlocal,
  encodeForwardedTcpip,
  encodeStreamlocalForward,
  encodeTcpipForward,
} from '../src/index.ts';
import { throwsCode } from './twin.ts';

const direct = { host: 'db.example', port: 5432, originHost: '::1', originPort: 40_000 };
const forwarded = { listenHost: '', listenPort: 8080, originHost: '192.0.2.1', originPort: 1 };
const path = { path: '/run/app.sock' };
const listen = { host: '', port: 0 };

const codecs: readonly (readonly [string, Uint8Array, (bytes: Uint8Array) => unknown, unknown])[] = [
  ['direct-tcpip', encodeDirectTcpip(direct), decodeDirectTcpip, direct],
  ['forwarded-tcpip', encodeForwardedTcpip(forwarded), decodeForwardedTcpip, forwarded],
  ['direct-streamlocal', encodeDirectStreamlocal(path), decodeDirectStreamlocal, path],
  ['forwarded-streamlocal', encodeForwardedStreamlocal(path), decodeForwardedStreamlocal, path],
  ['tcpip-forward', encodeTcpipForward(listen), decodeTcpipForward, listen],
  ['the port in its answer', encodeForwardedPort(65_535), decodeForwardedPort, 65_535],
  ['streamlocal-forward', encodeStreamlocalForward(path), decodeStreamlocalForward, path],
];

for (const [name, bytes, decode, value] of codecs) {
  describe(name, () => {
    it('comes back as it went out', () => {
      assert.deepEqual(decode(bytes), value);
    });

    it('is refused when it is cut anywhere, and with a byte behind it', () => {
      for (let length = 0; length < bytes.length; length += 1) {
        assert.isTrue(isWireError(thrown(() => decode(bytes.subarray(0, length)))));
      }
      assert.isTrue(isWireError(thrown(() => decode(Uint8Array.of(...bytes, 0)))));
    });
  });
}

describe('layout', () => {
  it('direct-tcpip is as RFC 4254 §7.2 prints it', () => {
    const expected = new WireWriter().text('db.example').u32(5432).text('::1').u32(40_000).finish();
    assert.deepEqual(encodeDirectTcpip(direct), expected);
  });

  it('direct-streamlocal is as OpenSSH PROTOCOL §2.4 prints it', () => {
    const expected = new WireWriter().text('/run/app.sock').text('').u32(0).finish();
    assert.deepEqual(encodeDirectStreamlocal(path), expected);
  });
});

describe('what cannot be meant is refused before it is sent', () => {
  const refused: readonly (readonly [string, () => unknown])[] = [
    ['an empty host', () => encodeDirectTcpip({ ...direct, host: '' })],
    ['a host with a NUL', () => encodeDirectTcpip({ ...direct, host: 'a\0b' })],
    ['a host of 1025 bytes', () => encodeDirectTcpip({ ...direct, host: 'a'.repeat(1025) })],
    ['port 0 of a target', () => encodeDirectTcpip({ ...direct, port: 0 })],
    ['port 65536', () => encodeDirectTcpip({ ...direct, port: 65_536 })],
    ['port 1.5', () => encodeTcpipForward({ host: '', port: 1.5 })],
    ['an empty path', () => encodeStreamlocalForward({ path: '' })],
    ['a path of 257 bytes', () => encodeDirectStreamlocal({ path: `/${'a'.repeat(256)}` })],
    ['port 0 as the one that was chosen', () => encodeForwardedPort(0)],
  ];
  for (const [what, encode] of refused) {
    it(what, () => throwsCode(encode, 'CHANNELS_ARGUMENT'));
  }
});

describe('what was received is not believed', () => {
  it('T161 T166 a port may be any number: whoever asked has to look at it', () => {
    const bytes = new WireWriter().u32(0xffffffff).finish();
    assert.equal(decodeForwardedPort(bytes), 0xffffffff);
    const open = new WireWriter().text('host').u32(65_536).text('::1').u32(0).finish();
    assert.equal(decodeDirectTcpip(open).port, 65_536);
  });

  it('a length beyond the end is refused before anything is allocated', () => {
    const bytes = new WireWriter().u32(0xffffffff).finish();
    assert.isTrue(isWireError(thrown(() => decodeStreamlocalForward(bytes))));
  });
});

function thrown(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}

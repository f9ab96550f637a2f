import { isWireError, WireWriter } from '@nbs-ssh/transport/wire';
import fc from 'fast-check';
import { assert, describe, it } from 'vitest';
import {
  COOKIE_LENGTH,
  decodeX11Open,
  encodeX11Setup,
  MIT_MAGIC_COOKIE,
  type X11Setup,
  type X11SetupProblem,
  X11SetupReader,
  type X11SetupResult,
} from '../src/index.ts';
import { ChannelRequest } from '../src/messages.ts';
import { encodeSessionRequest } from '../src/session-requests.ts';

const cookie = Uint8Array.from({ length: COOKIE_LENGTH }, (_, at) => at * 3 + 1);

/** What Xlib sends, byte by byte. */
function sent(littleEndian: boolean, name: string = MIT_MAGIC_COOKIE, data: Uint8Array = cookie): Uint8Array {
  const two = (value: number): number[] =>
    littleEndian ? [value & 255, value >> 8] : [value >> 8, value & 255];
  const filled = (bytes: readonly number[]): number[] => [
    ...bytes,
    ...Array<number>((4 - (bytes.length % 4)) % 4).fill(0),
  ];
  return Uint8Array.from([
    littleEndian ? 0x6c : 0x42,
    0,
    ...two(11),
    ...two(0),
    ...two(name.length),
    ...two(data.length),
    0,
    0,
    ...filled([...Buffer.from(name, 'latin1')]),
    ...filled([...data]),
  ]);
}

const readAll = (...pieces: readonly Uint8Array[]): X11SetupResult | undefined => {
  const reader = new X11SetupReader();
  let result: X11SetupResult | undefined;
  for (const piece of pieces) result = reader.receive(piece);
  return result;
};

const setupOf = (result: X11SetupResult | undefined): X11Setup => {
  if (result?.type !== 'setup') throw new Error(`no setup but ${JSON.stringify(result)}`);
  return result.setup;
};

describe('the beginning of an X11 connection', () => {
  for (const littleEndian of [true, false]) {
    const order = littleEndian ? 'little' : 'big';

    it(`is read in ${order} endian order, whole, byte by byte, and cut anywhere with more behind it`, () => {
      const bytes = sent(littleEndian);
      assert.equal(bytes.length, 48);
      const expected = { littleEndian, major: 11, minor: 0, cookie };
      assert.deepEqual(setupOf(readAll(bytes)), expected);
      assert.deepEqual(setupOf(readAll(...Array.from(bytes, (byte) => Uint8Array.of(byte)))), expected);
      const more = Uint8Array.of(...bytes, 7, 8, 9);
      for (let cut = 0; cut < bytes.length; cut += 1) {
        const reader = new X11SetupReader();
        assert.isUndefined(reader.receive(more.subarray(0, cut)), `cut at ${cut}`);
        const result = reader.receive(more.subarray(cut));
        assert.deepEqual(setupOf(result), expected);
        assert.deepEqual(result?.type === 'setup' ? [...result.rest] : [], [7, 8, 9]);
      }
    });

    it(`goes on in ${order} endian order with another cookie, a longer one, or none`, () => {
      const setup = setupOf(readAll(sent(littleEndian)));
      assert.deepEqual(encodeX11Setup(setup, cookie), sent(littleEndian));
      const other = Uint8Array.from({ length: 19 }, () => 0xee);
      assert.deepEqual(encodeX11Setup(setup, other), sent(littleEndian, MIT_MAGIC_COOKIE, other));
      assert.deepEqual(encodeX11Setup(setup, undefined), sent(littleEndian, '', new Uint8Array(0)));
      assert.throws(() => encodeX11Setup(setup, new Uint8Array(65_536)), RangeError);
    });

    it(`is refused in ${order} endian order without that authorization, as soon as its header is here`, () => {
      const cases: readonly [string, Uint8Array, X11SetupProblem, number][] = [
        ['', new Uint8Array(0), 'no_authorization', 12],
        [MIT_MAGIC_COOKIE, new Uint8Array(65_535), 'other_authorization', 12],
        ['X'.repeat(65_535), cookie, 'other_authorization', 12],
        [MIT_MAGIC_COOKIE, new Uint8Array(0), 'other_authorization', 12],
        ['', cookie, 'other_authorization', 12],
        ['XDM-AUTHORIZATION-', cookie, 'other_authorization', 48],
      ];
      for (const [name, data, problem, known] of cases) {
        const bytes = sent(littleEndian, name, data);
        const reader = new X11SetupReader();
        assert.isUndefined(reader.receive(bytes.subarray(0, known - 1)));
        assert.deepEqual(reader.receive(bytes.subarray(known - 1, known)), { type: 'refused', problem });
        assert.deepEqual(reader.receive(bytes.subarray(known)), { type: 'refused', problem });
      }
    });
  }

  it('is nothing but a beginning with B or l', () => {
    for (let byte = 0; byte < 256; byte += 1) {
      const result = readAll(Uint8Array.of(byte));
      if (byte === 0x42 || byte === 0x6c) assert.isUndefined(result);
      else assert.deepEqual(result, { type: 'refused', problem: 'malformed' });
    }
    assert.isUndefined(readAll(new Uint8Array(0)));
  });

  it('never throws, whatever comes', () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 5 });
    fc.assert(
      fc.property(fc.constantFrom(0x42, 0x6c, 0), pieces, (first, rest) => {
        readAll(Uint8Array.of(first), ...rest);
      }),
    );
  });
});

describe('X11 on the wire, RFC 4254 §6.3', () => {
  it('x11-req is laid out as the RFC prints it', () => {
    const request = {
      type: 'x11-req',
      singleConnection: true,
      protocol: 'P',
      cookie: 'ab',
      screen: 2,
    } as const;
    const { name, data } = ChannelRequest.decode(encodeSessionRequest(request, true));
    assert.equal(name, 'x11-req');
    assert.deepEqual(data, new WireWriter().bool(true).text('P').text('ab').u32(2).finish());
  });

  it('a channel is decoded, and refused when it is cut anywhere or goes on', () => {
    const bytes = new WireWriter().text('::1').u32(54_321).finish();
    assert.deepEqual(decodeX11Open(bytes), { originHost: '::1', originPort: 54_321 });
    for (let length = 0; length < bytes.length; length += 1) {
      assert.isTrue(isWireError(thrown(() => decodeX11Open(bytes.subarray(0, length)))));
    }
    assert.isTrue(isWireError(thrown(() => decodeX11Open(Uint8Array.of(...bytes, 0)))));
  });
});

function thrown(command: () => unknown): unknown {
  try {
    return command();
  } catch (error) {
    return error;
  }
}

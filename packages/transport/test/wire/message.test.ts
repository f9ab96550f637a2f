import assert from 'node:assert/strict';
import { assertWithin } from '@nbs-ssh/testing';
import { bool, message, rest, string, u32, WireWriter } from '@nbs-ssh/transport/wire';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import {
  Debug,
  Disconnect,
  ExtInfo,
  Ignore,
  KexEcdhInit,
  KexEcdhReply,
  KexInit,
  NewKeys,
  Ping,
  Pong,
  Unimplemented,
} from '../../src/messages.ts';
import { wireFault } from './vectors.ts';

const bytes = (...values: number[]): Uint8Array => new Uint8Array(values);

const kexInit: KexInit = {
  cookie: new Uint8Array(16).fill(7),
  kex: ['curve25519-sha256', 'ext-info-c'],
  hostKey: ['ssh-ed25519'],
  cipherClientToServer: ['aes128-ctr'],
  cipherServerToClient: ['aes128-ctr', 'aes256-ctr'],
  macClientToServer: ['hmac-sha2-256'],
  macServerToClient: [],
  compressionClientToServer: ['none'],
  compressionServerToClient: ['none'],
  languageClientToServer: [],
  languageServerToClient: ['de'],
  firstKexPacketFollows: true,
  reserved: 0xffff_ffff,
};

/** Every message of the transport, as its name, its bytes, and a way to decode and encode again. */
const MESSAGES = [
  sample(Unimplemented, { sequence: 0xffff_fffe }),
  sample(Ignore, { data: bytes(1, 2, 3) }),
  sample(Debug, { alwaysDisplay: true, message: bytes(104, 105), language: bytes() }),
  sample(KexInit, kexInit),
  sample(NewKeys, {}),
  sample(KexEcdhInit, { clientPublic: bytes(9, 8, 7) }),
  sample(KexEcdhReply, { hostKey: bytes(1), serverPublic: bytes(2, 3), signature: bytes(4, 5, 6) }),
  sample(Ping, { data: bytes(1, 2) }),
  sample(Pong, { data: bytes() }),
];

function sample<M>(
  codec: {
    name: string;
    number: number;
    decode: (payload: Uint8Array) => M;
    encode: (value: M) => Uint8Array;
  },
  value: M,
) {
  const payload = codec.encode(value);
  return {
    name: codec.name,
    number: codec.number,
    payload,
    again: (input: Uint8Array) => codec.encode(codec.decode(input)),
    decode: codec.decode as (payload: Uint8Array) => unknown,
    value: value as unknown,
  };
}

describe('message layouts, RFC 4253 §11 and §7', () => {
  for (const { name, number, payload, decode, value, again } of MESSAGES) {
    it(`${name} reads what it writes`, () => {
      assert.deepEqual(decode(payload), value);
      assert.deepEqual(again(payload), payload);
      assert.equal(payload[0], number);
    });
    it(`${name} is refused when it is cut anywhere [T171]`, () => {
      for (let cut = 0; cut < payload.length; cut += 1) {
        assert.throws(() => decode(payload.subarray(0, cut)), wireFault('WIRE_SHORT_READ'), `cut at ${cut}`);
      }
    });
    it(`${name} is refused with bytes behind it [T031]`, () => {
      assert.throws(() => decode(new Uint8Array([...payload, 0])), wireFault('WIRE_TRAILING_BYTES'));
    });
    it(`${name} is refused under another number`, () => {
      const other = payload.slice();
      other[0] = number + 1;
      assert.throws(() => decode(other), wireFault('WIRE_MESSAGE_NUMBER'));
    });
    it(`${name} survives every 32-bit length or count put anywhere, or is refused at once [T171]`, () => {
      const lengths = [0, 1, payload.length - 1, payload.length + 1, 0x8000_0000, 0xffff_ffff];
      const decodeAll = (spoil: (copy: DataView, at: number, length: number) => void): void => {
        for (let at = 1; at + 4 <= payload.length; at += 1) {
          for (const length of lengths) {
            const copy = payload.slice();
            spoil(new DataView(copy.buffer), at, length);
            try {
              decode(copy);
            } catch (error) {
              assert.equal((error as { fault?: string }).fault, 'peer');
            }
          }
        }
      };
      assertWithin(
        () => decodeAll((copy, at, length) => copy.setUint32(at, length)),
        () => decodeAll(() => {}),
        100,
      );
    });
  }

  it('SSH_MSG_DISCONNECT is read with and without a language tag, because peers leave it out', () => {
    const payload = Disconnect.encode({ reason: 11, description: bytes(104, 105), rest: bytes() });
    assert.deepEqual(Disconnect.decode(payload), { reason: 11, description: bytes(104, 105), rest: bytes() });
    assert.equal(Disconnect.decode(new Uint8Array([...payload, 0, 0, 0, 0])).rest.length, 4);
  });

  it('SSH_MSG_EXT_INFO leaves its pairs for the count to explain', () => {
    assert.deepEqual(ExtInfo.decode(bytes(7, 0, 0, 0, 2, 9)), { count: 2, pairs: bytes(9) });
  });

  it('every KEXINIT that can be made is read back the same [T173]', () => {
    const list = fc.array(fc.stringMatching(/^[!-+\--~]{1,12}$/), { maxLength: 8 });
    const any = fc.record<KexInit>({
      cookie: fc.uint8Array({ minLength: 16, maxLength: 16 }),
      kex: list,
      hostKey: list,
      cipherClientToServer: list,
      cipherServerToClient: list,
      macClientToServer: list,
      macServerToClient: list,
      compressionClientToServer: list,
      compressionServerToClient: list,
      languageClientToServer: list,
      languageServerToClient: list,
      firstKexPacketFollows: fc.boolean(),
      reserved: fc.integer({ min: 0, max: 0xffff_ffff }),
    });
    fc.assert(
      fc.property(any, (init) => {
        assert.deepEqual(KexInit.decode(KexInit.encode(init)), { ...init });
      }),
      { numRuns: 100 },
    );
  });
});

describe('message()', () => {
  interface Shape {
    readonly b: number;
    readonly a: boolean;
    readonly tail: Uint8Array;
  }
  const Shape = message<Shape>('SHAPE', 99, { b: u32, a: bool, tail: rest });

  it('writes fields in the order of the layout, whatever the order of the value', () => {
    assert.deepEqual(Shape.encode({ tail: bytes(5), a: true, b: 1 }), bytes(99, 0, 0, 0, 1, 1, 5));
  });
  it('names message, field and byte of what is wrong', () => {
    assert.throws(() => Shape.decode(bytes(99, 0, 0)), {
      context: { field: 'SHAPE.b', offset: 1, needed: 2 },
    });
    assert.throws(() => Shape.decode(bytes(98)), {
      context: { message: 'SHAPE', expected: 99, received: 98 },
    });
  });
  it('takes a field named like a member of Object as an ordinary one', () => {
    const Odd = message<{ readonly constructor: Uint8Array }>('ODD', 1, { constructor: string });
    assert.deepEqual(Odd.decode(bytes(1, 0, 0, 0, 1, 2)).constructor, bytes(2));
  });
});

describe('writer', () => {
  it('grows from any size to hold whatever is appended', () => {
    for (const capacity of [0, 1, 3, 64]) {
      const writer = new WireWriter(capacity);
      const expected: number[] = [];
      for (let i = 0; i < 300; i += 1) {
        writer.u8(i).fixed(bytes(i & 0xff, 1));
        expected.push(i & 0xff, i & 0xff, 1);
      }
      assert.equal(writer.length, 900);
      assert.deepEqual([...writer.finish()], expected);
    }
  });
});

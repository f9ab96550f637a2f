import assert from 'node:assert/strict';
import {
  bool,
  bytesToBigint,
  type Field,
  fixed,
  mpint,
  nameList,
  rest,
  string,
  text,
  u8,
  u32,
  u64,
  utf8,
  WireReader,
  WireWriter,
} from '@nbs-ssh/transport/wire';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import {
  assertTruncationsRefused,
  hex,
  type Refusal,
  readOne,
  type VectorFile,
  vectorFile,
  wireFault,
  written,
} from './vectors.ts';

/** Whole, cut at every byte, and followed by other bytes. */
function check<T>(field: Field<T>, value: T, bytes: Uint8Array): void {
  assert.deepEqual(written(field, new WireWriter(1), value), bytes);
  assert.deepEqual(readOne(field, bytes), { value, remaining: 0 });
  assertTruncationsRefused(field, bytes);
  const followed = new Uint8Array(bytes.length + 3).fill(0xff);
  followed.set(bytes);
  assert.deepEqual(readOne(field, followed), { value, remaining: 3 });
}

const NUMBERS = { u8, u32, u64, bool } as const;

function numberOf(type: keyof typeof NUMBERS, value: string): number | bigint | boolean {
  if (type === 'bool') return value === 'true';
  return type === 'u64' ? BigInt(value) : Number(value);
}

describe('numbers and booleans, RFC 4251 §5', () => {
  type Vector = { type: keyof typeof NUMBERS; name: string; value: string; hex: string };
  const file = vectorFile<VectorFile<Vector> & { readOnly: Vector[] }>('number');
  for (const vector of file.vectors) {
    it(`reads and writes ${vector.type}: ${vector.name}`, () => {
      const field = NUMBERS[vector.type] as Field<number | bigint | boolean>;
      check(field, numberOf(vector.type, vector.value), hex(vector.hex));
    });
  }
  for (const vector of file.readOnly) {
    it(`reads ${vector.type}: ${vector.name}`, () => {
      const field = NUMBERS[vector.type] as Field<number | bigint | boolean>;
      assert.equal(readOne(field, hex(vector.hex)).value, numberOf(vector.type, vector.value));
    });
  }
});

describe('string, RFC 4251 §5', () => {
  const file = vectorFile<VectorFile<{ name: string; value: string; hex: string }> & { rejected: Refusal[] }>(
    'string',
  );
  for (const vector of file.vectors) {
    it(`reads and writes: ${vector.name}`, () => {
      check(text, vector.value, hex(vector.hex));
      check(string, utf8(vector.value), hex(vector.hex));
    });
  }
  for (const vector of file.rejected) {
    it(`rejects as text: ${vector.name}`, () => {
      assert.throws(() => readOne(text, hex(vector.hex)), wireFault(vector.code));
    });
    if (vector.code === 'WIRE_UTF8') {
      it(`takes as bytes: ${vector.name}`, () => {
        assert.deepEqual(readOne(string, hex(vector.hex)).value, hex(vector.hex).subarray(4));
      });
    }
  }
  it('is a view of the input, not a copy', () => {
    const bytes = hex('0000000161');
    assert.equal(readOne(string, bytes).value.buffer, bytes.buffer);
  });
  it('says which field was short, where, and by how much', () => {
    assert.throws(() => readOne(string, hex('0000000a6162')), {
      code: 'WIRE_SHORT_READ',
      context: { field: 'value', offset: 4, needed: 8 },
    });
    assert.throws(() => readOne(u32, hex('00')), {
      context: { field: 'value', offset: 0, needed: 3 },
    });
  });
});

describe('mpint, RFC 4251 §5', () => {
  const file = vectorFile<VectorFile<{ name: string; value: string; hex: string }> & { rejected: Refusal[] }>(
    'mpint',
  );
  for (const vector of file.vectors) {
    it(`reads and writes: ${vector.name}`, () => check(mpint, BigInt(`0x${vector.value}`), hex(vector.hex)));
  }
  for (const vector of file.rejected) {
    it(`rejects: ${vector.name}`, () => {
      assert.throws(() => readOne(mpint, hex(vector.hex)), wireFault(vector.code));
    });
  }
  it('takes 16,384 bits and not one more [T174]', () => {
    const largest = (1n << 16_384n) - 1n;
    check16k(largest);
    const bytes = written(mpint, new WireWriter(), 1n << 16_391n);
    assert.throws(() => readOne(mpint, bytes), wireFault('WIRE_LIMIT'));
  });
  it('refuses to write a negative number', () => {
    assert.throws(() => written(mpint, new WireWriter(), -1n), RangeError);
  });

  function check16k(value: bigint): void {
    const bytes = written(mpint, new WireWriter(), value);
    assert.equal(readOne(mpint, bytes).value, value);
  }
});

describe('name-list, RFC 4251 §5', () => {
  const file = vectorFile<
    VectorFile<{ name: string; value: string[]; hex: string }> & {
      tolerated: { name: string; value: string[]; hex: string }[];
      rejected: Refusal[];
    }
  >('name-list');
  for (const vector of file.vectors) {
    it(`reads and writes: ${vector.name}`, () => check(nameList, vector.value, hex(vector.hex)));
  }
  for (const vector of file.tolerated) {
    it(`reads, and leaves out the empty name: ${vector.name}`, () => {
      assert.deepEqual(readOne(nameList, hex(vector.hex)), { value: vector.value, remaining: 0 });
    });
  }
  for (const vector of file.rejected) {
    it(`rejects: ${vector.name}`, () => {
      assert.throws(() => readOne(nameList, hex(vector.hex)), wireFault(vector.code));
    });
  }
  it('takes 1024 names and not one more [T051]', () => {
    const names = Array.from({ length: 1024 }, (_, i) => `n${i}`);
    assert.equal(readOne(nameList, written(nameList, new WireWriter(), names)).value.length, 1024);
    const more = written(nameList, new WireWriter(), [...names, 'x']);
    assert.throws(() => readOne(nameList, more), wireFault('WIRE_LIMIT'));
  });
  it('takes 16,384 bytes and not one more [T051]', () => {
    const most = written(nameList, new WireWriter(), ['a'.repeat(16_384)]);
    assert.equal(readOne(nameList, most).value[0]?.length, 16_384);
    const more = written(nameList, new WireWriter(), ['a'.repeat(16_385)]);
    assert.throws(() => readOne(nameList, more), wireFault('WIRE_LIMIT'));
  });
  it('keeps duplicates and order: both are for the negotiation to judge', () => {
    const names = ['b', 'a', 'b'];
    assert.deepEqual(readOne(nameList, written(nameList, new WireWriter(), names)).value, names);
  });
});

describe('fixed and rest', () => {
  it('reads exactly so many bytes', () => check(fixed(3), hex('010203'), hex('010203')));
  it('rest reads all there is, also nothing', () => {
    assert.deepEqual(readOne(rest, hex('0102')), { value: hex('0102'), remaining: 0 });
    assert.deepEqual(readOne(rest, hex('')), { value: hex(''), remaining: 0 });
  });
});

describe('every field', () => {
  const name = fc.stringMatching(/^[!-+\--~]{1,20}$/);
  const cases: readonly (readonly [string, Field<unknown>, fc.Arbitrary<unknown>])[] = [
    ['u8', u8 as Field<unknown>, fc.integer({ min: 0, max: 255 })],
    ['u32', u32 as Field<unknown>, fc.integer({ min: 0, max: 0xffff_ffff })],
    ['u64', u64 as Field<unknown>, fc.bigInt({ min: 0n, max: (1n << 64n) - 1n })],
    ['bool', bool as Field<unknown>, fc.boolean()],
    ['string', string as Field<unknown>, fc.uint8Array({ maxLength: 600 })],
    ['text', text as Field<unknown>, fc.string({ unit: 'binary', maxLength: 200 })],
    ['mpint', mpint as Field<unknown>, fc.bigInt({ min: 0n, max: (1n << 2100n) - 1n })],
    ['name-list', nameList as Field<unknown>, fc.array(name, { maxLength: 30 })],
  ];
  for (const [title, field, values] of cases) {
    it(`reads back what it wrote, and nothing less: ${title} [T173]`, () => {
      fc.assert(
        fc.property(values, fc.uint8Array({ maxLength: 8 }), (value, tail) => {
          const bytes = written(field, new WireWriter(1), value);
          assert.deepEqual(readOne(field, bytes).value, value);
          const followed = new Uint8Array([...bytes, ...tail]);
          assert.equal(readOne(field, followed).remaining, tail.length);
          if (bytes.length > 0) {
            assert.throws(() => readOne(field, bytes.subarray(0, -1)), wireFault('WIRE_SHORT_READ'));
          }
        }),
        { numRuns: 200 },
      );
    });
    it(`reads random bytes to a value that it writes back the same, or refuses them: ${title} [T171]`, () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
          const reader = new WireReader(bytes);
          let value: unknown;
          try {
            value = field.read(reader, 'value');
          } catch (error) {
            assert.ok(
              ['WIRE_SHORT_READ', 'WIRE_MPINT', 'WIRE_UTF8', 'WIRE_NAME_LIST', 'WIRE_LIMIT'].includes(
                (error as { code: string }).code,
              ),
            );
            return;
          }
          // A boolean has 255 forms of true; everything else has one form.
          if (title === 'bool') return;
          assert.deepEqual(written(field, new WireWriter(), value), bytes.subarray(0, reader.offset));
        }),
        { numRuns: 300 },
      );
    });
  }

  it('reads numbers as big-endian', () => {
    assert.equal(bytesToBigint(hex('0102')), 0x0102n);
    assert.equal(bytesToBigint(hex('')), 0n);
  });
});

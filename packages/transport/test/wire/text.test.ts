import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { assertLinear, assertWithin } from '@nbs-ssh/testing';
import {
  concat,
  equalBytes,
  errorFactory,
  fromBase64,
  fromHex,
  isErrorOf,
  printable,
  Secret,
  toBase64,
  toHex,
  utf8,
  wipe,
} from '@nbs-ssh/transport/wire';
import fc from 'fast-check';
import { describe, it } from 'vitest';

describe('printable text', () => {
  const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029\u115f\u1160\u3164\uffa0]/u;

  it('leaves nothing that moves a cursor, reorders a line or hides a character [T185]', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (text) => {
        assert.doesNotMatch(printable(text), HIDDEN);
      }),
      { numRuns: 500 },
    );
    for (let code = 0; code <= 0xffff; code += 1) {
      assert.doesNotMatch(printable(String.fromCharCode(code)), HIDDEN, `U+${code.toString(16)}`);
    }
    for (let code = 0xe0000; code <= 0xe01ff; code += 1) {
      assert.doesNotMatch(printable(String.fromCodePoint(code)), HIDDEN, `U+${code.toString(16)}`);
    }
  });
  it('leaves printable text of any language as it is', () => {
    const text = 'Grüße, мир, 世界, 😀 100 %';
    assert.equal(printable(text), text);
    assert.equal(printable(utf8(text)), text);
  });
  it('is unambiguous: an escaped backslash is not the start of an escape', () => {
    assert.equal(printable('\\x1b'), '\\\\x1b');
    assert.equal(printable('\x1b'), '\\x1b');
    assert.equal(printable('a\r\n\tb'), 'a\\r\\n\\tb');
    assert.equal(printable('\u202e\u200b'), '\\u202e\\u200b');
  });
  it('cuts at the limit and says so', () => {
    assert.equal(printable('a'.repeat(256)), 'a'.repeat(256));
    assert.equal(printable('a'.repeat(257)), `${'a'.repeat(256)}…`);
    assert.equal(printable('abc', 2), 'ab…');
  });
  it('cuts bytes of a megabyte without decoding them all', () => {
    const often = (bytes: Uint8Array) => (): void => {
      for (let i = 0; i < 100; i += 1) printable(bytes);
    };
    assertWithin(often(new Uint8Array(1_000_000).fill(0xe2)), often(new Uint8Array(2000).fill(0xe2)), 10);
  });
  it('cuts bytes to the limit whatever characters they make', () => {
    for (const character of ['a', 'é', '€', '😀']) {
      const text = character.repeat(400);
      assert.equal(printable(utf8(text)), printable(text), character);
    }
  });
  it('shows a pair that the limit cuts as an escape, not as half a character', () => {
    assert.equal(printable('a😀', 2), 'a\\ud83d…');
  });
  it('replaces what is not UTF-8', () => {
    assert.equal(printable(new Uint8Array([0x61, 0xff, 0x62])), 'a\ufffdb');
  });
});

describe('secret [T188]', () => {
  const canary = 'correct horse battery staple';
  const secret = new Secret(canary);

  it('shows itself in no form of printing or copying', () => {
    const shown = [
      inspect(secret, { showHidden: true, depth: 9 }),
      inspect({ nested: { secret } }, { depth: 9 }),
      JSON.stringify(secret),
      JSON.stringify({ secret }),
      String(secret),
      `${secret}`,
      `${secret}`.concat(secret as unknown as string),
      inspect({ ...secret }),
      inspect(Object.entries(secret)),
      inspect(Object.getOwnPropertyDescriptors(secret)),
      inspect(structuredClone(secret)),
      JSON.stringify(Object.assign({}, secret)),
      inspect(new Error('failed', { cause: secret })),
      inspect(new Map([[secret, secret]])),
    ];
    for (const text of shown) assert.doesNotMatch(text, /horse/);
    assert.equal(inspect(secret), '[secret]');
  });
  it('copies nothing when it is spread', () => {
    assert.deepEqual({ ...secret }, {});
    assert.deepEqual(Object.keys(secret), []);
  });
  it('gives its value only when asked to reveal it', () => {
    assert.equal(secret.reveal(), canary);
    assert.deepEqual(secret.revealBytes(), utf8(canary));
  });
  it('is made from either form once', () => {
    assert.equal(Secret.from(secret), secret);
    assert.equal(Secret.from('x').reveal(), 'x');
  });
});

describe('base64 and hexadecimal', () => {
  it('agree with the platform on random bytes, both ways', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        assert.equal(toBase64(bytes), Buffer.from(bytes).toString('base64'));
        assert.deepEqual(fromBase64(toBase64(bytes)), bytes);
        assert.equal(toHex(bytes), Buffer.from(bytes).toString('hex'));
        assert.deepEqual(fromHex(toHex(bytes)), bytes);
      }),
    );
  });
  it('refuses base64 that has white space, wrong padding, another alphabet or stray bits [T175]', () => {
    for (const text of [
      'YQ',
      'YQ=',
      'YQ== ',
      'Y Q=',
      'YQ==\n',
      '=YQ=',
      'YQ===',
      'Y===',
      'YR==',
      'YWF=',
      'Y-_=',
      'éé==',
    ]) {
      assert.equal(fromBase64(text), undefined, JSON.stringify(text));
    }
    assert.deepEqual(fromBase64(''), new Uint8Array(0));
  });
  it('refuses hexadecimal that is odd or no hexadecimal', () => {
    for (const text of ['0', '0g', ' 00', '00 ', '0x00', '00\n']) {
      assert.throws(() => fromHex(text), TypeError, JSON.stringify(text));
    }
    assert.deepEqual(fromHex('Ff'), new Uint8Array([255]));
  });
  it('take linear time on the worst texts of 100 KB [T180]', () => {
    for (const [letter, end] of [
      ['A', ''],
      ['A', '===!'],
      ['=', ''],
      ['A', '!'],
    ] as const) {
      assertLinear(12_500, (size) => fromBase64(letter.repeat(size - end.length) + end));
    }
    for (const end of ['', 'g']) {
      assertLinear(12_500, (size) => {
        try {
          fromHex('a'.repeat(size - end.length) + end);
        } catch {}
      });
    }
  });
  it('printable takes linear time on the worst texts of 100 KB [T180]', () => {
    for (const unit of ['\ud800', '\udc00', '\\', '\u202e', '\ud83d\ude00', '\x1b']) {
      assertLinear(12_500, (size) => printable(unit.repeat(size), unit.length * size));
    }
  });
});

describe('bytes', () => {
  it('are joined in order into an array of its own', () => {
    const part = new Uint8Array([1, 2]);
    const joined = concat(part, new Uint8Array(0), new Uint8Array([3]));
    assert.deepEqual(joined, new Uint8Array([1, 2, 3]));
    joined[0] = 9;
    assert.equal(part[0], 1);
  });
  it('are equal only when every byte is', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ maxLength: 40 }), (a, b) => {
        assert.equal(equalBytes(a, b), Buffer.compare(a, b) === 0);
        assert.ok(equalBytes(a, a.slice()));
      }),
    );
    assert.equal(equalBytes(new Uint8Array([1]), new Uint8Array([1, 0])), false);
  });
  it('are zero after a wipe', () => {
    const key = new Uint8Array([1, 2, 3]);
    wipe(key);
    assert.deepEqual(key, new Uint8Array(3));
  });
});

describe('error catalogues', () => {
  interface Codes {
    TEST_ONE: { readonly count: number };
  }
  const catalogue = {
    TEST_ONE: { fault: 'peer', disconnect: 2, message: (c: { count: number }) => `${c.count} too many` },
  } as const;
  const error = errorFactory<Codes>(catalogue)('TEST_ONE', { count: 3 }, { cause: 'why' });

  it('carry code, context, blame and reply', () => {
    assert.equal(error.message, 'TEST_ONE: 3 too many');
    assert.deepEqual(
      [error.code, error.context, error.fault, error.disconnect],
      ['TEST_ONE', { count: 3 }, 'peer', 2],
    );
    assert.equal(error.cause, 'why');
    assert.equal(error.name, 'SshError');
  });
  it('recognise their own errors by code, also from another installation', () => {
    assert.ok(isErrorOf<Codes>(catalogue, error));
    assert.ok(isErrorOf<Codes>(catalogue, Object.assign(new Error('x'), { code: 'TEST_ONE' })));
    for (const other of [
      new Error('TEST_ONE'),
      { code: 'TEST_ONE' },
      undefined,
      Object.assign(new Error('x'), { code: 'toString' }),
    ]) {
      assert.equal(isErrorOf<Codes>(catalogue, other), false);
    }
  });
});

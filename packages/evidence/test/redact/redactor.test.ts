import { Secret, toBase64, toHex, utf8 } from '@nbs-ssh/transport/wire';
import fc from 'fast-check';
import { assert, describe, it } from 'vitest';
import { EvidenceRecorder, parseBundle, Redactor, safeStringify } from '../../src/index.ts';
import { Matcher } from '../../src/redact/matcher.ts';
import { FINGERPRINT, trace } from '../sample.ts';

function knowing(...secrets: (string | Secret | Uint8Array)[]): Redactor {
  const redactor = new Redactor();
  for (const secret of secrets) redactor.register(secret);
  return redactor;
}

const utf16 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'utf16le'));
const SECRET = `Zw"ö\\r&7 k'q<`;

describe('registered secrets', () => {
  const forms: Record<string, string> = {
    raw: SECRET,
    'JSON-escaped': JSON.stringify(SECRET),
    'JSON in JSON': JSON.stringify(JSON.stringify(SECRET)),
    'base64 at offset 0': toBase64(utf8(SECRET)),
    'base64 at offset 1': toBase64(utf8(`u${SECRET}`)),
    'base64 at offset 2': toBase64(utf8(`u:${SECRET}`)),
    base64url: Buffer.from(SECRET).toString('base64url'),
    'hex, lower case': toHex(utf8(SECRET)),
    'hex, upper case': toHex(utf8(SECRET)).toUpperCase(),
    'hex with colons': toHex(utf8(SECRET)).replace(/..(?!$)/g, '$&:'),
    'URL-encoded': encodeURIComponent(SECRET),
    'URL-encoded, lower case': encodeURIComponent(SECRET).replace(/%../g, (hex) => hex.toLowerCase()),
    'URL-encoded as a form': encodeURIComponent(SECRET).replaceAll('%20', '+'),
    'URL-encoded wholly': toHex(utf8(SECRET)).replace(/../g, '%$&'),
    'UTF-16 in base64': toBase64(utf16(SECRET)),
    'UTF-16 in hex': toHex(utf16(SECRET)),
    'in single quotes for a shell': `'${SECRET.replaceAll("'", "'\\''")}'`,
    'NFD-normalised': SECRET.normalize('NFD'),
  };
  for (const [name, form] of Object.entries(forms)) {
    it(`are found ${name}`, () => {
      const out = knowing(SECRET).scrubText(`before ${form} after`);
      assert.match(out, /^before .*\[redacted:secret\].* after$/);
      // Whatever is left around the mark: no five characters of the form in a row.
      const rest = out.replaceAll('[redacted:secret]', '\n').slice(7, -6);
      for (let at = 0; at + 5 <= form.length; at += 1) {
        assert.notInclude(rest, form.slice(at, at + 5));
      }
    });
  }

  it('T218 are found whatever they are, in every encoding', () => {
    const encode: readonly ((text: string) => string)[] = [
      (text) => text,
      (text) => JSON.stringify(text),
      (text) => toBase64(utf8(text)),
      (text) => toBase64(utf8(`user:${text}`)),
      (text) => toHex(utf8(text)),
      (text) => encodeURIComponent(text),
      (text) => safeStringify({ a: [text] }),
    ];
    fc.assert(
      fc.property(fc.string({ minLength: 8, maxLength: 40, unit: 'grapheme' }), (secret) => {
        const redactor = knowing(secret);
        for (const form of encode) {
          const out = redactor.scrubText(`x ${form(secret)} y`);
          assert.include(out, '[redacted:secret]');
          assert.notInclude(out, form(secret).slice(1, -1));
        }
      }),
      { numRuns: 200 },
    );
  });

  it('are found when they are a Secret, bytes, or bytes that are no text', () => {
    assert.equal(knowing(new Secret('hunter2')).scrubText('a hunter2 b'), 'a [redacted:secret] b');
    assert.equal(knowing(utf8('hunter2')).scrubText('a hunter2 b'), 'a [redacted:secret] b');
    const raw = Uint8Array.of(255, 254, 0, 1, 2, 253, 252);
    assert.equal(knowing(raw).scrubText(`a ${toHex(raw)} b`), 'a [redacted:secret] b');
    assert.notInclude(knowing(raw).scrubText(`a ${toBase64(raw)} b`), toBase64(raw).slice(0, 4));
  });

  it('are found line by line when they are a key of several lines', () => {
    const lines = [
      '-----BEGIN X-----',
      'abcdefghijklmnop0123456789',
      'qrstuvwxyzABCDEFGHIJ',
      '-----END X-----',
    ];
    const redactor = knowing(lines.join('\n'));
    assert.equal(redactor.scrubText(`got ${lines[2]}!`), 'got [redacted:secret]!');
    assert.equal(
      redactor.scrubText(lines.join('\r\n')),
      '-----BEGIN X-----\r\n[redacted:secret]\r\n[redacted:secret]\r\n-----END X-----',
    );
  });

  it('are found in parts when they are long', () => {
    const secret = Array.from({ length: 3000 }, (_, i) =>
      String.fromCharCode(97 + ((i * i + (i >> 3)) % 26)),
    ).join('');
    assert.include(
      knowing(secret).scrubText(`x ${secret.slice(0, 700)}`),
      '[redacted:secret][redacted:secret]'.slice(0, 17),
    );
  });

  it('are found across the borders of texts that continue one another', () => {
    const redactor = knowing('hunter2hunter');
    const entries = ['hun', 'ter2', 'hunter', ' ok'].map((content) => ({
      interaction_type: 'output',
      content,
    }));
    const text = JSON.stringify(redactor.scrub({ entries }).value);
    for (const part of ['"hun"', 'ter2', 'hunter']) assert.notInclude(text, part);
    assert.include(text, ' ok');
  });

  it('are found across such a border when texts of another stream lie between', () => {
    const entries = [
      { stream: 'stdout', data: 'hun' },
      { stream: 'stderr', data: 'noise' },
      { stream: 'stdout', data: 'ter2xyz' },
    ];
    const text = JSON.stringify(knowing('hunter2').scrub(entries).value);
    assert.notInclude(text, 'ter2');
    assert.include(text, 'xyz');
    assert.include(text, 'noise');
  });

  it('are found in keys of free-form objects', () => {
    assert.notInclude(JSON.stringify(knowing('hunter2').scrub({ a: { hunter2: 1 } }).value), 'hunter2');
  });

  it('are removed only where they stand alone when they are very short', () => {
    assert.equal(knowing('ab').scrubText('ab abc cab (ab)'), '[redacted:secret] abc cab ([redacted:secret])');
  });

  it('do not rename fields, event types or methods that are spelled the same', () => {
    const recorder = new EvidenceRecorder({ epochOffsetMs: 0 });
    for (const secret of ['password', 'status', 'AUTH', 'method']) recorder.redactor.register(secret);
    recorder.sink(trace(1, 'auth.attempt', { method: 'password', stage: 'password' }));
    const [event] = parseBundle(recorder.bundle({ now: 1 }).serialize()).events;
    assert.deepEqual(event?.data, { method: 'password', stage: '[redacted:secret]', status: 'attempt' });
    assert.equal(event?.eventType, 'AUTH');
  });

  it('do not grow the text when they are spelled like a mark', () => {
    const redactor = knowing('redacted', 'secret');
    const once = redactor.redactText('the secret is redacted');
    assert.equal(redactor.redactText(once), once);
  });

  it('and what looks like one are masked in an error, where names of hosts and users stay', () => {
    const text = `no route to me@db.example.org, password=hunter2, ${SECRET}`;
    const masked = knowing(SECRET).maskText(text);
    assert.include(masked, 'no route to me@db.example.org, password=[redacted:');
    assert.notInclude(masked, 'hunter2');
    assert.notInclude(masked, SECRET);
  });

  it('cannot hide in something that only looks like a mark', () => {
    assert.notInclude(knowing('hunter2').scrubText('[redacted:hunter2] <host-hunter2-1>'), 'hunter2');
  });

  it('are not shown by the redactor itself', () => {
    const redactor = knowing('hunter2');
    assert.equal(JSON.stringify({ redactor }), '{"redactor":"[redactor]"}');
    assert.deepEqual(Object.keys(redactor), []);
  });
});

describe('redaction fails closed', () => {
  const cyclic: Record<string, unknown> = { name: 'kept' };
  cyclic['self'] = cyclic;
  const bad = {
    get boom(): string {
      throw new Error('canary');
    },
    good: 'kept',
    cyclic,
    big: 5n,
    bytes: utf8('canary'),
    secret: new Secret('canary'),
    call: () => 'canary',
    json: {
      toJSON: () => {
        throw new Error('canary');
      },
    },
  };
  it('drops a field that cannot be read, and keeps the others', () => {
    const { value, manifest } = knowing('x'.repeat(9)).scrub(bad);
    const text = JSON.stringify(value);
    assert.notInclude(text, 'canary');
    assert.include(text, '"good":"kept"');
    assert.include(text, '"boom":"[redacted:failed]"');
    assert.include(text, '"json":"[redacted:failed]"');
    assert.isAtLeast(manifest['failed'] ?? 0, 3);
  });

  it('counts what it removed, by kind', () => {
    const bundle = parseBundle(
      JSON.stringify({
        version: '1',
        events: [],
        error_context: { host: '10.0.0.1', note: 'password=x and password=y at 10.0.0.1' },
      }),
    );
    assert.deepEqual(bundle.toJSON().redaction, { applied: true, counts: { ipv4: 2, value: 2 } });
  });
});

describe('string matcher', () => {
  it('finds what a search one by one finds', () => {
    const small = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 5 });
    fc.assert(
      fc.property(
        fc.array(small, { maxLength: 8 }),
        fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 60 }),
        (needles, text) => {
          const matcher = new Matcher<string>();
          for (const needle of needles) matcher.add(needle, needle);
          const found = matcher.find(text).map(({ start, end, tag }) => `${start}-${end}-${tag}`);
          const expected: string[] = [];
          for (let end = 1; end <= text.length; end += 1) {
            const ending = needles.filter((needle) => needle !== '' && text.slice(0, end).endsWith(needle));
            const longest = ending.sort((a, b) => b.length - a.length)[0];
            if (longest !== undefined) expected.push(`${end - longest.length}-${end}-${longest}`);
          }
          assert.deepEqual(found, expected);
        },
      ),
    );
  });
});

describe('redaction as a whole', () => {
  const pieces = fc.constantFrom(
    ...[
      'password=',
      'hunter2',
      ' ',
      '"',
      "'",
      '\\',
      '\n',
      ':',
      '/',
      '@',
      '-',
      '--token ',
      '[redacted:value]',
    ],
    ...[
      '://u:p@',
      'Authorization: ',
      'Bearer abc12345',
      '-----BEGIN PRIVATE KEY-----',
      '-----END PRIVATE KEY-----',
    ],
    ...[
      '10.0.0.1',
      '::1',
      'fe80::1',
      '/home/a/b',
      'C:\\Users\\x',
      'alice@example.com',
      'eyJhbGciOi.eyJzdWIiOi.x',
    ],
    ...[
      'AKIAABCDEFGHIJKLMNOP',
      FINGERPRINT,
      '<host-1>',
      '<ipv4-private-3>',
      'mysql -p',
      'x',
      ')',
      ']',
      '{',
      'key: ',
    ],
    ...['aB3dE5gH7jK9mN1pQ3sT5vW7yZ0bC2eF', '0123456789abcdef0123456789abcdef', 'curl -u a:b', ';', '=', 'é'],
  );

  it('T225 gives the same when done twice', () => {
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 14 }), (parts) => {
        const redactor = knowing('hunter2');
        const once = redactor.redactText(parts.join(''));
        assert.equal(redactor.redactText(once), once);
      }),
      { numRuns: 3000 },
    );
  });
});

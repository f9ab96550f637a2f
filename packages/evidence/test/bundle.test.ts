import { assert, describe, it } from 'vitest';
import { type EvidenceBundle, EvidenceRecorder, parseBundle } from '../src/index.ts';
import { EPOCH, FINGERPRINT, SESSION } from './sample.ts';

const TRANSCRIPT = {
  entries: [
    { interaction_type: 'output', content: 'Enter \u202ename: \u001b[0m', timestamp: 1.5 },
    { interaction_type: 'send', content: 'bob', timestamp: 2 },
  ],
};

function bundle(): EvidenceBundle {
  const recorder = new EvidenceRecorder({ epochOffsetMs: EPOCH });
  for (const event of SESSION) recorder.sink(event);
  return recorder.bundle({ now: 200, transcript: TRANSCRIPT });
}

const PYTHON = {
  version: '1.0',
  created_ms: 1_700_000_000_000,
  events: [
    { event_type: 'CONNECT', timestamp: 1_700_000_000_123, data: { status: 'initiating', host: 'h' } },
    { event_type: 'SOMETHING_NEW', timestamp: 1_700_000_000.5, data: { x: 1 } },
    'not an event',
  ],
  transcript: null,
  algorithms: { kex: 'curve25519-sha256', cipher: 'aes256-gcm@openssh.com' },
  timing: { connect_duration_ms: 120.5, auth_duration_ms: 80 },
  host_info: { host: 'h', port: 22 },
  disconnect_reason: 'normal',
  error_context: { detail: 'x' },
};

describe('evidence bundle', () => {
  for (const format of ['json', 'jsonl'] as const) {
    it(`comes back complete from ${format}, with its transcript`, () => {
      const original = bundle();
      const read = parseBundle(original.serialize({ format, redact: false }));
      assert.deepEqual({ ...read }, { ...original });
    });

    it(`comes back complete from redacted ${format}`, () => {
      const original = bundle();
      const read = parseBundle(original.serialize({ format }));
      assert.deepEqual(read.toJSON({ redact: false }), original.toJSON());
    });

    it(`says that ${format} was cut off, wherever it was cut`, () => {
      const text = bundle().serialize({ format });
      const end = text.trimEnd().length;
      for (let cut = 0; cut < end; cut += cut < 300 || cut > end - 300 ? 1 : 37) {
        assert.throws(() => parseBundle(text.slice(0, cut)), /EVIDENCE_TRUNCATED/, `cut at ${cut}`);
      }
    });

    it(`has no character in ${format} that could move a cursor or reorder a line`, () => {
      const text = bundle().serialize({ format, redact: false });
      assert.notMatch(
        text,
        /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/,
      );
    });
  }

  it('writes one JSON object a line', () => {
    const lines = bundle().serialize({ format: 'jsonl' }).trimEnd().split('\n');
    const names = lines.map((line) => JSON.parse(line)).map((line) => line.record ?? line.event_type);
    assert.equal(names[0], 'bundle');
    assert.equal(names.filter((name) => name === 'CONNECT').length, 3);
    assert.deepEqual(names.slice(-2), ['transcript', 'end']);
  });

  it('is redacted by JSON.stringify', () => {
    const text = JSON.stringify({ inner: bundle() });
    assert.notInclude(text, 'db.corp.example');
    assert.include(text, '"applied":true');
  });

  it('redacts identifiers, and keeps what a diagnosis needs', () => {
    const text = bundle().serialize();
    for (const hidden of ['db.corp.example', 'alice', '10.1.2.3', '/home']) assert.notInclude(text, hidden);
    for (const kept of [
      'curve25519-sha256',
      'chacha20-poly1305@openssh.com',
      'hmac-sha2-256-etm@openssh.com',
      FINGERPRINT,
      'SSH-2.0-OpenSSH_9.2p1 Debian-2',
      'closed by the user',
      '"exit_code": 3',
      '"port": 2222',
      '<ipv4-private-1>',
      'known_hosts',
      'uname -a; exit 3',
    ]) {
      assert.include(text, kept);
    }
  });

  it('gives the same host the same name everywhere', () => {
    const { events, hostInfo } = parseBundle(bundle().serialize());
    const hosts = events.flatMap(({ data }) => ('host' in data ? [data.host] : []));
    assert.deepEqual(new Set([...hosts, hostInfo['host']]), new Set(['<host-1>']));
  });

  it('changes nothing when it is redacted again', () => {
    const once = bundle().serialize();
    assert.equal(parseBundle(once).serialize(), once);
  });

  it('removes registered secrets even without redaction', () => {
    const recorder = new EvidenceRecorder({ epochOffsetMs: 0 });
    for (const event of SESSION) recorder.sink(event);
    const made = recorder.bundle({ now: 1, transcript: { entries: [{ content: 'tr0ub4dor' }] } });
    recorder.redactor.register('tr0ub4dor');
    const text = made.serialize({ redact: false });
    assert.notInclude(text, 'tr0ub4dor');
    assert.include(text, 'db.corp.example');
  });

  it('drops fields that it does not know, and the value of keys that name a secret', () => {
    const read = parseBundle(
      JSON.stringify({
        version: '1',
        events: [{ event_type: 'EXEC', timestamp: 1, data: { command: 'ls', stdout: 'plain canary', n: 5 } }],
        error_context: { api_key: 'canary', db: { rootPassword: ['canary'] }, mapping: 'kept', pin: 1234 },
      }),
    ).toJSON();
    assert.notInclude(JSON.stringify(read), 'canary');
    assert.deepEqual(read.events[0]?.data, {
      command: 'ls',
      stdout: '[redacted:field]',
      n: '[redacted:field]',
    });
    assert.equal(read.error_context['mapping'], 'kept');
    assert.equal(read.error_context['pin'], '[redacted:field]');
  });

  it('loads a bundle of the Python library', () => {
    for (const text of [
      JSON.stringify(PYTHON),
      JSON.stringify(PYTHON, null, 2),
      [{ ...PYTHON, events: undefined }, ...PYTHON.events.slice(0, 2)]
        .map((line) => JSON.stringify(line))
        .join('\n'),
    ]) {
      const read = parseBundle(text);
      assert.equal(read.timing.connectDurationMs, 120.5);
      assert.equal(read.algorithms.kex, 'curve25519-sha256');
      assert.equal(read.algorithms.cipherCs, 'aes256-gcm@openssh.com');
      assert.equal(read.disconnectReason, 'normal');
      assert.deepEqual(
        read.events.map(({ timestamp }) => timestamp),
        [1_700_000_000.123, 1_700_000_000.5],
      );
    }
  });

  it('loads an event log as a bundle of events', () => {
    const log = bundle()
      .events.map(
        (e) => `${JSON.stringify({ event_type: e.eventType, timestamp: e.timestamp, data: e.data })}\n`,
      )
      .join('');
    assert.deepEqual(parseBundle(log).events, bundle().events);
  });

  for (const [name, text, code] of [
    ['nothing', '', 'EVIDENCE_TRUNCATED'],
    ['a list', '[]', 'EVIDENCE_SHAPE'],
    ['another object', '{"name":"package"}', 'EVIDENCE_SHAPE'],
    ['events that are no list', '{"version":"1","events":{}}', 'EVIDENCE_SHAPE'],
    ['bad syntax', '{"version":"1",}', 'EVIDENCE_SYNTAX'],
    ['text', 'hello', 'EVIDENCE_SYNTAX'],
    ['something after the object', '{"version":"1","events":[]}}', 'EVIDENCE_SYNTAX'],
  ] as const) {
    it(`refuses ${name} with a code`, () => {
      let thrown: unknown;
      try {
        parseBundle(text);
      } catch (error) {
        thrown = error;
      }
      assert.propertyVal(thrown, 'code', code);
    });
  }

  it('does not quote the file in an error', () => {
    assert.throws(() => parseBundle('{"version": canary}'), /^(?!.*canary)/s);
  });

  it('keeps a key __proto__ as data', () => {
    const read = parseBundle('{"version":"1","events":[],"error_context":{"__proto__":{"polluted":true}}}');
    assert.include(read.serialize(), '"__proto__"');
    assert.isUndefined(({} as Record<string, unknown>)['polluted']);
  });
});

import { assert, describe, it } from 'vitest';
import { EventCollector, EventType, EvidenceRecorder } from '../src/index.ts';
import { EPOCH, offer, SESSION, trace } from './sample.ts';

function recorded(traces = SESSION): EvidenceRecorder {
  const recorder = new EvidenceRecorder({ epochOffsetMs: EPOCH });
  for (const event of traces) recorder.sink(event);
  return recorder;
}

describe('evidence recorder', () => {
  it('turns a session into the events of the guide, in order', () => {
    assert.deepEqual(
      recorded().events.map((event) => [event.eventType, 'status' in event.data ? event.data.status : '']),
      [
        ['CONNECT', 'initiating'],
        ['CONNECT', 'tcp'],
        ['HOST_KEY', ''],
        ['KEX', 'negotiated'],
        ['AUTH', 'attempt'],
        ['AUTH', 'success'],
        ['CONNECT', 'connected'],
        ['EXEC', ''],
        ['DISCONNECT', ''],
      ],
    );
  });

  it('gives timestamps in Unix seconds with a fraction', () => {
    assert.equal(recorded().events[0]?.timestamp, 1_700_000_000.1);
  });

  it('has the data of an EXEC event under the keys of the guide', () => {
    assert.deepEqual(recorded().events.find((event) => event.eventType === EventType.EXEC)?.data, {
      command: 'uname -a; exit 3',
      streaming: false,
      duration_ms: 10,
      exit_code: 3,
      signal: null,
      stdout_len: 80,
      stderr_len: 0,
      cancelled: false,
    });
  });

  it('reads algorithms and both offers off the wire, and keeps them after the close', () => {
    const { algorithms } = recorded().bundle({ now: 200 });
    assert.equal(algorithms.kex, 'curve25519-sha256');
    assert.equal(algorithms.cipherSc, 'chacha20-poly1305@openssh.com');
    assert.equal(algorithms.strictKex, true);
    assert.deepEqual(algorithms.offers.client?.kex, ['mlkem768x25519-sha256', 'curve25519-sha256']);
    assert.deepEqual(algorithms.offers.server?.kex, ['sntrup761x25519-sha512', 'curve25519-sha256']);
  });

  it('swaps the offers in the server role', () => {
    const recorder = new EvidenceRecorder({ epochOffsetMs: 0, role: 'server' });
    recorder.sink(trace(1, 'transport.kexinit.sent', offer('ours')));
    recorder.sink(trace(1, 'transport.kexinit.received', offer('theirs')));
    const { offers } = recorder.bundle({ now: 2 }).algorithms;
    assert.deepEqual([offers.client?.kex, offers.server?.kex], [['theirs'], ['ours']]);
  });

  it('measures each phase', () => {
    assert.deepEqual(recorded().bundle({ now: 200 }).timing, {
      tcpMs: 5,
      versionMs: 7,
      kexMs: 9,
      authMs: 8,
      firstChannelMs: 2,
      totalMs: 31,
      sessionMs: 50,
      connectDurationMs: 31,
      authDurationMs: 8,
    });
  });

  it('has facts of the handshake even when the ring has forgotten its events', () => {
    const recorder = new EvidenceRecorder({ epochOffsetMs: EPOCH, capacity: 2 });
    for (const event of SESSION) recorder.sink(event);
    const bundle = recorder.bundle({ now: 200 });
    assert.equal(bundle.events.length, 2);
    assert.equal(bundle.eventsDropped, 7);
    assert.equal(bundle.algorithms.hostKey, 'ssh-ed25519');
  });

  it('explains a failed negotiation with both offers', () => {
    const recorder = recorded([
      ...SESSION.slice(0, 6),
      trace(114, 'transport.disconnect.sent', {
        code: 3,
        reason: 'KEY_EXCHANGE_FAILED',
        description: 'no common kex',
      }),
      trace(114, 'session.error', {
        error_type: 'NoMutualKex',
        code: 'TRANSPORT_NO_COMMON',
        message: 'no common kex',
        phase: 'kex',
      }),
    ]);
    const [kex, error] = recorder.events.slice(-2);
    assert.equal(kex?.eventType, 'KEX');
    assert.deepInclude(kex?.data, { status: 'failed' });
    assert.equal(error?.eventType, 'ERROR');
    const bundle = recorder.bundle({ now: 120 });
    assert.equal(bundle.algorithms.kex, null);
    assert.deepEqual(bundle.algorithms.offers.server?.kex, ['sntrup761x25519-sha512', 'curve25519-sha256']);
    assert.equal(bundle.disconnectReason, 'no common kex');
    assert.equal(bundle.errorContext['error_type'], 'NoMutualKex');
    assert.equal(bundle.timing.totalMs, 14);
    assert.equal(bundle.timing.connectDurationMs, null);
  });

  it('gives the cause and the number of a re-key', () => {
    const recorder = recorded([
      ...SESSION.slice(0, -1),
      trace(140, 'transport.rekey.started', { cause: 'bytes', number: 2 }),
      trace(149, 'transport.kex.done', { number: 2, duration_ms: 4 }),
    ]);
    const { data } = recorder.events.at(-1) ?? {};
    assert.deepInclude(data, { number: 2, cause: 'bytes', duration_ms: 4, status: 'negotiated' });
    assert.equal(recorder.bundle({ now: 160 }).timing.kexMs, 9);
  });

  it('names the commands that were running when the link was lost', () => {
    const recorder = recorded([
      ...SESSION.slice(0, -2),
      trace(190, 'session.closed', { reason: 'connection reset', code: 'ECONNRESET', by: 'network' }),
    ]);
    const bundle = recorder.bundle({ now: 200 });
    assert.deepEqual(bundle.errorContext['running_commands'], [
      { command: 'uname -a; exit 3', running_ms: 65 },
    ]);
    assert.equal(bundle.disconnectReason, 'connection reset');
  });

  it('takes the peer’s words when nothing better says why the session ended', () => {
    const recorder = recorded([
      trace(1, 'transport.disconnect.received', { code: 2, reason: 'PROTOCOL_ERROR', description: '' }),
    ]);
    assert.equal(recorder.bundle({ now: 2 }).disconnectReason, 'PROTOCOL_ERROR');
  });

  it('makes a bundle before anything happened', () => {
    const bundle = new EvidenceRecorder({ epochOffsetMs: EPOCH }).bundle({ now: 0 });
    assert.equal(bundle.events.length, 0);
    assert.equal(bundle.disconnectReason, null);
    assert.equal(bundle.createdMs, EPOCH);
  });

  it('stores only the fields that an event type may have', () => {
    const recorder = recorded([trace(1, 'auth.attempt', { method: 'password', password: 'hunter2-canary' })]);
    assert.notInclude(JSON.stringify(recorder.events), 'canary');
  });

  it('keeps going when a sink throws', () => {
    const collector = new EventCollector();
    const recorder = new EvidenceRecorder({
      epochOffsetMs: 0,
      sinks: [
        () => {
          throw new Error('disk full');
        },
        (event) => collector.record(event),
      ],
    });
    for (const event of SESSION) recorder.sink(event);
    assert.equal(collector.events.length, 9);
    assert.equal(recorder.sinkErrors, 9);
  });

  it('removes a registered secret before any sink sees it', () => {
    const recorder = new EvidenceRecorder({ epochOffsetMs: 0 });
    const collector = new EventCollector();
    recorder.addSink((event) => collector.record(event));
    recorder.redactor.register('correct horse');
    recorder.sink(trace(1, 'session.exec.done', { command: "login --with 'correct horse'" }));
    recorder.sink(trace(2, 'auth.banner', { text: 'hello correct horse', length: 19 }));
    recorder.sink(trace(3, 'session.error', { message: 'sent correct horse', error_type: 'X' }));
    const bundle = recorder.bundle({ now: 4, transcript: [{ content: 'correct horse' }] });
    for (const seen of [
      collector.events,
      recorder.events,
      bundle.hostInfo,
      bundle.errorContext,
      bundle.transcript,
    ]) {
      assert.notInclude(JSON.stringify(seen), 'correct horse');
    }
  });
});

describe('event collector', () => {
  const event = (n: number) => ({ eventType: 'KEEPALIVE_SENT', timestamp: n, data: {} }) as const;

  it('keeps the newest events and counts exactly what it dropped', () => {
    const collector = new EventCollector({ capacity: 3 });
    for (let n = 0; n < 1000; n += 1) collector.record(event(n));
    assert.deepEqual(
      collector.events.map(({ timestamp }) => timestamp),
      [997, 998, 999],
    );
    assert.equal(collector.dropped, 997);
  });

  it('T207 stays bounded over a million events', () => {
    const collector = new EventCollector();
    for (let n = 0; n < 1_000_000; n += 1) collector.record(event(n));
    assert.equal(collector.events.length, 10_000);
    assert.equal(collector.dropped, 990_000);
  });

  it('filters by type with typed data', () => {
    const collector = new EventCollector();
    const recorder = new EvidenceRecorder({ epochOffsetMs: 0, sinks: [(e) => collector.record(e)] });
    for (const trace of SESSION) recorder.sink(trace);
    assert.deepEqual(
      collector.getByType(EventType.AUTH).map(({ data }) => data.status),
      ['attempt', 'success'],
    );
  });

  it('calls listeners until they are removed, and survives one that throws', () => {
    const collector = new EventCollector();
    const seen: number[] = [];
    collector.on(() => {
      throw new Error('listener');
    });
    const off = collector.on(({ timestamp }) => seen.push(timestamp));
    collector.record(event(1));
    off();
    collector.record(event(2));
    assert.deepEqual(seen, [1]);
    assert.equal(collector.listenerErrors, 2);
  });

  it('forgets on clear', () => {
    const collector = new EventCollector({ capacity: 1 });
    collector.record(event(1));
    collector.record(event(2));
    collector.clear();
    assert.equal(collector.events.length, 0);
    assert.equal(collector.dropped, 0);
  });

  it('refuses a capacity that is no positive integer', () => {
    for (const capacity of [0, -1, 1.5, Number.NaN]) {
      assert.throws(() => new EventCollector({ capacity }), RangeError);
    }
  });
});

// Data, adjustments and requests where none belong.
import { EMPTY } from '@nbs-ssh/transport/wire';
import fc from 'fast-check';
import { assert, describe, it } from 'vitest';
import {
  adjust,
  bare,
  data,
  drain,
  extended,
  failure,
  lone,
  ofType,
  pattern,
  request,
  throwsCode,
} from './twin.ts';

describe('T139 data, EOF and requests where none belong', () => {
  const LATE: readonly number[] = [99, 100];
  for (const number of [94, 95, 96, 97, 98, ...LATE]) {
    const make = (id: number): Uint8Array =>
      number === 94
        ? data(id, pattern(1))
        : number === 95
          ? extended(id, 1, pattern(1))
          : number === 98
            ? request(id, 'shell', true)
            : bare(number, id);
    const where = LATE.includes(number) ? ['unknown'] : ['unknown', 'closed'];
    it(`message ${number} to an ${where.join(' or ')} channel ends the connection and calls nobody`, () => {
      for (const target of where) {
        const { mux, id } = lone('client');
        if (target === 'closed') mux.receive(bare(97, id));
        drain(mux);
        mux.receive(make(target === 'closed' ? id : 12_345));
        const { events } = drain(mux);
        assert.deepEqual(
          events.map((event) => event.type === 'failed' && event.error.code),
          ['CHANNELS_UNKNOWN_CHANNEL'],
        );
      }
    });
  }

  it('data after EOF ends the connection; a second EOF is ignored', () => {
    const { mux, id } = lone('client');
    mux.receive(bare(96, id));
    mux.receive(bare(96, id));
    assert.deepEqual(drain(mux).events, [{ type: 'eof', channel: id }]);
    mux.receive(data(id, pattern(1)));
    assert.equal(failure(mux)?.code, 'CHANNELS_MESSAGE_UNEXPECTED');
  });

  it('WINDOW_ADJUST and late answers to a channel that closed are ignored, to one that never was they are not', () => {
    for (const late of [(id: number) => adjust(id, 5), ...LATE.map((n) => (id: number) => bare(n, id))]) {
      const { mux, id } = lone('client');
      mux.receive(bare(97, id));
      drain(mux);
      mux.receive(late(id));
      assert.deepEqual(drain(mux), { sent: [], events: [] });
      mux.receive(late(id + 1));
      assert.equal(failure(mux)?.code, 'CHANNELS_UNKNOWN_CHANNEL');
    }
  });

  it('data beyond the window ends the connection', () => {
    const { mux, id } = lone('client', { limits: { window: 10 } });
    mux.receive(data(id, pattern(10)));
    mux.receive(data(id, pattern(1)));
    const { events } = drain(mux);
    assert.deepEqual(
      events.map(({ type }) => type),
      ['data', 'failed'],
    );
    assert.equal(ofType(events, 'failed')[0]?.error.code, 'CHANNELS_WINDOW_EXCEEDED');
  });

  it('after a failure nothing is sent, nothing is taken in and commands throw or do nothing', () => {
    const { mux, id } = lone('client');
    mux.write(id, pattern(10));
    mux.request(id, { type: 'shell' }, true);
    mux.receive(bare(96, 999));
    const { sent, events } = drain(mux);
    assert.deepEqual([sent, events.map(({ type }) => type)], [[], ['failed']]);
    mux.receive(data(id, pattern(1)));
    mux.receive(bare(96, 999));
    mux.consumed(id, 1);
    mux.sendEof(id);
    mux.close(id);
    assert.deepEqual(drain(mux), { sent: [], events: [] });
    throwsCode(() => mux.write(id, pattern(1)), 'CHANNELS_FAILED');
    throwsCode(() => mux.openChannel({ type: 'session' }), 'CHANNELS_FAILED');
    throwsCode(() => mux.globalRequest('x', EMPTY, true), 'CHANNELS_FAILED');
  });
});

describe('T141 window adjustments', () => {
  it('past 2^32-1 end the connection; up to it they do not', () => {
    const { mux, id } = lone('client', { peerWindow: 10 });
    mux.receive(adjust(id, 0xffffffff - 10));
    assert.equal(failure(mux), undefined);
    mux.receive(adjust(id, 1));
    const error = failure(mux);
    assert.deepEqual([error?.code, error?.disconnect], ['CHANNELS_WINDOW_OVERFLOW', 2]);
  });

  it('of 0 are tolerated a thousand times a minute', () => {
    const { mux, id } = lone('client');
    for (let minute = 0; minute < 3; minute += 1) {
      mux.tick(minute * 60_000);
      for (let i = 0; i < 1000; i += 1) mux.receive(adjust(id, 0));
      assert.equal(failure(mux), undefined);
    }
    mux.receive(adjust(id, 0));
    assert.equal(failure(mux)?.code, 'CHANNELS_NOISE');
  });

  it('empty data counts as noise too, and is told to nobody', () => {
    const { mux, id } = lone('client');
    for (let i = 0; i < 1000; i += 1) mux.receive(data(id, EMPTY));
    assert.deepEqual(drain(mux), { sent: [], events: [] });
    mux.receive(data(id, EMPTY));
    assert.equal(failure(mux)?.code, 'CHANNELS_NOISE');
  });
});

describe('T142 extended data of a type that does not exist', () => {
  for (const type of [0, 2, 0xffffffff]) {
    it(`type ${type} is dropped, and its window comes back by itself`, () => {
      const window = 1000;
      const { mux, id } = lone('client', { limits: { window } });
      let granted = window;
      for (let i = 0; i < 20; i += 1) {
        mux.receive(extended(id, type, pattern(400)));
        granted -= 400;
        const { sent, events } = drain(mux);
        assert.deepEqual(events, []);
        for (const payload of sent) granted += new DataView(payload.buffer).getUint32(5);
        assert.isAtLeast(granted, window / 2);
      }
    });
  }
});

describe('arbitrary messages', () => {
  it('never make receive throw, and never fail with anything but a peer fault', () => {
    const payload = fc
      .tuple(
        fc.integer({ min: 80, max: 100 }),
        fc.constantFrom(0, 0, 0, 1, 9),
        fc.uint8Array({ maxLength: 40 }),
      )
      .map(([number, id, tail]) => Uint8Array.of(number, 0, 0, 0, id, ...tail));
    fc.assert(
      fc.property(
        fc.constantFrom('client' as const, 'server' as const),
        fc.array(payload),
        (role, payloads) => {
          const { mux } = lone(role);
          for (const bytes of payloads) mux.receive(bytes);
          const error = failure(mux);
          if (error !== undefined) assert.deepEqual([error.fault, error.disconnect], ['peer', 2]);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

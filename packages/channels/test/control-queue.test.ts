// A peer that makes us answer while our answers cannot be sent, as during a key exchange.
import { assert, describe, it } from 'vitest';
import { Multiplexer } from '../src/index.ts';
import { client, global, opening } from './support.ts';
import { adjust, drain, failure, lone, ofType, request } from './twin.ts';

describe('answers that cannot be sent', () => {
  it('may wait up to 16,384 of them, and one more ends the connection', () => {
    const mux = new Multiplexer({ role: 'server', limits: { maxChannels: 1 } });
    mux.receive(opening(0));
    for (let sender = 1; sender <= 16_384; sender += 1) mux.receive(opening(sender));
    assert.equal(mux.poll(true, false)?.type, 'open-request');
    assert.equal(mux.poll(true, false), undefined);
    mux.receive(opening(16_385));
    const error = failure(mux);
    assert.deepEqual([error?.code, error?.disconnect], ['CHANNELS_CONTROL_OVERFLOW', 2]);
    assert.deepEqual(error?.context, { limit: 16_384 });
  });

  it('are counted for requests that we answer by ourselves too', () => {
    const { mux, id } = lone('client', { limits: { noisePerMinute: 100_000 } });
    for (let i = 0; i < 16_384; i += 2) {
      mux.receive(request(id, 'keepalive@openssh.com', true));
      mux.receive(global('keepalive@openssh.com', true));
    }
    assert.equal(mux.poll(true, false), undefined);
    mux.receive(global('keepalive@openssh.com', true));
    assert.equal(failure(mux)?.code, 'CHANNELS_CONTROL_OVERFLOW');
  });

  it('do not hold what our own side queued against the peer', () => {
    const { mux, id } = lone('client');
    for (let i = 0; i < 20_000; i += 1) mux.globalRequest('x@y', new Uint8Array(0), false);
    mux.receive(adjust(id, 1));
    assert.equal(drain(mux).sent.length, 20_000);
  });
});

describe('opens that are refused at once', () => {
  it('count as noise when their type is not accepted', () => {
    const mux = client();
    for (let sender = 0; sender < 1000; sender += 1) mux.receive(opening(sender, 'x11'));
    assert.equal(drain(mux).sent.length, 1000);
    mux.receive(opening(1000, 'x11'));
    assert.equal(failure(mux)?.code, 'CHANNELS_NOISE');
  });

  it('count as noise after no-more-sessions', () => {
    const mux = new Multiplexer({ role: 'server' });
    mux.receive(global('no-more-sessions@openssh.com', false));
    for (let sender = 0; sender < 1000; sender += 1) mux.receive(opening(sender));
    assert.equal(drain(mux).sent.length, 1000);
    mux.receive(opening(1000));
    const { events } = drain(mux);
    assert.equal(ofType(events, 'failed')[0]?.error.code, 'CHANNELS_NOISE');
  });
});

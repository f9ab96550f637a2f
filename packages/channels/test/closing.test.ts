// Ends of a channel, in every order.
import { utf8 } from '@nbs-ssh/transport/wire';
import fc from 'fast-check';
import { assert, describe, it } from 'vitest';
import { client, confirmation, numbers, opening } from './support.ts';
import {
  adjust,
  bare,
  data,
  drain,
  failure,
  lone,
  ofType,
  PEER,
  pattern,
  request,
  Twin,
  throwsCode,
} from './twin.ts';

describe('T146 closing', () => {
  it('the consumer sees closed once, whoever closes first, with or without EOF, 10,000 times on one connection', () => {
    const twin = new Twin();
    const acts = ['c-eof', 's-eof', 'c-close', 's-close', 'pump'] as const;
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...acts), { maxLength: 8 }), (script) => {
        const [c, s] = twin.session();
        twin.client.write(c, pattern(10));
        for (const act of script) {
          if (act === 'pump') twin.pump();
          else if (act === 'c-eof') twin.client.sendEof(c);
          else if (act === 's-eof') twin.server.sendEof(s);
          else if (act === 'c-close') twin.client.close(c);
          else twin.server.close(s);
        }
        twin.client.close(c);
        twin.server.close(s);
        twin.pump();
        assert.equal(ofType(twin.clientEvents.splice(0), 'closed').length, 1);
        assert.equal(ofType(twin.serverEvents.splice(0), 'closed').length, 1);
        assert.equal(twin.client.channelCount + twin.server.channelCount, 0);
      }),
      { numRuns: 10_000 },
    );
  });

  it('our number stays taken until both CLOSEs, and a later channel gets another one', () => {
    const { mux, id } = lone('client');
    mux.close(id);
    drain(mux);
    assert.equal(mux.channelCount, 1);
    assert.notEqual(mux.openChannel({ type: 'session' }), id);
    mux.receive(bare(97, id));
    assert.equal(mux.channelCount, 1);
    assert.notEqual(mux.openChannel({ type: 'session' }), id);
  });

  it('the peer may use its number again right after both CLOSEs', () => {
    const { mux, id } = lone('server');
    mux.receive(bare(97, id));
    assert.deepEqual(numbers(drain(mux).sent), [97]);
    mux.receive(opening(PEER));
    assert.equal(ofType(drain(mux).events, 'open-request').length, 1);
  });

  it('the peer’s CLOSE drops what we had queued and is answered once', () => {
    const { mux, id } = lone('client', { peerWindow: 5 });
    mux.write(id, pattern(100));
    mux.sendEof(id);
    drain(mux);
    mux.receive(bare(97, id));
    assert.deepEqual(drain(mux), { sent: [bare(97, PEER)], events: [{ type: 'closed', channel: id }] });
    assert.equal(mux.queued(id), 0);
  });

  it('CLOSE before CONFIRMATION ends the connection', () => {
    const mux = client();
    mux.receive(bare(97, mux.openChannel({ type: 'session' })));
    assert.equal(failure(mux)?.code, 'CHANNELS_MESSAGE_UNEXPECTED');
  });

  it('closing a channel that is still opening closes it as soon as it opens, and opened is not told', () => {
    const mux = client();
    const id = mux.openChannel({ type: 'session' });
    mux.close(id);
    drain(mux);
    mux.receive(confirmation(id, PEER));
    assert.deepEqual(drain(mux), { sent: [bare(97, PEER)], events: [] });
    mux.receive(bare(97, id));
    assert.deepEqual(drain(mux).events, [{ type: 'closed', channel: id }]);
  });

  it('close sends what was written, then exit status, EOF and CLOSE; discard does not wait', () => {
    const orderly = lone('server', { peerWindow: 4 });
    orderly.mux.write(orderly.id, pattern(6));
    orderly.mux.request(orderly.id, { type: 'exit-status', status: 0 }, false);
    orderly.mux.sendEof(orderly.id);
    orderly.mux.close(orderly.id);
    assert.deepEqual(numbers(drain(orderly.mux).sent), [94]);
    orderly.mux.receive(adjust(orderly.id, 100));
    assert.deepEqual(numbers(drain(orderly.mux).sent), [94, 98, 96, 97]);

    const hasty = lone('client', { peerWindow: 4 });
    hasty.mux.write(hasty.id, pattern(6));
    hasty.mux.close(hasty.id);
    assert.deepEqual(numbers(drain(hasty.mux).sent), [94]);
    hasty.mux.close(hasty.id, 'discard');
    assert.deepEqual(numbers(drain(hasty.mux).sent), [97]);
  });

  it('discard also takes back what was ready to be sent', () => {
    const { mux, id } = lone('client');
    mux.write(id, pattern(6));
    mux.close(id, 'discard');
    assert.deepEqual(drain(mux).sent, [bare(97, PEER)]);
  });

  it('while a flush waits for window, what arrives is dropped and its window given back', () => {
    const { mux, id } = lone('client', { peerWindow: 1, limits: { window: 1000 } });
    mux.receive(data(id, pattern(300)));
    mux.write(id, pattern(2));
    mux.close(id);
    drain(mux);
    mux.receive(data(id, pattern(300)));
    assert.deepEqual(drain(mux), { sent: [adjust(PEER, 600)], events: [] });
    mux.consumed(id, 300);
    assert.deepEqual(drain(mux).sent, []);
  });

  it('events of a channel come in order: data, EOF, exit status, closed', () => {
    const { mux, id } = lone('client');
    mux.receive(data(id, pattern(3)));
    mux.receive(bare(96, id));
    mux.receive(request(id, 'exit-status', false, Uint8Array.of(0, 0, 0, 3)));
    mux.receive(bare(97, id));
    assert.deepEqual(
      drain(mux).events.map(({ type }) => type),
      ['data', 'eof', 'request', 'closed'],
    );
  });

  it('commands on a closed channel: writing and asking throw, the rest does nothing', () => {
    const { mux, id } = lone('client');
    mux.receive(bare(97, id));
    drain(mux);
    throwsCode(() => mux.write(id, pattern(1)), 'CHANNELS_NOT_OPEN');
    throwsCode(() => mux.request(id, { type: 'shell' }, false), 'CHANNELS_NOT_OPEN');
    mux.consumed(id, 10);
    mux.sendEof(id);
    mux.close(id);
    assert.equal(mux.queued(id), 0);
    assert.deepEqual(drain(mux), { sent: [], events: [] });
  });

  it('writing after EOF or close is the caller’s mistake, and EOF twice is sent once', () => {
    const { mux, id } = lone('client');
    mux.sendEof(id);
    mux.sendEof(id);
    throwsCode(() => mux.write(id, pattern(1)), 'CHANNELS_NOT_OPEN');
    mux.close(id);
    mux.close(id);
    throwsCode(() => mux.request(id, { type: 'shell' }, false), 'CHANNELS_NOT_OPEN');
    assert.deepEqual(numbers(drain(mux).sent), [96, 97]);
  });
});

describe('giving a channel up before the peer has confirmed it', () => {
  for (const mode of ['discard', 'flush'] as const) {
    it(`${mode}: requests made in advance are ${mode === 'flush' ? 'sent' : 'never sent'}`, () => {
      const mux = client();
      const id = mux.openChannel({ type: 'session' });
      mux.request(id, { type: 'exec', command: utf8('rm') }, true);
      mux.close(id, mode);
      drain(mux);
      mux.receive(confirmation(id, PEER));
      assert.deepEqual(numbers(drain(mux).sent), mode === 'flush' ? [98, 97] : [97]);
      mux.receive(bare(97, id));
      assert.deepEqual(drain(mux).events, [{ type: 'closed', channel: id }]);
      assert.equal(mux.channelCount, 0);
    });
  }
});

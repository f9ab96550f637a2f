import assert from 'node:assert/strict';
import { transportError } from '@nbs-ssh/transport';
import type { SshError } from '@nbs-ssh/transport/wire';
import { describe, it } from 'vitest';
import { loggedIn, type SessionEnd, type SessionPair, sessionPair } from './ends.ts';
import { settled } from './pipes.ts';

const never = <T>(): Promise<T> => new Promise<T>(() => {});
const codes = (end: SessionEnd): (string | undefined)[] => end.ends.map((error) => error?.code);
const context = (end: SessionEnd): Record<string, unknown> =>
  (end.ends[0]?.context ?? {}) as Record<string, unknown>;

/** The socket is gone and nothing is left to happen. */
async function assertGone(pair: SessionPair, end: 'client' | 'server' = 'client'): Promise<void> {
  await settled();
  const pipe = end === 'client' ? pair.clientPipe : pair.serverPipe;
  assert.equal(pair[end].ends.length, 1, 'onEnd once');
  assert.ok(pipe.destroyed, `destroyed: ${pipe.calls}`);
  await pair[end].driver.closed;
}

describe('the end of a session', () => {
  it('by close: the goodbye, FIN, the end of the peer, and then the socket is destroyed', async () => {
    const pair = await loggedIn();
    const closed = pair.client.driver.close(11, 'bye');
    void pair.client.driver.close(11, 'again');
    await closed;
    assert.deepEqual(codes(pair.client), [undefined]);
    assert.deepEqual(codes(pair.server), ['TRANSPORT_DISCONNECTED']);
    assert.deepEqual(context(pair.server), { reason: 11, name: 'BY_APPLICATION', description: 'bye' });
    assert.equal(pair.clientPipe.calls[0], 'close');
    await assertGone(pair, 'client');
    await assertGone(pair, 'server');
    assert.equal(pair.clock.pending, 0);
  });

  it('by close from a callback: the goodbye is sent all the same', async () => {
    const pair: SessionPair = await loggedIn({
      onEvent: () => void pair.client.driver.close(11, 'from inside'),
    });
    pair.server.mux.globalRequest('x@y', new Uint8Array(0), false);
    pair.client.mux.openChannel({ type: 'session' });
    pair.client.driver.wake();
    await settled();
    assert.equal(pair.server.events[0]?.type, 'open-request');
    const opening = pair.server.events[0];
    if (opening?.type === 'open-request') pair.server.mux.accept(opening.channel);
    pair.server.driver.wake();
    await settled();
    assert.deepEqual(codes(pair.client), [undefined]);
    assert.equal(context(pair.server)['description'], 'from inside');
  });

  it('by a peer that never closes: the socket is destroyed within 2 s', async () => {
    const pair = await loggedIn();
    pair.serverPipe.incoming.stalled = true;
    let closed = false;
    void pair.client.driver.close(11, 'bye').then(() => {
      closed = true;
    });
    await pair.clock.advanceAsync(1999);
    assert.equal(closed, false);
    await pair.clock.advanceAsync(1);
    assert.equal(closed, true);
    await assertGone(pair);
    assert.equal(pair.clock.pending, 1, 'only the timer of the other end');
  });

  it('by a peer that floods after our goodbye: what it sends is thrown away, and it ends in 2 s', async () => {
    const pair = await loggedIn();
    pair.serverPipe.incoming.stalled = true;
    void pair.client.driver.close(11, 'bye');
    for (let i = 0; i < 50; i += 1) void pair.serverPipe.outgoing.write(new Uint8Array(65_536));
    await settled();
    assert.equal(pair.clientPipe.incoming.queued, 0);
    await pair.clock.advanceAsync(2000);
    await assertGone(pair);
  });

  it('by fail: the peer gets the reason of the error', async () => {
    const pair = await loggedIn();
    const error = transportError('TRANSPORT_HOST_KEY_REJECTED', { fingerprint: 'x' });
    pair.client.driver.fail(error);
    pair.client.driver.fail(error);
    await settled();
    assert.deepEqual(pair.client.ends, [error]);
    assert.equal(context(pair.server)['reason'], 9);
    await pair.clock.advanceAsync(2000);
    await assertGone(pair);
  });

  it('by a peer fault: DISCONNECT with its reason, and the error once', async () => {
    const pair = await loggedIn();
    void pair.serverPipe.outgoing.write(new Uint8Array(200).fill(7));
    await settled();
    assert.match(codes(pair.client)[0] ?? '', /^TRANSPORT_(PACKET_LENGTH|BAD_TAG)$/);
    assert.ok([2, 5].includes(context(pair.server)['reason'] as number));
    await pair.clock.advanceAsync(2000);
    await assertGone(pair);
  });

  it('by the end of the stream: the phase is named, and nothing is left', async () => {
    const pair = await loggedIn();
    pair.serverPipe.outgoing.end();
    await settled();
    assert.deepEqual(codes(pair.client), ['TRANSPORT_CLOSED']);
    assert.equal(context(pair.client)['phase'], 'open');
    await pair.clock.advanceAsync(2000);
    await assertGone(pair);
  });

  for (const place of ['read', 'write'] as const) {
    it(`by an error of the socket on ${place}: the cause is kept`, async () => {
      const pair = await loggedIn();
      const cause = Object.assign(new Error('reset'), { code: 'ECONNRESET' });
      if (place === 'read') {
        pair.serverPipe.outgoing.end({ error: cause });
      } else {
        pair.clientPipe.outgoing.breakWrite = cause;
        pair.client.mux.globalRequest('x@y', new Uint8Array(0), false);
        pair.client.driver.wake();
      }
      await settled();
      assert.deepEqual(codes(pair.client), ['TRANSPORT_CLOSED']);
      assert.equal(pair.client.ends[0]?.cause, cause);
      await pair.clock.advanceAsync(2000);
      await assertGone(pair);
    });
  }

  it('before it began: start does nothing then', async () => {
    for (const how of ['close', 'fail'] as const) {
      const pair = sessionPair();
      if (how === 'close') void pair.client.driver.close(11, 'bye');
      else
        pair.client.driver.fail(
          transportError('TRANSPORT_KEX_TIMEOUT', { phase: 'identification', limitMs: 0 }),
        );
      pair.client.driver.start();
      await settled();
      assert.equal(pair.clientPipe.outgoing.written, 0);
      await pair.clock.advanceAsync(2000);
      await assertGone(pair);
      assert.equal(pair.clock.pending, 0);
    }
  });

  it('by close at every stage of the handshake: onEnd once, destroyed, no timer left', async () => {
    for (let turns = 0; turns < 25; turns += 1) {
      const pair = sessionPair();
      pair.server.driver.start();
      pair.client.driver.start();
      await settled(turns);
      void pair.client.driver.close(11, 'bye');
      await pair.clock.advanceAsync(2000);
      await assertGone(pair, 'client');
      await pair.clock.advanceAsync(2000);
      await assertGone(pair, 'server');
      assert.equal(pair.clock.pending, 0, `after ${turns} turns`);
    }
  });

  it('by a silent peer: at the deadline of the key exchange', async () => {
    const pair = sessionPair();
    pair.client.driver.start();
    await pair.clock.advanceAsync(29_999);
    assert.deepEqual(codes(pair.client), []);
    await pair.clock.advanceAsync(1);
    assert.deepEqual(codes(pair.client), ['TRANSPORT_KEX_TIMEOUT']);
    await pair.clock.advanceAsync(2000);
    await assertGone(pair);
    assert.equal(pair.clock.pending, 0);
  });
});

describe('questions to the owner', () => {
  for (const question of ['verifyHostKey', 'authenticate'] as const) {
    it(`${question} never answers and the peer closes: the session ends`, async () => {
      const pair = sessionPair({ [question]: () => never() });
      pair.server.driver.start();
      pair.client.driver.start();
      await settled(20);
      assert.deepEqual(codes(pair.client), []);
      pair.serverPipe.outgoing.end();
      await settled();
      assert.deepEqual(codes(pair.client), ['TRANSPORT_CLOSED']);
      await pair.clock.advanceAsync(2000);
      await assertGone(pair);
    });
    for (const how of ['rejects', 'throws'] as const) {
      it(`${question} ${how}: the session ends with that as its cause`, async () => {
        const cause = new Error('no idea');
        const ask = (): Promise<never> => {
          if (how === 'throws') throw cause;
          return Promise.reject(cause);
        };
        const pair = sessionPair({ [question]: ask });
        pair.server.driver.start();
        pair.client.driver.start();
        await settled(20);
        assert.deepEqual(codes(pair.client), ['TRANSPORT_INTERNAL']);
        assert.equal(pair.client.ends[0]?.cause, cause);
        await pair.clock.advanceAsync(2000);
        await assertGone(pair);
      });
    }
    it(`${question} answers after the end: nothing happens`, async () => {
      let settle: (value: never) => void = () => {};
      const pair = sessionPair({
        [question]: () =>
          new Promise((resolve) => {
            settle = resolve;
          }),
      });
      pair.server.driver.start();
      pair.client.driver.start();
      await settled(20);
      void pair.client.driver.close(11, 'bye');
      settle(undefined as never);
      await pair.clock.advanceAsync(2000);
      await assertGone(pair);
      assert.deepEqual(codes(pair.client), [undefined]);
    });
  }
  it('a slow answer about the host key is not counted against the peer', async () => {
    let trust: (refusal: undefined) => void = () => {};
    const pair = sessionPair({
      verifyHostKey: () =>
        new Promise<undefined>((resolve) => {
          trust = resolve;
        }),
    });
    pair.server.driver.start();
    pair.client.driver.start();
    await settled(20);
    // The server may have given up by then; what counts is that we did not.
    await pair.clock.advanceAsync(29_000);
    assert.deepEqual(codes(pair.client), []);
    pair.clock.advance(900);
    trust(undefined);
    await settled(20);
    assert.deepEqual(pair.client.log, ['authenticated']);
    assert.deepEqual(codes(pair.client), []);
  });
  it('a refusal ends the session with it, before any credential was sent', async () => {
    const refusal: SshError = transportError('TRANSPORT_HOST_KEY_REJECTED', { fingerprint: 'x' });
    let asked = 0;
    const pair = sessionPair({
      verifyHostKey: async () => refusal,
      authenticate: async () => {
        asked += 1;
      },
    });
    pair.server.driver.start();
    pair.client.driver.start();
    await settled(20);
    assert.deepEqual(pair.client.ends, [refusal]);
    assert.equal(asked, 0);
    assert.equal(context(pair.server)['reason'], 9);
  });
  it('a callback that throws ends the session with what it threw, and nothing is left unhandled', async () => {
    const cause = new Error('callback');
    const pair = sessionPair({
      onAuthenticated: () => {
        throw cause;
      },
    });
    pair.server.driver.start();
    pair.client.driver.start();
    await settled(30);
    assert.deepEqual(codes(pair.client), ['TRANSPORT_INTERNAL']);
    assert.equal(pair.client.ends[0]?.cause, cause);
    await pair.clock.advanceAsync(2000);
    await assertGone(pair);
  });
});

describe('flow in both directions', () => {
  async function channel(pair: SessionPair) {
    const id = pair.client.mux.openChannel({ type: 'session' });
    pair.client.driver.wake();
    await settled();
    const opening = pair.server.events.find((event) => event.type === 'open-request');
    if (opening?.type !== 'open-request') throw new Error('not asked');
    pair.server.mux.accept(opening.channel);
    pair.server.driver.wake();
    await settled();
    return { client: id, server: opening.channel };
  }
  const received = (end: SessionEnd): number =>
    end.events.reduce((sum, event) => sum + (event.type === 'data' ? event.bytes.length : 0), 0);

  it('a slow socket stops sealing: what is unwritten stays bounded', async () => {
    const pair = await loggedIn();
    const ids = await channel(pair);
    const lane = pair.clientPipe.outgoing;
    lane.room = 0;
    pair.serverPipe.incoming.stalled = true;
    for (let i = 0; i < 64; i += 1) pair.client.mux.write(ids.client, new Uint8Array(1_048_576));
    const before = lane.written;
    pair.client.driver.wake();
    await settled();
    const held = lane.written - before;
    assert.ok(held > 200_000 && held < 500_000, `${held} bytes given to a socket that takes none`);
    lane.release();
    await settled(20);
    assert.equal(received(pair.server), 1024 * 1024, 'one window arrives once the socket goes on');
  });

  it('a slow reader costs its window and no more', async () => {
    const pair = await loggedIn();
    const ids = await channel(pair);
    pair.client.mux.write(ids.client, new Uint8Array(8 * 1024 * 1024));
    pair.client.driver.wake();
    await settled(20);
    assert.equal(received(pair.server), 1024 * 1024);
    for (let i = 0; i < 10 && received(pair.server) < 8 * 1024 * 1024; i += 1) {
      pair.server.mux.consumed(ids.server, 1024 * 1024);
      pair.server.driver.wake();
      await settled(20);
    }
    assert.equal(received(pair.server), 8 * 1024 * 1024);
  });

  it('data that came during a rekey is handed on although the connection ends before the new keys', async () => {
    const pair = await loggedIn();
    const ids = await channel(pair);
    // The client asks for new keys, and the server, which has not seen that yet, sends its last words.
    pair.serverPipe.incoming.stalled = true;
    pair.client.machine.rekey();
    pair.client.driver.wake();
    await settled();
    pair.server.mux.write(ids.server, new Uint8Array(1000).fill(3));
    pair.server.driver.wake();
    await settled();
    assert.equal(received(pair.client), 1000);
    pair.serverPipe.outgoing.end();
    await settled();
    assert.deepEqual(codes(pair.client), ['TRANSPORT_CLOSED']);
    assert.equal(context(pair.client)['phase'], 'rekey');
  });

  it('many rekeys under load lose nothing', async () => {
    const pair = await loggedIn({}, {}, { bytes: 200_000 });
    const ids = await channel(pair);
    const total = 6 * 1024 * 1024;
    let consumed = 0;
    pair.client.mux.write(
      ids.client,
      new Uint8Array(total).map((_, i) => i % 251),
    );
    for (let i = 0; i < 100 && received(pair.server) < total; i += 1) {
      pair.client.driver.wake();
      await settled(10);
      const got = received(pair.server);
      if (got > consumed) pair.server.mux.consumed(ids.server, got - consumed);
      consumed = got;
      pair.server.driver.wake();
      await settled(2);
    }
    assert.deepEqual([codes(pair.client), codes(pair.server)], [[], []]);
    assert.equal(received(pair.server), total);
    let at = 0;
    for (const event of pair.server.events) {
      if (event.type !== 'data') continue;
      for (const byte of event.bytes) {
        if (byte !== at % 251) assert.fail(`byte ${at}`);
        at += 1;
      }
    }
    assert.ok(pair.client.log.filter((entry) => entry === 'rekeyed').length > 20);
  });

  it('a peer that asks without reading our answers is not read any further', async () => {
    const pair = await loggedIn();
    pair.clientPipe.outgoing.room = 0;
    pair.serverPipe.incoming.stalled = true;
    const ping = new Uint8Array(5 + 200_000);
    ping[0] = 192;
    new DataView(ping.buffer).setUint32(1, 200_000);
    for (let i = 0; i < 100 && pair.server.machine.transport.canSend; i += 1)
      pair.server.machine.transport.send(ping);
    pair.server.driver.wake();
    await settled(10);
    const { written } = pair.clientPipe.outgoing;
    assert.ok(written > 1_000_000 && written < 8_000_000, `${written} bytes of answers`);
    assert.ok(pair.clientPipe.incoming.queued > 5_000_000, 'the rest waits in the socket');
    pair.clientPipe.outgoing.release();
    pair.serverPipe.incoming.release();
    await settled(20);
    assert.equal(pair.clientPipe.incoming.queued, 0);
    assert.deepEqual(codes(pair.client), []);
  });
});

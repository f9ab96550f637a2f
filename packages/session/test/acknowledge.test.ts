import assert from 'node:assert/strict';
import { SessionMachine, type SessionParts } from '@nbs-ssh/session';
import { describe, it } from 'vitest';

const IGNORE = Uint8Array.of(2, 0, 0, 0, 0);

/** A session over a transport that only records, so that each state can be had without a peer. */
function session(acknowledge: boolean | undefined) {
  const sent: Uint8Array[] = [];
  const transport = { outputs: [] as unknown[], canSend: true, pending: [] as Uint8Array[] };
  const auth: unknown[] = [];
  const mux = {
    awaitsOpen: false,
    poll: () => undefined,
    receive: () => {},
    tick: () => {},
    identified: () => {},
  };
  const parts = {
    transport: {
      get canSend() {
        return transport.canSend;
      },
      get pendingBytes() {
        return transport.pending.length;
      },
      poll: () => transport.outputs.shift(),
      receive: () => {},
      hold: () => {},
      setAuthenticated: () => {},
      send: (payload: Uint8Array) => {
        sent.push(payload);
        transport.pending.push(payload);
      },
      takeBytes: () => transport.pending.shift(),
    },
    mux,
    createAuth: () => ({ poll: () => auth.shift(), tick: () => {}, receive: () => {}, resolve: () => {} }),
    ...(acknowledge === undefined ? {} : { acknowledge }),
  };
  const machine = new SessionMachine<unknown, unknown, unknown>(
    parts as unknown as SessionParts<unknown, unknown, unknown>,
  );
  const drain = (): void => {
    while (machine.poll(true) !== undefined);
  };
  transport.outputs.push({ type: 'ready', sessionId: new Uint8Array(32) });
  drain();
  /** Bytes come, with `messages` and `login` to follow from them. @returns what was sent because of it. */
  const hear = (...login: unknown[]): Uint8Array[] => {
    const before = sent.length;
    machine.receive(Uint8Array.of(1));
    transport.outputs.push({ type: 'message', payload: Uint8Array.of(51) });
    auth.push(...login);
    drain();
    return sent.slice(before);
  };
  return { machine, transport, mux, hear, drain, sent };
}

describe('the acknowledgement of a message that leaves nothing to say', () => {
  it('is sent at once while logging in, once for each arrival', () => {
    const { hear, drain, sent } = session(true);
    assert.deepEqual(hear(), [IGNORE]);
    drain();
    assert.equal(sent.length, 1);
    assert.deepEqual(hear(), [IGNORE]);
  });

  it('is not needed where an answer goes out', () => {
    const { hear } = session(true);
    const payload = Uint8Array.of(50, 1);
    assert.deepEqual(hear({ type: 'send', payload }), [payload]);
  });

  it('is not sent while somebody on our side is asked, and again after the answer', () => {
    const { machine, hear } = session(true);
    assert.deepEqual(hear({ type: 'effect', effect: {} }), []);
    machine.resolveAuth({});
    assert.deepEqual(hear(), [IGNORE]);
  });

  it('is never sent during a key exchange', () => {
    const { transport, hear } = session(true);
    transport.canSend = false;
    assert.deepEqual(hear(), []);
  });

  it('is sent after login only while a channel waits to be opened', () => {
    const { mux, hear } = session(true);
    hear({ type: 'success' });
    assert.deepEqual(hear(), []);
    mux.awaitsOpen = true;
    assert.deepEqual(hear(), [IGNORE]);
  });

  it('is left out unless it was asked for', () => {
    assert.deepEqual(session(undefined).hear(), []);
    assert.deepEqual(session(false).hear(), []);
  });
});

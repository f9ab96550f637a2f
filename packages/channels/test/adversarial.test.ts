// Cases of section G of the project's catalogue of adversarial cases, each test named after its case.
import { EMPTY, type TraceEvent, utf8 } from '@nbs-ssh/transport/wire';
import fc from 'fast-check';
import { assert, describe, it } from 'vitest';
import { type LocalChannelId, Multiplexer, type MultiplexerOptions } from '../src/index.ts';
import {
  ChannelOpen,
  ChannelOpenConfirmation,
  ChannelOpenFailure,
  GlobalRequest,
  RequestFailure,
  RequestSuccess,
} from '../src/messages.ts';
import {
  adjust,
  bare,
  data,
  drain,
  extended,
  failure,
  lone,
  ofType,
  PEER,
  pattern,
  request,
  Twin,
  throwsCode,
} from './twin.ts';

const confirmation = (recipient: number, sender: number, maxPacket = 1000, window = 1000): Uint8Array =>
  ChannelOpenConfirmation.encode({ recipient, sender, window, maxPacket, typeSpecific: EMPTY });
const refusal = (recipient: number, reason = 1, description = EMPTY): Uint8Array =>
  ChannelOpenFailure.encode({ recipient, reason, description, language: EMPTY });
const opening = (sender: number, channelType = 'session', maxPacket = 1000): Uint8Array =>
  ChannelOpen.encode({ channelType, sender, window: 1000, maxPacket, typeSpecific: EMPTY });
const global = (name: string, wantReply: boolean): Uint8Array =>
  GlobalRequest.encode({ name, wantReply, data: EMPTY });
const client = (options: Partial<MultiplexerOptions> = {}): Multiplexer =>
  new Multiplexer({ role: 'client', ...options });
const numbers = (sent: readonly Uint8Array[]): (number | undefined)[] => sent.map((payload) => payload[0]);

describe('T135 many channels', () => {
  it('10,000 channels that the peer refuses leave nothing behind', () => {
    const mux = client();
    for (let i = 0; i < 10_000; i += 1) {
      const id = mux.openChannel({ type: 'session' });
      mux.receive(refusal(id));
      assert.deepEqual(drain(mux).events, [{ type: 'open-failed', channel: id, reason: 1, description: '' }]);
      assert.equal(mux.channelCount, 0);
    }
  });

  it('10,000 channels of the peer that we refuse leave nothing behind, and its numbers are free again', () => {
    const mux = new Multiplexer({ role: 'server' });
    for (let i = 0; i < 10_000; i += 1) {
      mux.receive(opening(3));
      const [event] = ofType(drain(mux).events, 'open-request');
      mux.reject(event?.channel as LocalChannelId, 4, 'busy');
      const [payload] = drain(mux).sent;
      assert.deepEqual(payload, refusal(3, 4, utf8('busy')));
      assert.equal(mux.channelCount, 0);
    }
  });

  it('over the cap the peer gets OPEN_FAILURE(4) and the caller CHANNELS_LIMIT', () => {
    const mux = new Multiplexer({ role: 'server' });
    for (let i = 0; i < 1001; i += 1) mux.receive(opening(i));
    const { sent, events } = drain(mux);
    assert.equal(ofType(events, 'open-request').length, 1000);
    assert.deepEqual(sent, [refusal(1000, 4, utf8('too many channels'))]);
    throwsCode(() => mux.openChannel({ type: 'session' }), 'CHANNELS_LIMIT');
  });

  it('types nobody wants are refused here, and sessions towards a client always', () => {
    const mux = client({ wantedChannelTypes: ['forwarded-tcpip'] });
    for (const type of ['x11', 'session', 'forwarded-tcpip']) mux.receive(opening(type.length, type));
    const { sent, events } = drain(mux);
    assert.deepEqual(sent, [
      refusal(3, 3, utf8('channel type not accepted here')),
      refusal(7, 1, utf8('channel type not accepted here')),
    ]);
    assert.deepEqual(
      ofType(events, 'open-request').map(({ channelType }) => channelType),
      ['forwarded-tcpip'],
    );
  });

  it('a number the peer already uses is refused, in OPEN and in CONFIRMATION', () => {
    const server = lone('server');
    server.mux.receive(opening(PEER));
    assert.equal(failure(server.mux)?.code, 'CHANNELS_REMOTE_ID');
    const { mux } = lone('client');
    mux.receive(confirmation(mux.openChannel({ type: 'session' }), PEER));
    assert.equal(failure(mux)?.code, 'CHANNELS_REMOTE_ID');
  });
});

describe('T137 CONFIRMATION out of place', () => {
  const cases: readonly [string, string, () => Multiplexer][] = [
    ['for an unknown channel', 'CHANNELS_UNKNOWN_CHANNEL', () => client()],
    ['twice', 'CHANNELS_MESSAGE_UNEXPECTED', () => lone('client').mux],
    [
      'after FAILURE',
      'CHANNELS_UNKNOWN_CHANNEL',
      () => {
        const mux = client();
        mux.receive(refusal(mux.openChannel({ type: 'session' })));
        return mux;
      },
    ],
    [
      'after our CLOSE',
      'CHANNELS_MESSAGE_UNEXPECTED',
      () => {
        const { mux, id } = lone('client');
        mux.close(id);
        return mux;
      },
    ],
    [
      'after both CLOSEs',
      'CHANNELS_UNKNOWN_CHANNEL',
      () => {
        const { mux, id } = lone('client');
        mux.receive(bare(97, id));
        return mux;
      },
    ],
    [
      'for a channel that the peer opened itself',
      'CHANNELS_MESSAGE_UNEXPECTED',
      () => {
        const mux = new Multiplexer({ role: 'server' });
        mux.receive(opening(9));
        return mux;
      },
    ],
  ];
  for (const [name, code, make] of cases) {
    it(`${name} ends the connection with reason 2`, () => {
      const mux = make();
      drain(mux);
      mux.receive(confirmation(0, 1));
      const error = failure(mux);
      assert.deepEqual([error?.code, error?.disconnect], [code, 2]);
    });
  }
});

describe('maximum packet size', () => {
  it('of 0 is refused in CONFIRMATION and in OPEN, instead of waiting for ever', () => {
    const mux = client();
    mux.receive(confirmation(mux.openChannel({ type: 'session' }), 1, 0));
    assert.equal(failure(mux)?.code, 'CHANNELS_MAX_PACKET');
    const server = new Multiplexer({ role: 'server' });
    server.receive(opening(1, 'session', 0));
    assert.equal(failure(server)?.code, 'CHANNELS_MAX_PACKET');
  });

  it('of 1 works, one byte in each message', () => {
    const { mux, id } = lone('client', { peerMaxPacket: 1 });
    mux.write(id, Uint8Array.of(1, 2, 3));
    assert.deepEqual(
      drain(mux).sent,
      [1, 2, 3].map((byte) => data(PEER, Uint8Array.of(byte))),
    );
  });

  it('of ours is enforced', () => {
    const { mux, id } = lone('client', { limits: { maxPacket: 100 } });
    mux.receive(data(id, pattern(100)));
    assert.equal(failure(mux), undefined);
    mux.receive(data(id, pattern(101)));
    assert.equal(failure(mux)?.code, 'CHANNELS_DATA_LENGTH');
  });
});

describe('T138 OPEN_FAILURE', () => {
  it('with an unknown reason and terminal escapes becomes open-failed with printable text', () => {
    const mux = client();
    const id = mux.openChannel({ type: 'session' });
    mux.receive(refusal(id, 0xfffffffe, Uint8Array.of(0x1b, 0x5b, 0x32, 0x4a, 0xff)));
    assert.deepEqual(drain(mux).events, [
      { type: 'open-failed', channel: id, reason: 0xfffffffe, description: '\\x1b[2J\ufffd' },
    ]);
  });
});

describe('T139 data, EOF and requests where none belong', () => {
  for (const number of [94, 95, 96, 97, 98, 99, 100]) {
    const make = (id: number): Uint8Array =>
      number === 94
        ? data(id, pattern(1))
        : number === 95
          ? extended(id, 1, pattern(1))
          : number === 98
            ? request(id, 'shell', true)
            : bare(number, id);
    it(`message ${number} to an unknown or closed channel ends the connection and calls nobody`, () => {
      for (const target of ['unknown', 'closed']) {
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

  it('WINDOW_ADJUST to a channel that closed is ignored, to one that never was it is not', () => {
    const { mux, id } = lone('client');
    mux.receive(bare(97, id));
    drain(mux);
    mux.receive(adjust(id, 5));
    assert.deepEqual(drain(mux), { sent: [], events: [] });
    mux.receive(adjust(id + 1, 5));
    assert.equal(failure(mux)?.code, 'CHANNELS_UNKNOWN_CHANNEL');
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

describe('commands before the confirmation', () => {
  it('requests and data go out with it, in order, with the peer’s number', () => {
    const mux = client();
    const id = mux.openChannel({ type: 'session' });
    mux.request(id, { type: 'exec', command: 'cat' }, true);
    mux.write(id, pattern(3));
    mux.sendEof(id);
    assert.deepEqual(numbers(drain(mux).sent), [90]);
    mux.receive(confirmation(id, PEER));
    const { sent } = drain(mux);
    assert.deepEqual(numbers(sent), [98, 94, 96]);
    for (const payload of sent) assert.equal(payload[4], PEER);
  });
});

describe('exit status before the confirmation', () => {
  it('goes out after the data, with the peer’s number', () => {
    const mux = new Multiplexer({ role: 'server' });
    const id = mux.openChannel({ type: 'session' });
    mux.request(id, { type: 'exit-status', status: 1 }, false);
    mux.write(id, pattern(3));
    drain(mux);
    mux.receive(confirmation(id, PEER));
    const { sent } = drain(mux);
    assert.deepEqual(numbers(sent), [94, 98]);
    assert.equal(sent[1]?.[4], PEER);
  });
});

describe('T148 global requests', () => {
  it('a reply nobody asked for ends the connection', () => {
    for (const payload of [RequestSuccess.encode({ data: EMPTY }), RequestFailure.encode({})]) {
      const mux = client();
      mux.globalRequest('no-reply-wanted', EMPTY, false);
      drain(mux);
      mux.receive(payload);
      const error = failure(mux);
      assert.deepEqual([error?.code, error?.disconnect], ['CHANNELS_REPLY_UNEXPECTED', 2]);
    }
    const { mux, id } = lone('client');
    mux.receive(bare(99, id));
    assert.equal(failure(mux)?.code, 'CHANNELS_REPLY_UNEXPECTED');
  });

  it('1,000 in flight, answered out of order, get their own replies in order', () => {
    const twin = new Twin({}, { wantedGlobalRequests: ['echo'] });
    const ids = Array.from({ length: 1000 }, (_, i) => twin.client.globalRequest('echo', utf8(`${i}`), true));
    twin.pump();
    const asked = ofType(twin.serverEvents, 'global-request');
    assert.equal(asked.length, 1000);
    for (const { token, data: body } of asked.toReversed()) {
      if (token !== undefined) twin.server.replyGlobal(token, body.length % 2 === 1, body);
    }
    twin.pump();
    const replies = ofType(twin.clientEvents, 'global-reply');
    assert.deepEqual(
      replies.map((reply) => reply.request),
      ids,
    );
    replies.forEach((reply, i) => {
      const success = `${i}`.length % 2 === 1;
      assert.deepEqual([reply.success, reply.data], [success, success ? utf8(`${i}`) : EMPTY]);
    });
  });

  it('an answer given here waits for those the application still owes', () => {
    const mux = client({ wantedGlobalRequests: ['slow'] });
    mux.receive(global('slow', true));
    mux.receive(global('keepalive@openssh.com', true));
    const { sent, events } = drain(mux);
    assert.deepEqual(sent, []);
    const token = ofType(events, 'global-request')[0]?.token;
    if (token !== undefined) mux.replyGlobal(token, true);
    assert.deepEqual(numbers(drain(mux).sent), [81, 82]);
    if (token !== undefined) throwsCode(() => mux.replyGlobal(token, true), 'CHANNELS_TOKEN');
  });

  it('an answer that waits for its turn cannot be given twice', () => {
    const mux = client({ wantedGlobalRequests: ['slow'] });
    mux.receive(global('slow', true));
    mux.receive(global('slow', true));
    const token = ofType(drain(mux).events, 'global-request')[1]?.token;
    if (token === undefined) assert.fail('no token');
    mux.replyGlobal(token, true);
    throwsCode(() => mux.replyGlobal(token, false), 'CHANNELS_TOKEN');
  });

  it('T155 T156 keepalives and unknown requests get FAILURE, announcements nothing, and a flood is cut off', () => {
    const mux = client();
    mux.receive(global('hostkeys-00@openssh.com', false));
    mux.receive(global('unknown@example.org', false));
    assert.deepEqual(drain(mux), { sent: [], events: [] });
    for (let i = 0; i < 999; i += 1) mux.receive(global('keepalive@openssh.com', true));
    assert.deepEqual(new Set(numbers(drain(mux).sent)), new Set([82]));
    mux.receive(global('keepalive@openssh.com', true));
    assert.equal(failure(mux)?.code, 'CHANNELS_NOISE');
  });

  it('T155 after no-more-sessions a server refuses sessions', () => {
    const mux = new Multiplexer({ role: 'server' });
    mux.receive(global('no-more-sessions@openssh.com', false));
    mux.receive(opening(4));
    assert.deepEqual(drain(mux), { sent: [refusal(4, 1, utf8('no more sessions'))], events: [] });
  });

  it('more unanswered requests than the limit end the connection', () => {
    const mux = client({ wantedGlobalRequests: ['slow'], limits: { pendingReplies: 3 } });
    for (let i = 0; i < 4; i += 1) mux.receive(global('slow', true));
    assert.equal(failure(mux)?.code, 'CHANNELS_PENDING_REPLIES');
    const { mux: server, id } = lone('server', { limits: { pendingReplies: 3 } });
    for (let i = 0; i < 4; i += 1) server.receive(request(id, 'shell', true));
    assert.equal(failure(server)?.code, 'CHANNELS_PENDING_REPLIES');
  });
});

describe('channel requests', () => {
  it('are answered in the order they came, whatever the order of the answers', () => {
    const twin = new Twin();
    const [c, s] = twin.session();
    const first = twin.client.request(c, { type: 'env', name: 'A', value: 'b' }, true);
    const second = twin.client.request(c, { type: 'exec', command: 'ls' }, true);
    twin.pump();
    const [env, exec] = ofType(twin.serverEvents, 'request');
    assert.deepEqual(exec?.request, { type: 'exec', command: utf8('ls') });
    if (exec?.token !== undefined) twin.server.replyRequest(s, exec.token, true);
    twin.pump();
    assert.deepEqual(ofType(twin.clientEvents, 'request-reply'), []);
    if (env?.token !== undefined) twin.server.replyRequest(s, env.token, false);
    twin.pump();
    assert.deepEqual(ofType(twin.clientEvents, 'request-reply'), [
      { type: 'request-reply', channel: c, request: first, success: false },
      { type: 'request-reply', channel: c, request: second, success: true },
    ]);
  });

  it('T149 the first of several exit requests counts', () => {
    const { mux, id } = lone('client');
    mux.receive(request(id, 'exit-status', false, Uint8Array.of(0xff, 0xff, 0xff, 0xff)));
    mux.receive(request(id, 'exit-status', false, Uint8Array.of(0, 0, 0, 1)));
    assert.deepEqual(drain(mux).events, [
      {
        type: 'request',
        channel: id,
        request: { type: 'exit-status', status: 0xffffffff },
        token: undefined,
      },
    ]);
  });

  it('T149 an exit status on a channel that is no session, or towards a server, is not for us', () => {
    const mux = client();
    const id = mux.openChannel({ type: 'direct-tcpip' });
    mux.receive(confirmation(id, PEER));
    drain(mux);
    mux.receive(request(id, 'exit-status', true, Uint8Array.of(0, 0, 0, 1)));
    assert.deepEqual(drain(mux), { sent: [bare(100, PEER)], events: [] });
    const server = lone('server');
    server.mux.receive(request(server.id, 'exit-status', true, Uint8Array.of(0, 0, 0, 1)));
    assert.deepEqual(drain(server.mux), { sent: [bare(100, PEER)], events: [] });
  });

  it('T151 unknown ones, session requests towards a client and unfit pty modes get FAILURE', () => {
    const { mux, id } = lone('client');
    for (const name of ['keepalive@openssh.com', 'exec', 'x11-req', 'auth-agent-req@openssh.com']) {
      mux.receive(request(id, name, true));
    }
    mux.receive(request(id, 'eow@openssh.com', false));
    assert.deepEqual(drain(mux), { sent: Array.from({ length: 4 }, () => bare(100, PEER)), events: [] });
  });

  it('unknown ones in a flood end the connection, and so does window for a closed channel', () => {
    const { mux, id } = lone('client');
    for (let i = 0; i < 1001; i += 1) mux.receive(request(id, 'unknown@example.org', false));
    assert.equal(failure(mux)?.code, 'CHANNELS_NOISE');
    const closed = lone('client');
    closed.mux.receive(bare(97, closed.id));
    for (let i = 0; i < 1001; i += 1) closed.mux.receive(adjust(closed.id, 1));
    assert.equal(failure(closed.mux)?.code, 'CHANNELS_NOISE');
  });

  it('an answer for a channel that closed meanwhile is dropped', () => {
    const { mux, id } = lone('server');
    mux.receive(request(id, 'shell', true));
    const [event] = ofType(drain(mux).events, 'request');
    mux.receive(bare(97, id));
    drain(mux);
    if (event?.token !== undefined) mux.replyRequest(id, event.token, true);
    assert.deepEqual(drain(mux), { sent: [], events: [] });
  });
});

describe('traces', () => {
  it('tell the life of a channel with numbers and no data', () => {
    const trace: TraceEvent[] = [];
    const twin = new Twin({ trace: (event) => trace.push(event) });
    twin.client.tick(5);
    const [c, s] = twin.session();
    twin.client.request(c, { type: 'exec', command: 'secret command' }, true);
    twin.client.write(c, utf8('secret input'));
    twin.pump();
    twin.server.write(s, utf8('secret output'));
    twin.server.sendEof(s);
    twin.server.close(s);
    twin.pump();
    assert.deepEqual(
      trace.map(({ name }) => name),
      ['channels.open', 'channels.opened', 'channels.request', 'channels.eof', 'channels.closed'],
    );
    assert.deepEqual(trace.at(-1), {
      name: 'channels.closed',
      time: 5,
      fields: { channel: c, bytes_sent: 12, bytes_received: 13 },
    });
    assert.notInclude(JSON.stringify(trace), 'secret');
  });
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

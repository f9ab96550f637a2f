// Opening channels against every peer there may be. T-numbers are of the project's catalogue of adversarial cases.
import { utf8 } from '@nbs-ssh/transport/wire';
import { assert, describe, it } from 'vitest';
import { type LocalChannelId, Multiplexer } from '../src/index.ts';
import { client, confirmation, numbers, opening, refusal } from './support.ts';
import { bare, data, drain, failure, lone, ofType, PEER, pattern, throwsCode } from './twin.ts';

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

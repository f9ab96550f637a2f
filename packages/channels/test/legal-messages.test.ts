import { concat, EMPTY, utf8, WireWriter } from '@nbs-ssh/transport/wire';
import { assert, describe, it } from 'vitest';
import { type ChannelPhase, LEGAL_MESSAGES, type LocalChannelId, Multiplexer } from '../src/index.ts';
import {
  ChannelOpen,
  ChannelOpenConfirmation,
  ChannelOpenFailure,
  GlobalRequest,
  RequestFailure,
  RequestSuccess,
} from '../src/messages.ts';
import { adjust, bare, data, drain, extended, failure, lone, PEER, pattern, request } from './twin.ts';

/** One well-formed message of each number that names a channel. */
const SAMPLES: { readonly [number: number]: (id: number) => Uint8Array } = {
  91: (recipient) =>
    ChannelOpenConfirmation.encode({ recipient, sender: 5, window: 9, maxPacket: 9, typeSpecific: EMPTY }),
  92: (recipient) => ChannelOpenFailure.encode({ recipient, reason: 2, description: EMPTY, language: EMPTY }),
  93: (id) => adjust(id, 1),
  94: (id) => data(id, pattern(3)),
  95: (id) => extended(id, 1, pattern(3)),
  96: (id) => bare(96, id),
  97: (id) => bare(97, id),
  98: (id) => request(id, 'unknown@example.org', true),
  99: (id) => bare(99, id),
  100: (id) => bare(100, id),
};

/** A multiplexer with one channel in each phase, with a request open so that replies are not stray. */
const PHASES: { readonly [P in ChannelPhase]: () => { mux: Multiplexer; id: LocalChannelId } } = {
  opening: () => {
    const mux = new Multiplexer({ role: 'client' });
    return { mux, id: mux.openChannel({ type: 'session' }) };
  },
  offered: () => {
    const mux = new Multiplexer({ role: 'server' });
    mux.receive(
      ChannelOpen.encode({
        channelType: 'session',
        sender: PEER,
        window: 1,
        maxPacket: 1,
        typeSpecific: EMPTY,
      }),
    );
    return { mux, id: 0 as LocalChannelId };
  },
  open: () => {
    const channel = lone('client');
    channel.mux.request(channel.id, { type: 'shell' }, true);
    return channel;
  },
  'receive-ended': () => {
    const channel = PHASES.open();
    channel.mux.receive(bare(96, channel.id));
    return channel;
  },
  closing: () => {
    const channel = PHASES.open();
    channel.mux.close(channel.id);
    return channel;
  },
  closed: () => {
    const channel = PHASES.closing();
    channel.mux.receive(bare(97, channel.id));
    return channel;
  },
};

describe('legal messages per channel phase (T206 for this layer)', () => {
  for (const phase of Object.keys(PHASES) as ChannelPhase[]) {
    it(`${phase}: exactly the messages of the table are accepted`, () => {
      for (let number = 91; number <= 100; number += 1) {
        const { mux, id } = PHASES[phase]();
        drain(mux);
        mux.receive((SAMPLES[number] as (id: number) => Uint8Array)(id));
        const error = failure(mux);
        const stray = phase === 'closed' && [93, 99, 100].includes(number);
        if (LEGAL_MESSAGES[phase].includes(number) || stray) {
          assert.equal(error, undefined, `${number} in ${phase}`);
        } else {
          const code = phase === 'closed' ? 'CHANNELS_UNKNOWN_CHANNEL' : 'CHANNELS_MESSAGE_UNEXPECTED';
          assert.deepEqual([error?.code, error?.disconnect], [code, 2], `${number} in ${phase}`);
        }
      }
    });
  }

  it('closing: what still arrives is dropped, unanswered and told to nobody, until CLOSE', () => {
    for (const number of [93, 94, 95, 96, 98, 99]) {
      const { mux, id } = PHASES.closing();
      drain(mux);
      mux.receive((SAMPLES[number] as (id: number) => Uint8Array)(id));
      assert.deepEqual(drain(mux), { sent: [], events: [] }, String(number));
    }
  });

  it('numbers outside the connection protocol are refused', () => {
    for (let number = 0; number < 256; number += 1) {
      if ((number >= 80 && number <= 82) || (number >= 90 && number <= 100)) continue;
      const { mux } = lone('client');
      mux.receive(Uint8Array.of(number, 0, 0, 0, 0));
      assert.equal(failure(mux)?.code, 'CHANNELS_MESSAGE_UNKNOWN', String(number));
    }
  });
});

describe('every message cut at every byte, and with a byte too many', () => {
  const body = (write: (writer: WireWriter) => void): Uint8Array => {
    const writer = new WireWriter();
    write(writer);
    return writer.finish();
  };
  const open = { channelType: 'session', sender: 5, window: 9, maxPacket: 9, typeSpecific: EMPTY };
  const size = (w: WireWriter): WireWriter => w.u32(80).u32(24).u32(0).u32(0);
  type Case = readonly [
    name: string,
    phase: 'opening' | 'client' | 'server',
    (id: number) => Uint8Array,
    openEnded?: true,
  ];
  const cases: readonly Case[] = [
    [
      'GLOBAL_REQUEST',
      'client',
      () => GlobalRequest.encode({ name: 'x', wantReply: true, data: EMPTY }),
      true,
    ],
    ['REQUEST_SUCCESS', 'client', () => RequestSuccess.encode({ data: EMPTY }), true],
    ['REQUEST_FAILURE', 'client', () => RequestFailure.encode({})],
    ['CHANNEL_OPEN', 'server', () => ChannelOpen.encode(open), true],
    ['CHANNEL_OPEN_CONFIRMATION', 'opening', SAMPLES[91] as Case[2], true],
    [
      'T138 CHANNEL_OPEN_FAILURE',
      'opening',
      (recipient) =>
        ChannelOpenFailure.encode({ recipient, reason: 1, description: utf8('no'), language: utf8('en') }),
    ],
    ['CHANNEL_WINDOW_ADJUST', 'client', SAMPLES[93] as Case[2]],
    ['CHANNEL_DATA', 'client', SAMPLES[94] as Case[2]],
    ['CHANNEL_EXTENDED_DATA', 'client', SAMPLES[95] as Case[2]],
    ['CHANNEL_EOF', 'client', SAMPLES[96] as Case[2]],
    ['CHANNEL_CLOSE', 'client', SAMPLES[97] as Case[2]],
    ['CHANNEL_REQUEST', 'client', SAMPLES[98] as Case[2], true],
    ['CHANNEL_SUCCESS', 'client', SAMPLES[99] as Case[2]],
    ['CHANNEL_FAILURE', 'client', SAMPLES[100] as Case[2]],
    [
      'T149 exit-status',
      'client',
      (id) =>
        request(
          id,
          'exit-status',
          false,
          body((w) => w.u32(3)),
        ),
    ],
    [
      'T149 exit-signal',
      'client',
      (id) =>
        request(
          id,
          'exit-signal',
          false,
          body((w) => w.text('TERM').bool(false).text('m').text('en')),
        ),
    ],
    [
      'exec',
      'server',
      (id) =>
        request(
          id,
          'exec',
          true,
          body((w) => w.text('ls')),
        ),
    ],
    ['shell', 'server', (id) => request(id, 'shell', true)],
    [
      'subsystem',
      'server',
      (id) =>
        request(
          id,
          'subsystem',
          true,
          body((w) => w.text('sftp')),
        ),
    ],
    [
      'env',
      'server',
      (id) =>
        request(
          id,
          'env',
          true,
          body((w) => w.text('A').text('b')),
        ),
    ],
    ['window-change', 'server', (id) => request(id, 'window-change', false, body(size))],
    [
      'signal',
      'server',
      (id) =>
        request(
          id,
          'signal',
          false,
          body((w) => w.text('INT')),
        ),
    ],
    [
      'break',
      'server',
      (id) =>
        request(
          id,
          'break',
          false,
          body((w) => w.u32(500)),
        ),
    ],
    [
      'pty-req',
      'server',
      (id) =>
        request(
          id,
          'pty-req',
          true,
          body((w) => size(w.text('xterm')).string(Uint8Array.of(0))),
        ),
    ],
  ];

  for (const [name, phase, make, openEnded] of cases) {
    const fresh = (): { mux: Multiplexer; id: LocalChannelId } => {
      const channel = phase === 'opening' ? PHASES.opening() : lone(phase);
      if (phase !== 'opening') channel.mux.request(channel.id, { type: 'shell' }, true);
      channel.mux.globalRequest('g', EMPTY, true);
      drain(channel.mux);
      return channel;
    };

    it(`${name} is refused unless it is complete`, () => {
      const whole = fresh();
      const payload = make(whole.id);
      whole.mux.receive(payload);
      assert.equal(failure(whole.mux), undefined);
      for (let cut = 0; cut < payload.length; cut += 1) {
        const { mux } = fresh();
        mux.receive(payload.subarray(0, cut));
        const error = failure(mux);
        assert.deepEqual([error?.fault, error?.disconnect], ['peer', 2], `cut at ${cut}`);
        assert.match(error?.code ?? '', cut === 0 ? /^CHANNELS_MESSAGE_UNKNOWN$/ : /^WIRE_/, `cut at ${cut}`);
      }
    });

    it(`${name} with a byte too many is ${openEnded ? 'accepted, because its tail is open' : 'refused'}`, () => {
      const { mux, id } = fresh();
      mux.receive(concat(make(id), Uint8Array.of(0)));
      assert.equal(failure(mux)?.code, openEnded ? undefined : 'WIRE_TRAILING_BYTES');
    });
  }

  it('the hot-path encoders make what the layouts make', () => {
    const { mux, id } = lone('server');
    mux.write(id, pattern(5));
    mux.write(id, pattern(6), 'stderr');
    mux.sendEof(id);
    assert.deepEqual(drain(mux).sent, [
      data(PEER, pattern(5)),
      extended(PEER, 1, pattern(6)),
      bare(96, PEER),
    ]);
  });
});

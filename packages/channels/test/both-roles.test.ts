// Adversarial cases that must go the same way whoever is the client. T-numbers are of the project's catalogue.
import { EMPTY, utf8 } from '@nbs-ssh/transport/wire';
import { assert, describe, it } from 'vitest';
import { type LocalChannelId, Multiplexer } from '../src/index.ts';
import { ChannelOpen, ChannelOpenConfirmation } from '../src/messages.ts';
import { opening, refusal } from './support.ts';
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
} from './twin.ts';

const ROLES = ['client', 'server'] as const;
type Role = (typeof ROLES)[number];
const MAX = 0xffffffff;

/** A channel that we asked for, in either role, as a peer of these sizes confirms it. */
function opened(role: Role, window: number, maxPacket: number): { mux: Multiplexer; id: LocalChannelId } {
  const mux = new Multiplexer({ role });
  const id = mux.openChannel({ type: 'forwarded-tcpip' });
  const sizes = { window, maxPacket, typeSpecific: EMPTY };
  mux.receive(ChannelOpenConfirmation.encode({ recipient: id, sender: PEER, ...sizes }));
  return { mux, id };
}

/** A channel that a peer of these sizes asked for, granted when the peer lets it come so far. */
function granted(role: Role, window: number, maxPacket: number): { mux: Multiplexer; id: LocalChannelId } {
  const mux = new Multiplexer({ role, wantedChannelTypes: ['wanted'] });
  const sizes = { window, maxPacket, typeSpecific: EMPTY };
  mux.receive(ChannelOpen.encode({ channelType: 'wanted', sender: PEER, ...sizes }));
  const id = 0 as LocalChannelId;
  if (mux.channelCount === 1) mux.accept(id);
  return { mux, id };
}

const dataOnly = (sent: readonly Uint8Array[]): Uint8Array[] => sent.filter(([number]) => number === 94);

describe.each(ROLES)('a %s', (role) => {
  for (const [how, make] of [
    ['that it opened', opened],
    ['that it granted', granted],
  ] as const) {
    it(`T141 sends nothing into a window of 0 on a channel ${how}, until there is some`, () => {
      const { mux, id } = make(role, 0, 32_768);
      mux.write(id, pattern(5));
      mux.sendEof(id);
      assert.deepEqual(dataOnly(drain(mux).sent), []);
      mux.receive(adjust(id, 3));
      assert.deepEqual(drain(mux).sent, [data(PEER, pattern(3))]);
      mux.receive(adjust(id, MAX));
      assert.deepEqual(drain(mux).sent, [data(PEER, pattern(5).subarray(3)), bare(96, PEER)]);
    });

    it(`T141 takes a window of 2^32-1 on a channel ${how}, and not one byte more`, () => {
      const { mux, id } = make(role, MAX, 32_768);
      mux.receive(adjust(id, 0));
      assert.equal(failure(mux), undefined);
      mux.receive(adjust(id, 1));
      const error = failure(mux);
      assert.deepEqual([error?.code, error?.disconnect], ['CHANNELS_WINDOW_OVERFLOW', 2]);
    });

    it(`ends the connection over a maximum packet size of 0 of a channel ${how}`, () => {
      const error = failure(make(role, 1000, 0).mux);
      assert.deepEqual([error?.code, error?.disconnect], ['CHANNELS_MAX_PACKET', 2]);
    });
  }

  it('T135 refuses channels that nobody asked for, holds nothing of them, and ends a flood of them', () => {
    const mux = new Multiplexer({ role, wantedChannelTypes: [] });
    for (let i = 0; i < 1000; i += 1) {
      mux.receive(opening(i, ['x11', 'forwarded-tcpip', 'tun@openssh.com', ''][i % 4]));
      assert.deepEqual(drain(mux), {
        sent: [refusal(i, 3, utf8('channel type not accepted here'))],
        events: [],
      });
      assert.equal(mux.channelCount, 0);
    }
    mux.receive(opening(1000, 'x11'));
    assert.equal(failure(mux)?.code, 'CHANNELS_NOISE');
  });

  it('T139 calls nobody for data, EOF, requests and answers behind the CLOSE of the peer', () => {
    for (const late of [
      (id: number) => data(id, pattern(1)),
      (id: number) => extended(id, 1, pattern(1)),
      (id: number) => bare(96, id),
      (id: number) => bare(97, id),
      (id: number) => request(id, 'signal', false),
    ]) {
      const { mux, id } = lone(role);
      mux.receive(bare(97, id));
      drain(mux);
      mux.receive(late(id));
      const { sent, events } = drain(mux);
      assert.deepEqual(sent, []);
      assert.deepEqual(
        events.map((event) => event.type === 'failed' && event.error.code),
        ['CHANNELS_UNKNOWN_CHANNEL'],
      );
    }
  });

  it('T139 drops data that crossed its own CLOSE, and takes none behind an EOF', () => {
    const crossed = lone(role);
    crossed.mux.close(crossed.id);
    drain(crossed.mux);
    crossed.mux.receive(data(crossed.id, pattern(9)));
    crossed.mux.receive(bare(97, crossed.id));
    assert.deepEqual(drain(crossed.mux), { sent: [], events: [{ type: 'closed', channel: crossed.id }] });
    for (const make of [data, (id: number, bytes: Uint8Array) => extended(id, 1, bytes)]) {
      const { mux, id } = lone(role);
      mux.receive(bare(96, id));
      mux.receive(make(id, pattern(1)));
      assert.equal(failure(mux)?.code, 'CHANNELS_MESSAGE_UNEXPECTED');
    }
  });

  it('T142 gives window back for extended data of unknown types, also between data that is read slowly', () => {
    const { mux, id } = lone(role, { limits: { window: 1000 } });
    let granted = 1000;
    let unread = 0;
    for (let i = 0; i < 100; i += 1) {
      mux.receive(extended(id, [0, 2, 3, MAX][i % 4] as number, pattern(300)));
      mux.receive(data(id, pattern(100)));
      granted -= 400;
      unread += 100;
      if (unread > 200) {
        mux.consumed(id, 200);
        unread -= 200;
      }
      const { sent, events } = drain(mux);
      assert.equal(ofType(events, 'data').length, 1);
      assert.equal(ofType(events, 'failed').length, 0);
      for (const payload of sent) granted += new DataView(payload.buffer).getUint32(5);
      assert.isAbove(granted, 400, 'the window shrank');
    }
  });

  it('T145 never sends more than window and packet allow, whatever is written', () => {
    const { mux, id } = opened(role, 10, 4);
    mux.write(id, pattern(1000));
    assert.deepEqual(
      dataOnly(drain(mux).sent).map(({ length }) => length - 9),
      [4, 4, 2],
    );
    assert.equal(mux.queued(id), 990);
  });
});

// Who sends when several channels have data.
import { assert, describe, it } from 'vitest';
import type { LocalChannelId, Multiplexer } from '../src/index.ts';
import { confirmation } from './support.ts';
import { adjust, drain, lone, pattern } from './twin.ts';

const ENDLESS = 100_000_000;

/** Opens a channel whose peer takes messages of up to `maxPacket` bytes. */
function open(mux: Multiplexer, peer: number, maxPacket: number, window = ENDLESS): LocalChannelId {
  const id = mux.openChannel({ type: 'session' });
  mux.receive(confirmation(id, peer, maxPacket, window));
  drain(mux);
  return id;
}

/** The next data message. */
function next(mux: Multiplexer): { readonly channel: LocalChannelId; readonly length: number } {
  for (;;) {
    const output = mux.poll(true);
    if (output?.type === 'send-data') return { channel: output.channel, length: output.body.length };
    assert.notEqual(output, undefined, 'nothing is sent any more');
  }
}

describe('channels with much to send', () => {
  it('get the same number of bytes, whatever the sizes of their messages', () => {
    const { mux } = lone('client');
    const sizes = [32_768, 1000, 17, 20_000, 32_767];
    const ids = sizes.map((maxPacket, i) => open(mux, 100 + i, maxPacket));
    const sent = new Map(ids.map((id) => [id, 0]));
    for (const id of ids) mux.write(id, pattern(4_000_000));
    for (let total = 0; total < 10_000_000; ) {
      const { channel, length } = next(mux);
      sent.set(channel, (sent.get(channel) ?? 0) + length);
      total += length;
      const counts = [...sent.values()];
      assert.isAtMost(Math.max(...counts) - Math.min(...counts), 2 * 32_768);
    }
  });

  it('are not held up by one without window, which gets its share again when it has some', () => {
    const { mux } = lone('client');
    const stalled = open(mux, 100, 32_768, 5);
    const other = open(mux, 101, 32_768);
    for (const id of [stalled, other]) mux.write(id, pattern(4_000_000));
    const channels = Array.from({ length: 20 }, () => next(mux).channel);
    assert.equal(channels.filter((channel) => channel === stalled).length, 1);
    mux.receive(adjust(stalled, ENDLESS));
    const after = Array.from({ length: 20 }, () => next(mux).channel);
    assert.equal(after.filter((channel) => channel === stalled).length, 10);
  });

  it('let a keystroke through after one message at most, in the middle of a turn too', () => {
    const { mux } = lone('client');
    const key = open(mux, 99, 32_768);
    const bulk = [32_768, 1000, 1000].map((maxPacket, i) => open(mux, 100 + i, maxPacket));
    for (const id of bulk) mux.write(id, pattern(8_000_000));
    const counts = new Map<LocalChannelId, number>();
    for (let i = 0; i < 2000; i += 1) {
      if (i % 5 === 0) mux.write(key, pattern(1));
      for (let waited = 0; waited < 2; waited += 1) {
        const { channel, length } = next(mux);
        counts.set(channel, (counts.get(channel) ?? 0) + length);
        if (channel === key) break;
        assert.isTrue(waited === 0 || i % 5 !== 0, 'a keystroke waited for two messages');
      }
    }
    assert.equal(counts.get(key), 400);
    const shares = bulk.map((id) => counts.get(id) ?? 0);
    assert.isAtMost(Math.max(...shares) - Math.min(...shares), 2 * 32_768, 'and they still share');
  });
});

import fc from 'fast-check';
import { assert, describe, it } from 'vitest';
import type { LocalChannelId, Multiplexer } from '../src/index.ts';
import { creditAfterRead, ReceiveWindow } from '../src/window.ts';
import { WindowGrowth } from '../src/window-growth.ts';
import { confirmation } from './support.ts';
import { bare, data, drain, lone, pattern } from './twin.ts';

const MEBI = 1024 * 1024;

/** A sender that uses all the window it knows of, over a way of some length and width, and a reader. Steps of 1 ms. */
function run(
  options: {
    readonly roundTrip: number;
    /** Bytes per millisecond. */
    readonly rate: number;
    /** Bytes per millisecond that the reader takes. */
    readonly reader?: number;
    readonly first?: number;
    readonly cap?: number;
    readonly milliseconds?: number;
  },
  growth = new WindowGrowth(64 * MEBI),
): { readonly window: ReceiveWindow; readonly received: number } {
  const { roundTrip, rate, reader = Number.POSITIVE_INFINITY } = options;
  const { first = MEBI, cap = 16 * MEBI, milliseconds = 2000 } = options;
  const window = new ReceiveWindow(first, cap, growth);
  const grants: { at: number; bytes: number }[] = [{ at: roundTrip, bytes: first }];
  let allowed = 0;
  let received = 0;
  for (let now = 0; now < milliseconds; now += 1) {
    // What is granted now is used by what arrives a round trip later.
    while ((grants[0]?.at ?? Number.POSITIVE_INFINITY) <= now) allowed += grants.shift()?.bytes ?? 0;
    for (let room = Math.min(rate, allowed); room > 0; room -= 32_768) {
      const length = Math.min(room, 32_768);
      window.take(length, now);
      allowed -= length;
      received += length;
    }
    const granted = window.credit(Math.min(window.unread, reader), now, true);
    if (granted > 0) grants.push({ at: now + roundTrip, bytes: granted });
    assert.isAtMost(window.unread, window.size);
  }
  return { window, received };
}

describe('window credit', () => {
  it('waits for half the window and never exceeds what was consumed', () => {
    assert.equal(creditAfterRead(1000, 499), 0);
    assert.equal(creditAfterRead(1000, 500), 500);
    assert.equal(creditAfterRead(1, 1), 1);
  });

  it('neither creates nor loses a byte, also while the window grows', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1000 }),
        fc.array(fc.record({ step: fc.nat(600), elapsed: fc.nat(20), read: fc.boolean() })),
        (size, steps) => {
          const growth = new WindowGrowth(5000);
          growth.sample(30);
          const window = new ReceiveWindow(size, 4000, growth);
          let now = 0;
          let owed = 0;
          for (const { step, elapsed, read } of steps) {
            now += elapsed;
            window.take(Math.min(step, window.remaining), now);
            const consumed = Math.min(step, window.unread);
            const before = window.size;
            const added = window.credit(consumed, now, read);
            owed += consumed - (added - (window.size - before));
            assert.equal(window.remaining + window.unread + owed, window.size);
            assert.isBelow(owed * 2, window.size);
            assert.isAtMost(window.size, Math.max(size, 4000));
          }
        },
      ),
    );
  });
});

describe('a receive window', () => {
  it('grows to its cap on a long fast way, within a few round trips', () => {
    const { window, received } = run({ roundTrip: 50, rate: 200_000, milliseconds: 300 });
    assert.equal(window.size, 16 * MEBI);
    assert.isAbove(received, 16 * MEBI);
  });

  it('grows to some bandwidth-delay products, and not beyond them', () => {
    // 50 KB/ms for 20 ms are 1 MB.
    const { window } = run({ roundTrip: 20, rate: 50_000 });
    assert.isAtLeast(window.size, 2_000_000);
    assert.isAtMost(window.size, 5 * 1_000_000);
  });

  it('stays as it is where the way is short, however fast', () => {
    const growth = new WindowGrowth(64 * MEBI);
    growth.sample(0.3);
    assert.equal(run({ roundTrip: 1, rate: 500_000 }, growth).window.size, MEBI);
  });

  it('stays as it is for a peer that sends little', () => {
    const growth = new WindowGrowth(64 * MEBI);
    growth.sample(50);
    assert.equal(run({ roundTrip: 50, rate: 1000, milliseconds: 20_000 }, growth).window.size, MEBI);
  });

  it('does not grow for a reader that is slower than the way', () => {
    assert.equal(run({ roundTrip: 50, rate: 200_000, reader: 2000 }).window.size, MEBI);
  });

  it('does not grow for a reader that stops, and grows on when it is fast again', () => {
    const growth = new WindowGrowth(64 * MEBI);
    growth.sample(50);
    const window = new ReceiveWindow(MEBI, 16 * MEBI, growth);
    const half = MEBI / 2;
    for (let taken = 0; taken < MEBI; taken += half) window.take(half, 1);
    assert.equal(window.credit(MEBI, 2, true), MEBI);
    assert.equal(window.size, MEBI);
    let granted = 0;
    for (let taken = 0; taken < half; taken += 32_768) {
      window.take(32_768, 60);
      granted += window.credit(32_768, 60, true);
    }
    assert.isAbove(granted, half);
  });

  it('does not grow for bytes that nobody read', () => {
    const growth = new WindowGrowth(64 * MEBI);
    growth.sample(50);
    const window = new ReceiveWindow(MEBI, 16 * MEBI, growth);
    for (let now = 0; now < 1000; now += 1) {
      window.take(65_536, now);
      window.credit(65_536, now, false);
    }
    assert.equal(window.size, MEBI);
  });

  it('does not grow before anything is known of the way', () => {
    const window = new ReceiveWindow(1000, 100_000, new WindowGrowth(100_000));
    window.take(500, 7);
    assert.equal(window.credit(500, 7, true), 500);
  });

  it('grows with others together by no more than the budget, which comes back when they are gone', () => {
    const growth = new WindowGrowth(10 * MEBI);
    const windows = Array.from({ length: 8 }, () => run({ roundTrip: 50, rate: 200_000 }, growth).window);
    const grown = windows.map((window) => window.grown);
    assert.isAtMost(
      grown.reduce((sum, bytes) => sum + bytes, 0),
      10 * MEBI,
    );
    assert.equal(grown.at(-1), 0);
    for (const bytes of grown) growth.release(bytes);
    assert.isAbove(run({ roundTrip: 50, rate: 200_000 }, growth).window.size, 4 * MEBI);
  });
});

let now = 0;

/** Sends all that the window lets through, in bursts 50 ms apart, to a reader that keeps up. @returns the last window. */
function saturate(mux: Multiplexer, id: LocalChannelId, first: number): number {
  let granted = first;
  let received = 0;
  for (let round = 0; round < 8; round += 1) {
    now += 50;
    mux.tick(now);
    for (let left = granted - received; left > 0; left -= 10_000) {
      const length = Math.min(left, 10_000);
      mux.receive(data(id, pattern(length)));
      received += length;
      mux.consumed(id, length);
      for (const payload of drain(mux).sent) {
        if (payload[0] === 93) granted += new DataView(payload.buffer).getUint32(5);
      }
    }
  }
  return granted - received;
}

describe('the window of a channel', () => {
  const limits = { window: 100_000, maxWindow: 300_000, windowGrowth: 250_000 };
  const failed = (mux: Multiplexer): boolean => drain(mux).events.some(({ type }) => type === 'failed');

  for (const role of ['client', 'server'] as const) {
    it(`grows in the role of a ${role} by what the adjustments say, and no byte beyond them is taken`, () => {
      const { mux, id } = lone(role, { limits });
      const full = saturate(mux, id, 100_000);
      assert.isAtMost(full, 300_000);
      assert.isAbove(full, 150_000);
      for (let left = full; left > 0; left -= 10_000) mux.receive(data(id, pattern(Math.min(left, 10_000))));
      assert.isFalse(failed(mux));
      mux.receive(data(id, pattern(1)));
      assert.isTrue(failed(mux));
    });
  }

  it('does not grow when others have used up what the connection has, and does when they are gone', () => {
    const { mux, id } = lone('client', { limits });
    const open = (sender: number): LocalChannelId => {
      const next = mux.openChannel({ type: 'session' });
      mux.receive(confirmation(next, sender));
      drain(mux);
      return next;
    };
    assert.isAbove(saturate(mux, id, 100_000), 150_000);
    const second = open(78);
    assert.isAtMost(saturate(mux, second, 100_000), 100_000);
    for (const gone of [id, second]) mux.receive(bare(97, gone));
    assert.isAbove(saturate(mux, open(79), 100_000), 150_000);
  });
});

import { concat } from '@nbs-ssh/transport/wire';
import fc from 'fast-check';
import { assert, describe, it } from 'vitest';
import type { DataStream, LocalChannelId, Multiplexer } from '../src/index.ts';
import { adjust, data, drain, type Event, lone, ofType, pattern, Twin, throwsCode } from './twin.ts';

function received(events: readonly Event[], channel: LocalChannelId, stream: DataStream): Uint8Array {
  const parts = ofType(events, 'data').filter(
    (event) => event.channel === channel && event.stream === stream,
  );
  return concat(...parts.map((event) => event.bytes));
}

/** Gives back what came since the last call, in the reader's own steps. */
class Reader {
  #seen = 0;
  #due = 0;
  readonly #mux: Multiplexer;
  readonly #id: LocalChannelId;
  readonly #events: readonly Event[];

  constructor(mux: Multiplexer, id: LocalChannelId, events: readonly Event[]) {
    this.#mux = mux;
    this.#id = id;
    this.#events = events;
  }

  read(limit: number): number {
    for (; this.#seen < this.#events.length; this.#seen += 1) {
      const event = this.#events[this.#seen];
      if (event?.type === 'data' && event.channel === this.#id) this.#due += event.bytes.length;
    }
    const count = Math.min(limit, this.#due);
    this.#due -= count;
    this.#mux.consumed(this.#id, count);
    return count;
  }
}

describe('channel data, RFC 4254 §5.2', () => {
  it('arrives byte for byte whatever the sizes of writes, windows, packets and reads, with half-closes', () => {
    fc.assert(
      fc.property(
        fc.record({
          window: fc.integer({ min: 1, max: 5000 }),
          maxPacket: fc.integer({ min: 1, max: 3000 }),
          step: fc.integer({ min: 1, max: 4000 }),
          up: fc.array(fc.integer({ min: 0, max: 9000 }), { maxLength: 8 }),
          down: fc.array(fc.tuple(fc.integer({ min: 0, max: 9000 }), fc.boolean()), { maxLength: 8 }),
          clientEndsFirst: fc.boolean(),
          bursts: fc.boolean(),
        }),
        ({ window, maxPacket, step, up, down, clientEndsFirst, bursts }) => {
          const limits = { window, maxPacket };
          const twin = new Twin({ limits }, { limits });
          const [c, s] = twin.session();
          const expected = { up: [] as Uint8Array[], stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
          const writeUp = (): void => {
            up.forEach((length, i) => {
              const bytes = pattern(length, i);
              expected.up.push(bytes);
              twin.client.write(c, bytes);
              if (!bursts) twin.pump();
            });
            twin.client.sendEof(c);
          };
          const writeDown = (): void => {
            down.forEach(([length, stderr], i) => {
              const bytes = pattern(length, 100 + i);
              expected[stderr ? 'stderr' : 'stdout'].push(bytes);
              twin.server.write(s, bytes, stderr ? 'stderr' : undefined);
            });
            twin.server.request(s, { type: 'exit-status', status: 5 }, false);
            twin.server.sendEof(s);
          };
          if (clientEndsFirst) writeUp();
          writeDown();
          if (!clientEndsFirst) writeUp();
          const readers = [
            new Reader(twin.client, c, twin.clientEvents),
            new Reader(twin.server, s, twin.serverEvents),
          ];
          twin.pump();
          while (readers.reduce((sum, reader) => sum + reader.read(step), 0) > 0) twin.pump();
          twin.server.close(s);
          twin.client.close(c);
          twin.pump();

          assert.deepEqual(received(twin.serverEvents, s, 'stdout'), concat(...expected.up));
          assert.deepEqual(received(twin.clientEvents, c, 'stdout'), concat(...expected.stdout));
          assert.deepEqual(received(twin.clientEvents, c, 'stderr'), concat(...expected.stderr));
          for (const events of [twin.clientEvents, twin.serverEvents]) {
            const types = events.map((event) => event.type);
            assert.equal(types.filter((type) => type === 'eof').length, 1);
            assert.equal(types.filter((type) => type === 'closed').length, 1);
            assert.isAbove(types.indexOf('eof'), types.lastIndexOf('data'));
            assert.equal(types.at(-1), 'closed');
            assert.notInclude(types, 'failed');
          }
          assert.equal(twin.client.channelCount + twin.server.channelCount, 0);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('is sent as a view of what was written, in pieces of the peer’s maximum packet size', () => {
    const { mux, id } = lone('client', { peerMaxPacket: 10_000 });
    const bytes = pattern(25_000);
    mux.write(id, bytes);
    const sizes: number[] = [];
    for (let output = mux.poll(true); output !== undefined; output = mux.poll(true)) {
      if (output.type !== 'send-data') continue;
      assert.equal(output.body.buffer, bytes.buffer);
      sizes.push(output.body.length);
    }
    assert.deepEqual(sizes, [10_000, 10_000, 5000]);
  });

  it('never exceeds 32 KiB in one message, whatever the peer offers', () => {
    const { mux, id } = lone('client', { peerMaxPacket: 0xffffffff, peerWindow: 0xffffffff });
    mux.write(id, pattern(100_000));
    assert.deepEqual(
      drain(mux).sent.map((payload) => payload.length - 9),
      [32_768, 32_768, 32_768, 1696],
    );
  });

  it('gathers many small writes into few messages', () => {
    const { mux, id } = lone('server');
    const parts = Array.from({ length: 1000 }, (_, i) => pattern(20, i));
    for (const part of parts) mux.write(id, part);
    const { sent } = drain(mux);
    assert.equal(sent.length, 1);
    assert.deepEqual(sent[0]?.subarray(9), concat(...parts));
  });

  it('does not copy a big write because a small one follows', () => {
    const { mux, id } = lone('client');
    const big = pattern(10_000);
    mux.write(id, big);
    mux.write(id, pattern(10));
    const output = mux.poll(true);
    assert.equal(output?.type === 'send-data' && output.body.buffer, big.buffer);
  });

  it('keeps the order of stdout and stderr writes and never mixes them in one message', () => {
    const { mux, id } = lone('server');
    mux.write(id, pattern(1));
    mux.write(id, pattern(2));
    mux.write(id, pattern(3), 'stderr');
    mux.write(id, pattern(4));
    assert.deepEqual(
      drain(mux).sent.map((payload) => [payload[0], payload.length]),
      [
        [94, 12],
        [95, 16],
        [94, 13],
      ],
    );
  });

  it('waits while the transport is full, and control messages do not', () => {
    const { mux, id } = lone('client');
    mux.write(id, pattern(10));
    mux.request(id, { type: 'signal', signal: 'TERM' }, false);
    assert.deepEqual(
      drain(mux, false).sent.map((payload) => payload[0]),
      [98],
    );
    assert.deepEqual(
      drain(mux, true).sent.map((payload) => payload[0]),
      [94],
    );
  });
});

describe('fairness between channels', () => {
  const open = (twin: Twin, count: number): LocalChannelId[] =>
    Array.from({ length: count }, () => twin.session()[0]);
  const order = (twin: Twin, count: number): number[] => {
    const channels: number[] = [];
    while (channels.length < count) {
      const output = twin.client.poll(true);
      if (output?.type === 'send-data') channels.push(output.channel);
      if (output === undefined) break;
    }
    return channels;
  };

  it('bulk channels take turns, one message each', () => {
    const twin = new Twin();
    const [a, b, c] = open(twin, 3) as [LocalChannelId, LocalChannelId, LocalChannelId];
    for (const id of [a, b, c]) twin.client.write(id, pattern(200_000));
    assert.deepEqual(order(twin, 6), [a, b, c, a, b, c]);
  });

  it('a keystroke waits for at most one bulk message', () => {
    const twin = new Twin();
    const [bulk1, bulk2, shell] = open(twin, 3) as [LocalChannelId, LocalChannelId, LocalChannelId];
    twin.client.write(bulk1, pattern(500_000));
    twin.client.write(bulk2, pattern(500_000));
    for (let i = 0; i < 5; i += 1) {
      order(twin, 1);
      twin.client.write(shell, pattern(1));
      assert.include(order(twin, 2), shell);
    }
  });

  it('a flood of small writes leaves bulk every second message', () => {
    const twin = new Twin();
    const [bulk, a, b] = open(twin, 3) as [LocalChannelId, LocalChannelId, LocalChannelId];
    twin.client.write(bulk, pattern(1_000_000));
    let sentBulk = 0;
    for (let i = 0; i < 20; i += 1) {
      for (const id of [a, b]) if (twin.client.queued(id) === 0) twin.client.write(id, pattern(100));
      if (order(twin, 1)[0] === bulk) sentBulk += 1;
    }
    assert.isAtLeast(sentBulk, 9);
  });
});

describe('backpressure', () => {
  it('queued tells what is not sent, and writable comes once the queue fell to the low-water mark', () => {
    const { mux, id } = lone('client', { limits: { lowWater: 50_000 }, peerWindow: 1_000_000 });
    mux.write(id, pattern(120_000));
    assert.equal(mux.queued(id), 120_000);
    const seen: (string | number)[] = [];
    for (let output = mux.poll(true); output !== undefined; output = mux.poll(true)) {
      seen.push(output.type === 'send-data' ? mux.queued(id) : output.type);
    }
    assert.deepEqual(seen, [87_232, 54_464, 21_696, 'writable', 0]);
  });

  it('T158 a reader that stops holds the writer at one window, and gets on when it reads', () => {
    const window = 64 * 1024;
    const twin = new Twin({}, { limits: { window } });
    const [c, s] = twin.session();
    twin.client.write(c, pattern(1_000_000));
    twin.pump();
    assert.equal(received(twin.serverEvents, s, 'stdout').length, window);
    assert.equal(twin.client.queued(c), 1_000_000 - window);
    assert.equal(twin.pump(), 0);

    twin.server.consumed(s, window / 2 - 1);
    assert.equal(twin.pump(), 0, 'less than half a window is not credited');
    twin.server.consumed(s, 1);
    twin.pump();
    assert.equal(received(twin.serverEvents, s, 'stdout').length, window * 1.5);
  });

  it('T144 both ends with no window left are silent, and one read gets that direction going', () => {
    const limits = { window: 1000 };
    const twin = new Twin({ limits }, { limits });
    const [c, s] = twin.session();
    twin.client.write(c, pattern(5000));
    twin.server.write(s, pattern(5000));
    twin.pump();
    assert.equal(twin.client.poll(true), undefined);
    assert.equal(twin.server.poll(true), undefined);
    twin.server.consumed(s, 1000);
    twin.pump();
    assert.equal(twin.client.queued(c), 3000);
    assert.equal(twin.server.queued(s), 4000);
    twin.client.consumed(c, 1000);
    twin.pump();
    assert.equal(twin.server.queued(s), 3000);
  });

  it('consuming more than was handed out is the caller’s mistake', () => {
    const { mux, id } = lone('client');
    mux.receive(data(id, pattern(10)));
    throwsCode(() => mux.consumed(id, 11), 'CHANNELS_CREDIT');
    throwsCode(() => mux.consumed(id, -1), 'CHANNELS_CREDIT');
    throwsCode(() => mux.consumed(id, 0.5), 'CHANNELS_CREDIT');
    mux.consumed(id, 10);
  });
});

describe('T145 write lengths', () => {
  it('something that is not a Uint8Array, or lies about its length, is a TypeError and queues nothing', () => {
    const { mux, id } = lone('client');
    const liar = new Uint8Array(5);
    Object.defineProperty(liar, 'length', { value: 2 ** 32 + 5 });
    const liar53 = new Uint8Array(5);
    Object.defineProperty(liar53, 'length', { value: 2 ** 53 });
    const fakes: unknown[] = [liar, liar53, { length: 2 ** 53 }, 'text', new Uint16Array(2), undefined];
    for (const fake of fakes) assert.throws(() => mux.write(id, fake as Uint8Array), TypeError);
    assert.deepEqual(drain(mux).sent, []);
  });

  it('a queue of more than 2^32 bytes goes out in full', () => {
    const { mux, id } = lone('client', { peerWindow: 0xffffffff });
    const part = new Uint8Array(64 * 1024 * 1024);
    for (let i = 0; i < 65; i += 1) mux.write(id, part);
    const total = 65 * part.length;
    assert.equal(mux.queued(id), total);
    const take = (): number => {
      let sent = 0;
      for (let output = mux.poll(true); output !== undefined; output = mux.poll(true)) {
        if (output.type === 'send-data') sent += output.body.length;
      }
      return sent;
    };
    assert.equal(take(), 0xffffffff);
    mux.receive(adjust(id, 0xffffffff));
    assert.equal(take(), total - 0xffffffff);
    assert.equal(mux.queued(id), 0);
  });
});

describe('the memory behind received data', () => {
  for (const [length, copied] of [
    [1, true],
    [4095, true],
    [4096, false],
  ] as const) {
    it(`${length} bytes are ${copied ? 'a copy, which holds no more than itself' : 'a view of the message'}`, () => {
      const { mux, id } = lone('client');
      const memory = new Uint8Array(262_144);
      const message = data(id, pattern(length));
      memory.set(message);
      mux.receive(memory.subarray(0, message.length));
      const bytes = ofType(drain(mux).events, 'data')[0]?.bytes;
      assert.deepEqual(bytes, pattern(length));
      assert.equal(bytes?.buffer.byteLength, copied ? length : memory.length);
    });
  }
});

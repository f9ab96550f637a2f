import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { DirectionFaults, Segmentation } from './fault-plan.ts';
import { randomInteger } from './seeded-random.ts';

/** One direction of a proxied connection. Reads no faster than it may write. */
export class FaultPipe {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #faults: DirectionFaults;
  readonly #passed: (count: number) => void;
  /** Bytes written so far. */
  #offset = 0;
  /** Resolves when a stalled pipe may go on. */
  #gate: { readonly open: Promise<void>; readonly release: () => void } | undefined;
  #stallAfter: number;
  #ended = false;

  constructor(from: Socket, to: Socket, faults: DirectionFaults, passed: (count: number) => void) {
    this.#from = from;
    this.#to = to;
    this.#faults = faults;
    this.#passed = passed;
    this.#stallAfter = faults.stallAfter ?? Number.POSITIVE_INFINITY;
    // Reset and close reach both sockets by their own events; here they only end the loop.
    this.#run().catch(() => undefined);
  }

  stall(): void {
    if (this.#gate !== undefined) return;
    let release = (): void => undefined;
    const open = new Promise<void>((resolve) => {
      release = resolve;
    });
    this.#gate = { open, release };
  }

  resume(): void {
    this.#stallAfter = Number.POSITIVE_INFINITY;
    this.#gate?.release();
    this.#gate = undefined;
  }

  end(): void {
    this.#ended = true;
    this.#to.end();
  }

  async #run(): Promise<void> {
    // Not `for await`: leaving that loop would destroy the socket, and its other direction with it.
    for (let chunk = await this.#read(); chunk !== undefined; chunk = await this.#read()) {
      for (let rest = chunk; rest.length > 0 && !this.#ended; ) {
        if (this.#offset >= this.#stallAfter) this.stall();
        await this.#gate?.open;
        const length = this.#segmentLength(rest);
        await this.#write(rest.subarray(0, length));
        rest = rest.subarray(length);
        if (this.#offset === this.#faults.cutAfter) {
          this.#cut();
          return;
        }
      }
    }
    await this.#gate?.open;
    this.end();
  }

  /** Next chunk, or `undefined` at the sender's end. */
  async #read(): Promise<Buffer | undefined> {
    if (this.#faults.cutAfter === 0) {
      this.#cut();
      return undefined;
    }
    for (;;) {
      const chunk = this.#from.read() as Buffer | null;
      if (chunk !== null) return Buffer.from(chunk);
      if (this.#from.readableEnded || this.#from.destroyed) return undefined;
      await this.#change();
    }
  }

  /** Waits until there is something to read or nothing will come any more. Leaves no listener behind. */
  async #change(): Promise<void> {
    const over = new AbortController();
    const { signal } = over;
    const events = ['readable', 'end', 'close'].map((name) => once(this.#from, name, { signal }));
    try {
      await Promise.race(events);
    } finally {
      over.abort();
    }
  }

  #segmentLength(rest: Uint8Array): number {
    const limits = [
      wantedLength(this.#faults.segments, this.#offset),
      (this.#faults.cutAfter ?? Number.POSITIVE_INFINITY) - this.#offset,
      this.#stallAfter - this.#offset,
    ];
    return Math.min(rest.length, ...limits.filter((limit) => limit > 0));
  }

  async #write(segment: Buffer): Promise<void> {
    const { delayMs, corrupt = [], segments } = this.#faults;
    for (const { at, mask = 0xff } of corrupt) {
      const index = at - this.#offset;
      const byte = segment[index];
      if (byte !== undefined) segment[index] = byte ^ mask;
    }
    if (delayMs !== undefined) await delay(delayMs);
    await this.#gate?.open;
    this.#offset += segment.length;
    this.#passed(segment.length);
    if (!this.#to.write(segment)) await once(this.#to, 'drain');
    // Gives the receiver a turn, so that it sees this segment by itself more often than not.
    if (segments !== undefined) await new Promise((resolve) => setImmediate(resolve));
  }

  #cut(): void {
    const how = this.#faults.cutWith ?? 'close';
    if (how === 'half-close') {
      this.end();
      this.#from.resume();
    } else if (how === 'reset') {
      this.#to.resetAndDestroy();
      this.#from.resetAndDestroy();
    } else {
      this.#to.destroySoon();
      this.#from.destroy();
    }
  }
}

function wantedLength(segments: Segmentation | undefined, offset: number): number {
  switch (segments?.kind) {
    case undefined:
      return Number.POSITIVE_INFINITY;
    case 'bytewise':
      return 1;
    case 'random':
      return 1 + randomInteger(segments.random, segments.longest);
    case 'split-at':
      return Math.min(...segments.offsets.filter((at) => at > offset)) - offset;
    default:
      return segments satisfies never;
  }
}

/**
 * How many bandwidth-delay products a window should hold. One is used while data is on its way, half a window while
 * the credit for it is; the rest is for a reader and a network that are not quite regular.
 */
const HEADROOM = 4;
/** A window becomes at most so many times larger in one step: one burst alone must not take it to its limit. */
const STEP = 4;
/** A step that adds less than this part of the window is not worth it. */
const LEAST_STEP = 1 / 4;

/** What the reader of one window did since window was last granted. Bytes and milliseconds. */
export interface Consumption {
  readonly read: number;
  readonly elapsed: number;
}

/**
 * What the windows of one connection share: the round trip, and the bytes by which all of them together may grow.
 * The second bounds what a peer with many channels can make us hold when their readers stop after they were fast.
 */
export class WindowGrowth {
  #left: number;
  #roundTrip: number | undefined;

  /** @param budget - Bytes, for all windows of the connection. */
  constructor(budget: number) {
    this.#left = budget;
  }

  /**
   * Notes a time between something that we sent and something that the peer can have sent only after it, in
   * milliseconds. Each is at least a round trip, so the least of them is taken for it; 0 is less than a clock shows.
   */
  sample(elapsed: number): void {
    if (elapsed <= 0) return;
    if (this.#roundTrip === undefined || elapsed < this.#roundTrip) this.#roundTrip = elapsed;
  }

  /** @returns bytes by which a window of `size` grows, at most to `cap`; they are taken from the budget. */
  grow(size: number, cap: number, { read, elapsed }: Consumption): number {
    if (this.#roundTrip === undefined) return 0;
    const product = elapsed > 0 ? (read / elapsed) * this.#roundTrip : Number.POSITIVE_INFINITY;
    const wanted = Math.min(cap, size * STEP, Math.floor(product * HEADROOM));
    const added = Math.min(wanted - size, this.#left);
    if (added < size * LEAST_STEP) return 0;
    this.#left -= added;
    return added;
  }

  /** A window is gone that had grown by so many bytes. */
  release(bytes: number): void {
    this.#left += bytes;
  }
}

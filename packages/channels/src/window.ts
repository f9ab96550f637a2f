import type { WindowGrowth } from './window-growth.ts';

/** Largest window RFC 4254 §5.2 allows, in bytes. */
export const MAX_WINDOW = 0xffffffff;

/**
 * Says how many bytes of window to hand back after the reader consumed some.
 *
 * Waits until half the window is used, so a slow reader does not cost one SSH_MSG_CHANNEL_WINDOW_ADJUST
 * per read. RFC 4254 §5.2 leaves the threshold to us.
 *
 * @param window - Full receive window, in bytes.
 * @param consumed - Bytes read since the last adjustment.
 * @returns Bytes to add, or 0 for "not yet". Never more than `consumed`, so this alone cannot make the window grow.
 */
export function creditAfterRead(window: number, consumed: number): number {
  return consumed * 2 >= window ? consumed : 0;
}

/** A reader that ever has more than this part of the window unread does not keep up, and a larger one is no help. */
const KEPT_UP = 1 / 4;

/**
 * What the peer may still send us on one channel.
 *
 * It starts moderate and grows while the window is what holds the peer back: when the reader keeps up, and what it
 * reads in a round trip comes near the size. It never shrinks, since what was granted cannot be taken back.
 *
 * Invariant: `remaining + unread + #uncredited` is the full window, so memory per channel is bounded by it.
 */
export class ReceiveWindow {
  readonly #growth: WindowGrowth;
  readonly #first: number;
  readonly #cap: number;
  #size: number;
  #remaining: number;
  #unread = 0;
  #uncredited = 0;
  // Since the last grant, or the first byte before there was one:
  #since: number | undefined;
  #read = 0;
  #mostUnread = 0;
  /** Milliseconds in which the peer had no window left. */
  #stalled = 0;
  #lastTaken = 0;
  /** The oldest grant that the peer has not shown to know. `before` is what it may send without that, in bytes. */
  #unproven: { readonly at: number; before: number } | undefined;

  /** @param cap - Bytes to which it may grow. */
  constructor(size: number, cap: number, growth: WindowGrowth) {
    this.#size = size;
    this.#first = size;
    this.#cap = cap;
    this.#remaining = size;
    this.#growth = growth;
  }

  /** Full window, in bytes. */
  get size(): number {
    return this.#size;
  }

  /** Bytes by which it has grown. */
  get grown(): number {
    return this.#size - this.#first;
  }

  /** Bytes that the peer may send now. */
  get remaining(): number {
    return this.#remaining;
  }

  /** Bytes handed out that the reader has not consumed. */
  get unread(): number {
    return this.#unread;
  }

  /** Counts received bytes. The caller has checked that they fit {@link remaining}. */
  take(length: number, now: number): void {
    const since = this.#since ?? now;
    this.#since = since;
    const unproven = this.#unproven;
    if (unproven !== undefined && length <= unproven.before) unproven.before -= length;
    else if (unproven !== undefined) {
      this.#growth.sample(now - unproven.at);
      if (unproven.before === 0) this.#stalled += now - Math.max(this.#lastTaken, since);
      this.#unproven = undefined;
    }
    this.#lastTaken = now;
    this.#remaining -= length;
    this.#unread += length;
    this.#mostUnread = Math.max(this.#mostUnread, this.#unread);
  }

  /**
   * Counts bytes that the reader took, or that were dropped. The caller has checked that they fit {@link unread}.
   *
   * @param read - Whether a reader took them: nothing grows for what is thrown away.
   * @returns Bytes to announce in SSH_MSG_CHANNEL_WINDOW_ADJUST, already counted as granted; 0 for none.
   */
  credit(length: number, now: number, read: boolean): number {
    this.#unread -= length;
    this.#uncredited += length;
    if (read) this.#read += length;
    const consumed = creditAfterRead(this.#size, this.#uncredited);
    if (consumed === 0) return 0;
    this.#uncredited -= consumed;
    const granted = consumed + this.#grow(now);
    this.#unproven ??= { at: now, before: this.#remaining };
    this.#remaining += granted;
    this.#since = now;
    this.#read = 0;
    this.#stalled = 0;
    this.#mostUnread = this.#unread;
    return granted;
  }

  #grow(now: number): number {
    if (this.#mostUnread > this.#size * KEPT_UP) return 0;
    const elapsed = now - (this.#since ?? now) - this.#stalled;
    const added = this.#growth.grow(this.#size, this.#cap, { read: this.#read, elapsed });
    this.#size += added;
    return added;
  }
}

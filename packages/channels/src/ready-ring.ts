import type { Channel } from './channel.ts';
import { Fifo } from './fifo.ts';

/** A channel with no more than this queued, in bytes, counts as interactive. One keystroke, or a line. */
const INTERACTIVE = 1024;

/**
 * Channels that have both data and window, in the order they may send one message each.
 *
 * Interactive channels and bulk channels take turns with each other and among themselves: a keystroke waits for
 * at most one bulk message, and a flood of small writes still leaves bulk every second message.
 */
export class ReadyRing {
  readonly #interactive = new Fifo<Channel>();
  readonly #bulk = new Fifo<Channel>();
  #bulkNext = false;

  /** Puts `channel` at the end of its queue, unless it is in one. */
  add(channel: Channel): void {
    if (channel.inRing) return;
    channel.inRing = true;
    (channel.queued <= INTERACTIVE ? this.#interactive : this.#bulk).push(channel);
  }

  /** Takes the channel whose turn it is out of the ring. */
  next(): Channel | undefined {
    for (;;) {
      const first = this.#bulkNext ? this.#bulk : this.#interactive;
      const channel = first.shift() ?? (this.#bulkNext ? this.#interactive : this.#bulk).shift();
      if (channel === undefined) return undefined;
      channel.inRing = false;
      if (!channel.canSend) continue;
      this.#bulkNext = !this.#bulkNext;
      return channel;
    }
  }

  clear(): void {
    this.#interactive.clear();
    this.#bulk.clear();
  }
}

import type { Channel } from './channel.ts';
import { Fifo } from './fifo.ts';
import { MAX_SEND } from './messages.ts';

/** A channel with no more than this queued, in bytes, counts as interactive. One keystroke, or a line. */
const INTERACTIVE = 1024;
/** Bytes that a bulk channel sends before the next one: the longest message, so that channels with shorter ones get as much. */
const TURN = MAX_SEND;

/**
 * Channels that have both data and window, in the order they may send.
 *
 * Interactive channels and bulk channels take turns with each other and among themselves: a keystroke waits for
 * at most one bulk message, and a flood of small writes still leaves bulk every second message. Bulk channels share by
 * bytes, whatever the sizes of their messages: one that has sent beyond its turn gets less the next time.
 */
export class ReadyRing {
  readonly #interactive = new Fifo<Channel>();
  readonly #bulk = new Fifo<Channel>();
  #bulkNext = false;
  /** The bulk channel that sent last, unless an interactive one did. */
  #served: Channel | undefined;
  /** It again, while its turn is not over. */
  #again: Channel | undefined;

  /** Puts `channel` at the end of its queue, unless it is in one. */
  add(channel: Channel): void {
    if (channel.inRing) return;
    channel.inRing = true;
    if (channel === this.#served && channel.turn > 0) this.#again = channel;
    else (channel.queued <= INTERACTIVE ? this.#interactive : this.#bulk).push(channel);
  }

  /** Takes the channel whose turn it is out of the ring. */
  next(): Channel | undefined {
    for (;;) {
      const channel = this.#bulkNext
        ? (this.#nextBulk() ?? this.#nextInteractive())
        : (this.#nextInteractive() ?? this.#nextBulk());
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
    this.#served = undefined;
    this.#again = undefined;
  }

  #nextInteractive(): Channel | undefined {
    const channel = this.#interactive.shift();
    if (channel !== undefined) this.#served = undefined;
    return channel;
  }

  #nextBulk(): Channel | undefined {
    const again = this.#again;
    this.#again = undefined;
    const channel = again ?? this.#bulk.shift();
    if (channel !== undefined && channel !== again) channel.turn = Math.min(0, channel.turn) + TURN;
    if (channel !== undefined) this.#served = channel;
    return channel;
  }
}

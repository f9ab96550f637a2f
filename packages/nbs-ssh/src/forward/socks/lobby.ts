import { type SocksError, socksError } from '@nbs-ssh/channels';
import type { Clock } from '@nbs-ssh/session';

/** Milliseconds for a handshake from its first byte to the end of the request: a client on the same machine needs one. */
const TIMEOUT_MS = 10_000;
/**
 * Most clients of one port that may be in their handshake. One more makes the oldest go: whoever opens connections and
 * says nothing loses its own. Half of what a forward takes by default, because clients that come at once are all here before
 * the first of them has been heard: a program that opens 200 connections loses none.
 */
const MAX_WAITING = 256;

/** Clients of one port whose handshake is not over, oldest first. */
export class SocksLobby {
  readonly #clock: Clock;
  readonly #waiting = new Set<{ readonly drop: (error: SocksError) => void; readonly cancel: () => void }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /**
   * @param drop - Ends the client. Called once at most: when it is late, or has to make way.
   * @returns What the client calls when it has said what it wants, or is gone.
   */
  enter(drop: (error: SocksError) => void): () => void {
    const entry = {
      drop,
      cancel: this.#clock.after(TIMEOUT_MS, () => {
        leave();
        drop(socksError('SOCKS_TIMEOUT', { limitMs: TIMEOUT_MS }));
      }),
    };
    const leave = (): void => {
      entry.cancel();
      this.#waiting.delete(entry);
    };
    this.#waiting.add(entry);
    const [oldest] = this.#waiting;
    if (this.#waiting.size > MAX_WAITING && oldest !== undefined) {
      oldest.cancel();
      this.#waiting.delete(oldest);
      oldest.drop(socksError('SOCKS_CROWDED', { limit: MAX_WAITING }));
    }
    return leave;
  }
}

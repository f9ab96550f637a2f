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
 * @returns Bytes to add, or 0 for "not yet". Never more than `consumed`, so the window cannot grow.
 */
export function creditAfterRead(window: number, consumed: number): number {
  return consumed * 2 >= window ? consumed : 0;
}

/**
 * What the peer may still send us on one channel.
 *
 * Invariant: `remaining + unread + #uncredited` is the full window, so memory per channel is bounded by it.
 */
export class ReceiveWindow {
  /** Full window, in bytes. */
  readonly size: number;
  #remaining: number;
  #unread = 0;
  #uncredited = 0;

  constructor(size: number) {
    this.size = size;
    this.#remaining = size;
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
  take(length: number): void {
    this.#remaining -= length;
    this.#unread += length;
  }

  /**
   * Counts bytes that the reader took. The caller has checked that they fit {@link unread}.
   *
   * @returns Bytes to announce in SSH_MSG_CHANNEL_WINDOW_ADJUST, already counted as granted; 0 for none.
   */
  credit(length: number): number {
    this.#unread -= length;
    this.#uncredited += length;
    const grant = creditAfterRead(this.size, this.#uncredited);
    this.#uncredited -= grant;
    this.#remaining += grant;
    return grant;
  }
}

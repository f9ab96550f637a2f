/** Bytes that are kept for a reader who may never come: a protocol's complaints are a few lines. */
const KEPT_UNREAD = 65_536;

/**
 * A stream that may be read or left alone. Without a reader it never holds up the other stream of its channel, with
 * which it shares the window; once somebody reads, what is not taken stays at the server.
 */
export class SideOutput implements AsyncIterable<Uint8Array> {
  readonly #credit: (bytes: number) => void;
  readonly #held: { readonly bytes: Uint8Array; readonly credited: boolean }[] = [];
  #waiting: ((result: IteratorResult<Uint8Array, undefined>) => void) | undefined;
  #kept = 0;
  #reading = false;
  #ended = false;
  received = 0;

  /** @param credit - Gives window back. */
  constructor(credit: (bytes: number) => void) {
    this.#credit = credit;
  }

  push(bytes: Uint8Array): void {
    this.received += bytes.length;
    const fits = this.#kept + bytes.length <= KEPT_UNREAD;
    if (this.#ended || !this.#reading) this.#credit(bytes.length);
    if (this.#ended || !(this.#reading || fits)) return;
    if (!this.#reading) this.#kept += bytes.length;
    // A copy where it may lie for long: the view would keep a whole received chunk alive.
    this.#held.push({ bytes: this.#reading ? bytes : bytes.slice(), credited: !this.#reading });
    this.#serve();
  }

  /** Nothing more comes. */
  end(): void {
    this.#ended = true;
    this.#serve();
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    if (this.#reading) throw new TypeError('stderr can be iterated once');
    this.#reading = true;
    return {
      next: () =>
        new Promise((resolve) => {
          this.#waiting = resolve;
          this.#serve();
        }),
      return: async () => {
        this.#ended = true;
        for (const { bytes, credited } of this.#held.splice(0)) if (!credited) this.#credit(bytes.length);
        this.#serve();
        return { done: true, value: undefined };
      },
    };
  }

  #serve(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    const next = this.#held.shift();
    if (next === undefined && !this.#ended) return;
    this.#waiting = undefined;
    if (next === undefined) {
      waiting({ done: true, value: undefined });
      return;
    }
    if (!next.credited) this.#credit(next.bytes.length);
    waiting({ done: false, value: next.bytes });
  }
}

import { Fifo } from './fifo.ts';

/** Which of a session's two byte streams. `stderr` is SSH_EXTENDED_DATA_STDERR, RFC 4254 §5.2. */
export type DataStream = 'stdout' | 'stderr';

interface Chunk {
  readonly bytes: Uint8Array;
  readonly stream: DataStream;
}

/**
 * Writes smaller than this are gathered into one message. Below it one copy costs less than the packet, MAC and
 * cipher call it saves; above it the view is sent as it is.
 */
const GATHER_BELOW = 2048;

/** Bytes of one channel that wait for window, in the order they were written. Holds views, copies nothing big. */
export class SendQueue {
  readonly #chunks = new Fifo<Chunk>();
  #offset = 0;
  #length = 0;

  /** Bytes waiting. */
  get length(): number {
    return this.#length;
  }

  /** Stream of the bytes that {@link take} returns next. */
  get stream(): DataStream {
    return this.#chunks.at(0)?.stream ?? 'stdout';
  }

  push(bytes: Uint8Array, stream: DataStream): void {
    if (bytes.length === 0) return;
    this.#chunks.push({ bytes, stream });
    this.#length += bytes.length;
  }

  /** Removes up to `limit` bytes of one stream from the front. Call only when {@link length} is not 0. */
  take(limit: number): Uint8Array {
    const chunk = this.#chunks.at(0) as Chunk;
    const left = chunk.bytes.length - this.#offset;
    if (left < GATHER_BELOW && left < limit && this.#chunks.length > 1)
      return this.#gather(chunk, left, limit);
    const count = Math.min(left, limit);
    const body = chunk.bytes.subarray(this.#offset, this.#offset + count);
    if (count === left) this.#drop();
    else this.#offset += count;
    this.#length -= count;
    return body;
  }

  clear(): void {
    this.#chunks.clear();
    this.#offset = 0;
    this.#length = 0;
  }

  #gather(first: Chunk, left: number, limit: number): Uint8Array {
    let total = left;
    let count = 1;
    for (let next = this.#chunks.at(1); next !== undefined; next = this.#chunks.at(count)) {
      const { length } = next.bytes;
      if (next.stream !== first.stream || length >= GATHER_BELOW || total + length > limit) break;
      total += length;
      count += 1;
    }
    const body = new Uint8Array(total);
    body.set(this.#offset === 0 ? first.bytes : first.bytes.subarray(this.#offset));
    this.#drop();
    for (let at = left; at < total; ) {
      const { bytes } = this.#chunks.at(0) as Chunk;
      body.set(bytes, at);
      at += bytes.length;
      this.#drop();
    }
    this.#length -= total;
    return body;
  }

  #drop(): void {
    this.#chunks.shift();
    this.#offset = 0;
  }
}

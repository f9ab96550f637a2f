import { concat, fromUtf8Lossy } from '@nbs-ssh/transport/wire';
import { type Encoding, JOINED_PIECES, type Output, SMALL_PIECE } from './output.ts';

/** Collects one stream, copying large pieces only at the end. */
export class Collected {
  readonly #parts: Uint8Array[] = [];
  #tail = new Uint8Array(0);
  #tailLength = 0;
  bytes = 0;

  add(part: Uint8Array): void {
    this.bytes += part.length;
    if (part.length >= SMALL_PIECE) {
      this.#endTail();
      this.#parts.push(part);
      return;
    }
    if (this.#tailLength + part.length > this.#tail.length) {
      this.#endTail();
      this.#tail = new Uint8Array(JOINED_PIECES);
    }
    this.#tail.set(part, this.#tailLength);
    this.#tailLength += part.length;
  }

  as<E extends Encoding>(encoding: E): Output<E> {
    const all = concat(...this.#parts, this.#tail.subarray(0, this.#tailLength));
    return (encoding === 'bytes' ? all : fromUtf8Lossy(all)) as Output<E>;
  }

  #endTail(): void {
    if (this.#tailLength > 0) this.#parts.push(this.#tail.subarray(0, this.#tailLength));
    this.#tail = new Uint8Array(0);
    this.#tailLength = 0;
  }
}

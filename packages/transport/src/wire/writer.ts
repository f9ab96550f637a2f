import { utf8 } from './bytes.ts';

/** Appends RFC 4251 §5 types to one growing buffer. */
export class WireWriter {
  #bytes: Uint8Array;
  #length = 0;

  /** @param capacity - Bytes to start with; the buffer doubles when it is full. */
  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  u8(value: number): this {
    const at = this.#grow(1);
    this.#bytes[at] = value;
    return this;
  }

  u32(value: number): this {
    const at = this.#grow(4);
    const b = this.#bytes;
    b[at] = value >>> 24;
    b[at + 1] = value >>> 16;
    b[at + 2] = value >>> 8;
    b[at + 3] = value;
    return this;
  }

  u64(value: bigint): this {
    return this.u32(Number((value >> 32n) & 0xffffffffn)).u32(Number(value & 0xffffffffn));
  }

  bool(value: boolean): this {
    return this.u8(value ? 1 : 0);
  }

  /** Bytes as they are, without a length in front. */
  fixed(value: Uint8Array): this {
    const at = this.#grow(value.length);
    this.#bytes.set(value, at);
    return this;
  }

  string(value: Uint8Array): this {
    return this.u32(value.length).fixed(value);
  }

  text(value: string): this {
    return this.string(utf8(value));
  }

  /** @throws {RangeError} when `value` is negative. */
  mpint(value: bigint): this {
    return this.string(bigintToMpint(value));
  }

  /** The bytes written, as a view. The writer must not be used afterwards. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #grow(count: number): number {
    const at = this.#length;
    const needed = at + count;
    if (needed > this.#bytes.length) {
      const bigger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      bigger.set(this.#bytes.subarray(0, at));
      this.#bytes = bigger;
    }
    this.#length = needed;
    return at;
  }
}

/** Body of an `mpint`: big-endian, shortest form, a zero byte in front when the top bit is set. */
export function bigintToMpint(value: bigint): Uint8Array {
  if (value < 0n) throw new RangeError('negative mpint');
  if (value === 0n) return new Uint8Array(0);
  const length = Math.ceil(value.toString(16).length / 2);
  const plain = bigintToBytes(value, length);
  if ((plain[0] as number) < 0x80) return plain;
  const padded = new Uint8Array(length + 1);
  padded.set(plain, 1);
  return padded;
}

/**
 * Unsigned big-endian in exactly `length` bytes.
 *
 * @throws {RangeError} when `value` does not fit.
 */
export function bigintToBytes(value: bigint, length: number): Uint8Array {
  const hex = value.toString(16).padStart(length * 2, '0');
  if (value < 0n || hex.length > length * 2) throw new RangeError(`value does not fit ${length} bytes`);
  const out = new Uint8Array(length);
  for (let i = 0; i < length; i += 1) out[i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16);
  return out;
}

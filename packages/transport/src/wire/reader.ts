import { fromUtf8 } from './bytes.ts';
import { wireError } from './errors.ts';

/** Largest mpint we read: 16,384 bits and a sign byte, RFC 4251 §5. Nothing in SSH needs more. */
const MAX_MPINT = 2049;

/**
 * Reads RFC 4251 §5 types from front to back. Byte results are views of the input, not copies.
 *
 * Every read names its field, so that an error says what was being read and where.
 */
export class WireReader {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  /** @throws {WireError} `WIRE_SHORT_READ` */
  fixed(length: number, field: string): Uint8Array {
    const start = this.#offset;
    if (length > this.#bytes.length - start) {
      throw wireError('WIRE_SHORT_READ', { field, offset: start, needed: length - this.remaining });
    }
    this.#offset = start + length;
    return this.#bytes.subarray(start, start + length);
  }

  u8(field: string): number {
    const start = this.#offset;
    const value = this.#bytes[start];
    if (value === undefined) throw wireError('WIRE_SHORT_READ', { field, offset: start, needed: 1 });
    this.#offset = start + 1;
    return value;
  }

  u32(field: string): number {
    const start = this.#offset;
    const b = this.#bytes;
    if (start + 4 > b.length) {
      throw wireError('WIRE_SHORT_READ', { field, offset: start, needed: 4 - this.remaining });
    }
    this.#offset = start + 4;
    return (
      (((b[start] as number) << 24) |
        ((b[start + 1] as number) << 16) |
        ((b[start + 2] as number) << 8) |
        (b[start + 3] as number)) >>>
      0
    );
  }

  u64(field: string): bigint {
    return (BigInt(this.u32(field)) << 32n) | BigInt(this.u32(field));
  }

  /** Any value but 0 reads as true, as RFC 4251 §5 asks. */
  bool(field: string): boolean {
    return this.u8(field) !== 0;
  }

  /** `string`, RFC 4251 §5. A length beyond the end is refused before anything is allocated. */
  string(field: string): Uint8Array {
    const length = this.u32(field);
    return this.fixed(length, field);
  }

  /** @throws {WireError} `WIRE_UTF8` */
  text(field: string): string {
    const offset = this.#offset;
    const body = this.string(field);
    try {
      return fromUtf8(body);
    } catch {
      throw wireError('WIRE_UTF8', { field, offset });
    }
  }

  /** Non-negative `mpint` in its only canonical form, RFC 4251 §5. SSH has no use for negative ones. */
  mpint(field: string): bigint {
    const offset = this.#offset;
    const body = this.string(field);
    if (body.length > MAX_MPINT) {
      throw wireError('WIRE_LIMIT', { field, limit: MAX_MPINT, received: body.length });
    }
    const first = body[0];
    if (first === undefined) return 0n;
    const padded = first === 0 && ((body[1] ?? 0) & 0x80) === 0;
    if (first >= 0x80 || padded) throw wireError('WIRE_MPINT', { field, offset });
    return bytesToBigint(body);
  }

  /** Everything that is left. */
  rest(): Uint8Array {
    return this.fixed(this.remaining, 'rest');
  }

  /** @throws {WireError} `WIRE_TRAILING_BYTES` unless all bytes were read. */
  end(message: string): void {
    if (this.remaining !== 0) throw wireError('WIRE_TRAILING_BYTES', { message, count: this.remaining });
  }
}

/** Unsigned big-endian. */
export function bytesToBigint(bytes: Uint8Array): bigint {
  if (bytes.length === 0) return 0n;
  let hex = '0x';
  for (const byte of bytes) hex += byte.toString(16).padStart(2, '0');
  return BigInt(hex);
}

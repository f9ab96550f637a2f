import { bytesToBigint } from '@nbs-ssh/transport/wire';
import { invalid } from './errors.ts';

/** Tags that key files use, X.690 §8. */
export const TAG = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  sequence: 0x30,
} as const;

/** Constructed, context-specific: `[number]`. */
export const contextTag = (number: number): number => 0xa0 + number;

/** Deepest nesting read. PKCS#8 with an EC key inside needs 5. */
const MAX_DEPTH = 8;
/** Largest INTEGER in bytes: 16,384 bits and a sign byte, as for mpint. */
const MAX_INTEGER = 2049;
/** Longest object identifier in bytes. */
const MAX_OID = 32;

/**
 * Reads DER, X.690 §10, from front to back: definite minimal lengths, minimal integers, nothing after the end.
 *
 * It knows only what key files need; everything else is `AUTH_KEY_INVALID_FORMAT`. Results are views.
 */
export class DerReader {
  readonly #bytes: Uint8Array;
  readonly #format: string;
  readonly #depth: number;
  #offset = 0;

  /** @param format - What is being read, for errors: `PKCS#8`. */
  constructor(bytes: Uint8Array, format: string, depth = 0) {
    if (depth > MAX_DEPTH) throw invalid(format, `nested deeper than ${MAX_DEPTH}`);
    this.#bytes = bytes;
    this.#format = format;
    this.#depth = depth;
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  /** Tag of the next element without reading it. */
  peek(): number | undefined {
    return this.#bytes[this.#offset];
  }

  /** Contents of the next element, which must have `tag`. */
  element(tag: number, what: string): Uint8Array {
    const found = this.#byte(what);
    if (found !== tag) throw invalid(this.#format, `unexpected element where ${what} belongs`);
    const length = this.#length(what);
    if (length > this.remaining) throw invalid(this.#format, `${what} is cut short`);
    const start = this.#offset;
    this.#offset = start + length;
    return this.#bytes.subarray(start, start + length);
  }

  sequence(what: string): DerReader {
    return this.nested(TAG.sequence, what);
  }

  nested(tag: number, what: string): DerReader {
    return new DerReader(this.element(tag, what), this.#format, this.#depth + 1);
  }

  /** A non-negative INTEGER. */
  integer(what: string): bigint {
    const body = this.element(TAG.integer, what);
    const first = body[0];
    const padded = body.length > 1 && first === 0 && (body[1] as number) < 0x80;
    if (first === undefined || first >= 0x80 || padded) {
      throw invalid(this.#format, `${what} is not a non-negative integer in its shortest form`);
    }
    if (body.length > MAX_INTEGER) throw invalid(this.#format, `${what} is too large`);
    return bytesToBigint(body);
  }

  octetString(what: string): Uint8Array {
    return this.element(TAG.octetString, what);
  }

  /** A BIT STRING of whole bytes. */
  bitString(what: string): Uint8Array {
    const body = this.element(TAG.bitString, what);
    if (body[0] !== 0) throw invalid(this.#format, `${what} is not whole bytes`);
    return body.subarray(1);
  }

  /** In dotted form. */
  oid(what: string): string {
    const body = this.element(TAG.oid, what);
    if (body.length === 0 || body.length > MAX_OID || (body[body.length - 1] as number) >= 0x80) {
      throw invalid(this.#format, `${what} is not an object identifier`);
    }
    const arcs: bigint[] = [];
    let arc = 0n;
    for (const byte of body) {
      arc = (arc << 7n) | BigInt(byte & 0x7f);
      if (byte >= 0x80) continue;
      arcs.push(arc);
      arc = 0n;
    }
    const joined = arcs[0] as bigint;
    const top = joined < 80n ? joined / 40n : 2n;
    return [top, joined - top * 40n, ...arcs.slice(1)].join('.');
  }

  /** @throws {PrivateKeyError} unless everything was read. */
  end(what: string): void {
    if (this.remaining !== 0) throw invalid(this.#format, `bytes follow ${what}`);
  }

  #byte(what: string): number {
    const value = this.#bytes[this.#offset];
    if (value === undefined) throw invalid(this.#format, `${what} is missing`);
    this.#offset += 1;
    return value;
  }

  #length(what: string): number {
    const first = this.#byte(what);
    if (first < 0x80) return first;
    const count = first & 0x7f;
    // 0x80 alone would be BER's indefinite length; files are at most 1 MiB, so three bytes are plenty.
    if (count === 0 || count > 3) throw invalid(this.#format, `${what} has an unacceptable length`);
    let length = 0;
    for (let i = 0; i < count; i += 1) length = length * 256 + this.#byte(what);
    const shortest = length >= 0x80 && length >= 2 ** (8 * (count - 1));
    if (!shortest) throw invalid(this.#format, `the length of ${what} is not in its shortest form`);
    return length;
  }
}

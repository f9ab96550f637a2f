import { fromUtf8, utf8 } from './bytes.ts';
import { wireError } from './errors.ts';
import type { WireReader } from './reader.ts';
import type { WireWriter } from './writer.ts';

/** How one value of a message is read and written. */
export interface Field<T> {
  readonly read: (reader: WireReader, name: string) => T;
  readonly write: (writer: WireWriter, value: T) => void;
}

/** Longest name-list we read. OpenSSH's longest is under 2 KiB. */
const MAX_NAME_LIST = 16_384;
/** Most names in one list. */
const MAX_NAMES = 1024;

export const u8: Field<number> = { read: (r, name) => r.u8(name), write: (w, v) => void w.u8(v) };
export const u32: Field<number> = { read: (r, name) => r.u32(name), write: (w, v) => void w.u32(v) };
export const u64: Field<bigint> = { read: (r, name) => r.u64(name), write: (w, v) => void w.u64(v) };
export const bool: Field<boolean> = { read: (r, name) => r.bool(name), write: (w, v) => void w.bool(v) };
export const string: Field<Uint8Array> = {
  read: (r, name) => r.string(name),
  write: (w, v) => void w.string(v),
};
export const text: Field<string> = { read: (r, name) => r.text(name), write: (w, v) => void w.text(v) };
export const mpint: Field<bigint> = { read: (r, name) => r.mpint(name), write: (w, v) => void w.mpint(v) };
/** What follows the typed fields, for messages whose tail depends on an earlier field. */
export const rest: Field<Uint8Array> = { read: (r) => r.rest(), write: (w, v) => void w.fixed(v) };

export function fixed(length: number): Field<Uint8Array> {
  return { read: (r, name) => r.fixed(length, name), write: (w, v) => void w.fixed(v) };
}

/**
 * `name-list`, RFC 4251 §5: comma-separated US-ASCII names, empty list allowed.
 *
 * No name may be empty, and libssh before 0.11 ends its list of ciphers with a comma all the same. As no algorithm has
 * such a name, it is left out instead of ending the connection.
 */
export const nameList: Field<readonly string[]> = {
  read: (r, name) => {
    const offset = r.offset;
    const body = r.string(name);
    if (body.length === 0) return [];
    if (body.length > MAX_NAME_LIST) {
      throw wireError('WIRE_LIMIT', { field: name, limit: MAX_NAME_LIST, received: body.length });
    }
    for (const byte of body) {
      if (byte < 0x21 || byte > 0x7e) throw wireError('WIRE_NAME_LIST', { field: name, offset });
    }
    const names = fromUtf8(body).split(',');
    if (names.length > MAX_NAMES) {
      throw wireError('WIRE_LIMIT', { field: name, limit: MAX_NAMES, received: names.length });
    }
    return names.filter((found) => found !== '');
  },
  write: (w, value) => void w.string(utf8(value.join(','))),
};

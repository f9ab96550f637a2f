import { concat, EMPTY, utf8 } from '@nbs-ssh/transport/wire';

/** The one way of authorization that is forwarded, as `ssh` and every X server have it. */
export const MIT_MAGIC_COOKIE = 'MIT-MAGIC-COOKIE-1';
/** Bytes of such a cookie. */
export const COOKIE_LENGTH = 16;

/** Bytes before the name of the authorization, X11 protocol §8. */
const HEADER = 12;
const NAME: Uint8Array = /* @__PURE__ */ utf8(MIT_MAGIC_COOKIE);
/** Everything that a program sends which is authorized in this way: the header, name and cookie, each filled up to 4. */
const SETUP_LENGTH = HEADER + padded(MIT_MAGIC_COOKIE.length) + padded(COOKIE_LENGTH);

const BIG_ENDIAN = 0x42;
const LITTLE_ENDIAN = 0x6c;

/** What a program begins with: how it talks, and what it is authorized by. */
export interface X11Setup {
  readonly littleEndian: boolean;
  readonly major: number;
  readonly minor: number;
  readonly cookie: Uint8Array;
}

/** Why that cannot be handed on. */
export type X11SetupProblem =
  /** It does not begin as an X11 program does. */
  | 'malformed'
  /** It brings no authorization. */
  | 'no_authorization'
  /** It brings another one than {@link MIT_MAGIC_COOKIE}, or a cookie of another length. */
  | 'other_authorization';

export type X11SetupResult =
  /** `rest` is what came behind it in the same piece. */
  | { readonly type: 'setup'; readonly setup: X11Setup; readonly rest: Uint8Array }
  | { readonly type: 'refused'; readonly problem: X11SetupProblem };

/**
 * Reads the beginning of an X11 connection, X11 protocol §8. What cannot become the one form that is accepted is refused as
 * soon as the header is here, so no more than 48 bytes are ever kept.
 */
export class X11SetupReader {
  #held: Uint8Array = EMPTY;
  #result: X11SetupResult | undefined;

  /** @returns the result once it is known; the same again for what comes after it. */
  receive(bytes: Uint8Array): X11SetupResult | undefined {
    if (this.#result !== undefined) return this.#result;
    const needed = SETUP_LENGTH - this.#held.length;
    this.#held = concat(this.#held, bytes.subarray(0, needed));
    this.#result = read(this.#held, bytes.subarray(needed));
    return this.#result;
  }
}

function read(held: Uint8Array, rest: Uint8Array): X11SetupResult | undefined {
  const [order] = held;
  if (order === undefined) return undefined;
  if (order !== BIG_ENDIAN && order !== LITTLE_ENDIAN) return refused('malformed');
  if (held.length < HEADER) return undefined;
  const view = new DataView(held.buffer, held.byteOffset, held.length);
  const littleEndian = order === LITTLE_ENDIAN;
  const nameLength = view.getUint16(6, littleEndian);
  const cookieLength = view.getUint16(8, littleEndian);
  if (nameLength === 0 && cookieLength === 0) return refused('no_authorization');
  if (nameLength !== NAME.length || cookieLength !== COOKIE_LENGTH) return refused('other_authorization');
  if (held.length < SETUP_LENGTH) return undefined;
  const name = held.subarray(HEADER, HEADER + nameLength);
  if (!name.every((byte, at) => byte === NAME[at])) return refused('other_authorization');
  const cookieAt = HEADER + padded(nameLength);
  const setup = {
    littleEndian,
    major: view.getUint16(2, littleEndian),
    minor: view.getUint16(4, littleEndian),
    cookie: held.slice(cookieAt, cookieAt + COOKIE_LENGTH),
  };
  return { type: 'setup', setup, rest };
}

const refused = (problem: X11SetupProblem): X11SetupResult => ({ type: 'refused', problem });

/**
 * The same beginning with another cookie.
 *
 * @param cookie - `undefined` for none: a display that lets programs in by where they come from does not want one.
 * @throws {RangeError} when the cookie is longer than 65,535 bytes.
 */
export function encodeX11Setup(setup: X11Setup, cookie: Uint8Array | undefined): Uint8Array {
  const name = cookie === undefined ? EMPTY : NAME;
  const data = cookie ?? EMPTY;
  if (data.length > 0xffff) throw new RangeError(`a cookie of ${data.length} bytes`);
  const out = new Uint8Array(HEADER + padded(name.length) + padded(data.length));
  const view = new DataView(out.buffer);
  out[0] = setup.littleEndian ? LITTLE_ENDIAN : BIG_ENDIAN;
  view.setUint16(2, setup.major, setup.littleEndian);
  view.setUint16(4, setup.minor, setup.littleEndian);
  view.setUint16(6, name.length, setup.littleEndian);
  view.setUint16(8, data.length, setup.littleEndian);
  out.set(name, HEADER);
  out.set(data, HEADER + padded(name.length));
  return out;
}

function padded(length: number): number {
  return Math.ceil(length / 4) * 4;
}

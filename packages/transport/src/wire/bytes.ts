export const EMPTY: Uint8Array = /* @__PURE__ */ new Uint8Array(0);

const encoder = /* @__PURE__ */ new TextEncoder();
const strict = /* @__PURE__ */ new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const lenient = /* @__PURE__ */ new TextDecoder('utf-8', { ignoreBOM: true });

export const utf8 = (text: string): Uint8Array => encoder.encode(text);
/** @throws {TypeError} when `bytes` is not UTF-8. */
export const fromUtf8 = (bytes: Uint8Array): string => strict.decode(bytes);
/** Like {@link fromUtf8}, with U+FFFD for what is not UTF-8. For display only: it does not round-trip. */
export const fromUtf8Lossy = (bytes: Uint8Array): string => lenient.decode(bytes);

/** One fresh array with all `parts` in order. Not for loops over a stream: that would be quadratic. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}

/**
 * The same memory as a `Uint8Array` and nothing more. For bytes that come from outside: a subclass may change what
 * the methods mean, as Node's `Buffer` does, whose `slice` shares memory.
 */
export function plainBytes(bytes: Uint8Array): Uint8Array {
  if (bytes.constructor === Uint8Array) return bytes;
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Compares in time that depends on the lengths only. For every MAC, tag, hash and secret. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i += 1) difference |= (a[i] as number) ^ (b[i] as number);
  return difference === 0;
}

/** Overwrites key material. JavaScript may have moved copies; this removes the one we hold. */
export function wipe(...arrays: readonly Uint8Array[]): void {
  for (const array of arrays) array.fill(0);
}

export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}

/** @throws {TypeError} when `text` is not an even number of hex digits. */
export function fromHex(text: string): Uint8Array {
  if (!/^(?:[0-9a-f]{2})*$/i.test(text)) throw new TypeError('not hexadecimal');
  const out = new Uint8Array(text.length / 2);
  for (let i = 0; i < out.length; i += 1) out[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return out;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Standard base64 with padding, RFC 4648 §4. */
export function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const a = bytes[i] as number;
    const b = bytes[i + 1];
    const c = bytes[i + 2];
    const group = (a << 16) | ((b ?? 0) << 8) | (c ?? 0);
    text += (ALPHABET[group >> 18] as string) + (ALPHABET[(group >> 12) & 63] as string);
    text += b === undefined ? '=' : (ALPHABET[(group >> 6) & 63] as string);
    text += c === undefined ? '=' : (ALPHABET[group & 63] as string);
  }
  return text;
}

/**
 * Strict base64: no white space, correct padding, no stray bits.
 *
 * @returns `undefined` when `text` is anything else.
 */
export function fromBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  const digits = text.endsWith('==') ? text.length - 2 : text.endsWith('=') ? text.length - 1 : text.length;
  const out = new Uint8Array(Math.floor((digits * 3) / 4));
  let bits = 0;
  let group = 0;
  let offset = 0;
  for (let i = 0; i < digits; i += 1) {
    group = (group << 6) | digit(text.charCodeAt(i));
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out[offset] = group >> bits;
      offset += 1;
      group &= (1 << bits) - 1;
    }
  }
  return group === 0 ? out : undefined;
}

function digit(code: number): number {
  if (code >= 97) return code - 71;
  if (code >= 65) return code - 65;
  if (code >= 48) return code + 4;
  return code === 43 ? 62 : 63;
}

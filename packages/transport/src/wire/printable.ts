import { fromUtf8Lossy } from './bytes.ts';

/**
 * Makes text from the peer safe to print, log and store.
 *
 * Escapes C0, DEL, C1, bidirectional controls, zero-width characters, U+2028/9, the BOM, and lone surrogates:
 * everything that could move a cursor, reorder a line or hide a character. `\\` is escaped so the result is
 * unambiguous.
 *
 * @param input - Text, or bytes that are meant to be UTF-8.
 * @param limit - Characters kept before escaping; the rest becomes `…`.
 */
export function printable(input: string | Uint8Array, limit = 256): string {
  const text = typeof input === 'string' ? input : fromUtf8Lossy(input.subarray(0, limit * 4));
  const cut = text.length > limit;
  const escaped = (cut ? text.slice(0, limit) : text).replace(UNPRINTABLE, escapeCharacter);
  return cut ? `${escaped}…` : escaped;
}

const UNPRINTABLE =
  /[\\\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202f\u205f-\u206f\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

function escapeCharacter(character: string): string {
  if (character === '\\') return '\\\\';
  if (character === '\n') return '\\n';
  if (character === '\r') return '\\r';
  if (character === '\t') return '\\t';
  const code = character.charCodeAt(0);
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, '0')}`
    : `\\u${code.toString(16).padStart(4, '0')}`;
}

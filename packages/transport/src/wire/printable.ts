import { fromUtf8Lossy } from './bytes.ts';

/**
 * Makes text from the peer safe to print, log and store.
 *
 * Escapes C0, DEL, C1, bidirectional controls, zero-width characters, invisible fillers and tags, U+2028/9, the BOM,
 * and lone surrogates: everything that could move a cursor, reorder a line or hide a character. `\\` is escaped so the result is
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

/** Controls, format characters, lone surrogates, line separators; then fillers that Unicode counts as letters. */
const UNPRINTABLE = /[\\\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u115f\u1160\u205f\u3164\uffa0\u{e0000}-\u{e0fff}]/gu;

function escapeCharacter(character: string): string {
  if (character === '\\') return '\\\\';
  if (character === '\n') return '\\n';
  if (character === '\r') return '\\r';
  if (character === '\t') return '\\t';
  const code = character.codePointAt(0) as number;
  const hex = code.toString(16);
  if (code < 0x100) return `\\x${hex.padStart(2, '0')}`;
  return code > 0xffff ? `\\u{${hex}}` : `\\u${hex.padStart(4, '0')}`;
}

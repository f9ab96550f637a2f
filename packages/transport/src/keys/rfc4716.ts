import { fromBase64, toBase64, utf8 } from '../wire/index.ts';
import { keysError } from './errors.ts';
import type { PublicKeyLine } from './line.ts';
import { parsePublicKey } from './public-key.ts';
import type { PublicKey } from './types.ts';

const BEGIN = '---- BEGIN SSH2 PUBLIC KEY ----';
const END = '---- END SSH2 PUBLIC KEY ----';
/** Longest line we write, in bytes without its end: RFC 4716 §3. Longer ones are read, because puttygen writes them. */
const LINE = 72;
/** Longest header value, in bytes: RFC 4716 §3.3. */
const MAX_VALUE = 1024;
/** Longest text we look at, in characters: the longest certificate takes 87,400, the rest is for headers. */
const MAX_TEXT = 131_072;
/** Characters of base64 in a line, as ssh-keygen writes them. */
const BASE64_LINE = 70;

/** Says whether `text` is a public key in the format of RFC 4716, and no `.pub` line or PEM. */
export const isRfc4716 = (text: string): boolean => text.trimStart().startsWith(BEGIN);

/**
 * Reads a public key file of RFC 4716, as PuTTY, ssh.com and `ssh-keygen -e` write them.
 *
 * The comment loses the quotation marks that most programs put around it. Other headers are skipped.
 *
 * @param read - What may stand there, see `parsePublicKeyLine`. Default: only plain keys.
 * @throws {KeysError} as `read` does; `KEYS_MALFORMED` when the text is not of this format.
 */
export function parseRfc4716<Key extends PublicKey = PublicKey>(
  text: string,
  read: (blob: Uint8Array) => Key,
): PublicKeyLine<Key>;
export function parseRfc4716(text: string): PublicKeyLine;
export function parseRfc4716(
  text: string,
  read: (blob: Uint8Array) => PublicKey = parsePublicKey,
): PublicKeyLine {
  if (text.length > MAX_TEXT) throw malformed('length');
  const lines = text
    .trim()
    .split('\n')
    .map((line) => line.trimEnd());
  if (lines.length < 3 || lines[0] !== BEGIN || lines.at(-1) !== END) throw malformed('markers');
  const { comment, next } = readHeaders(lines);
  const blob = fromBase64(lines.slice(next, -1).join(''));
  if (blob === undefined || blob.length === 0) throw malformed('base64');
  return { publicKey: read(blob), comment };
}

/**
 * The text of a public key file of RFC 4716, with a final newline: what ssh.com's and some vendors' servers want.
 *
 * @throws {RangeError} when the comment has a line break or NUL, or takes more than 1024 bytes.
 */
export function formatRfc4716(publicKey: PublicKey, comment = ''): string {
  const lines = [BEGIN];
  if (comment !== '') lines.push(...headerLines(comment));
  const base64 = toBase64(publicKey.blob);
  for (let at = 0; at < base64.length; at += BASE64_LINE) lines.push(base64.slice(at, at + BASE64_LINE));
  lines.push(END, '');
  return lines.join('\n');
}

/** A header has a colon, which base64 never has; a line that ends with `\` goes on in the next. */
function readHeaders(lines: readonly string[]): { readonly comment: string; readonly next: number } {
  let comment = '';
  let next = 1;
  while (lines[next]?.includes(':') === true) {
    let header = lines[next] as string;
    next += 1;
    while (header.endsWith('\\')) {
      const more = lines[next];
      if (more === undefined || more === END) throw malformed('header');
      header = header.slice(0, -1) + more;
      next += 1;
    }
    const colon = header.indexOf(':');
    if (header.slice(0, colon).toLowerCase() === 'comment')
      comment = unquoted(header.slice(colon + 1).trim());
  }
  return { comment, next };
}

function unquoted(value: string): string {
  const quoted = value.length >= 2 && value.startsWith('"') && value.endsWith('"');
  return quoted ? value.slice(1, -1).replace(/\\(["\\])/g, '$1') : value;
}

function headerLines(comment: string): readonly string[] {
  if (/[\r\n\0]/.test(comment)) throw new RangeError('a comment must not contain line breaks');
  const value = `"${comment.replace(/["\\]/g, '\\$&')}"`;
  if (utf8(value).length > MAX_VALUE) throw new RangeError(`a comment may take ${MAX_VALUE} bytes`);
  const lines: string[] = [];
  let line = 'Comment: ';
  let length = line.length;
  for (const character of value) {
    const more = utf8(character).length;
    // One byte is kept for the backslash that continues the line.
    if (length + more > LINE - 1) {
      lines.push(`${line}\\`);
      line = '';
      length = 0;
    }
    line += character;
    length += more;
  }
  return [...lines, line];
}

const malformed = (part: string): Error => keysError('KEYS_MALFORMED', { keyType: 'unknown', part });

import { printable, toBase64, toHex, utf8 } from '@nbs-ssh/transport/wire';

/** A form in which a secret may appear. */
export interface Form {
  readonly text: string;
  /** `base64`: characters next to a hit hold bits of the secret too. `word`: a hit counts only as a whole word. */
  readonly edge: 'exact' | 'base64' | 'word';
}

/** Secrets shorter than this are removed only where they stand alone: `abc` inside a word is no leak. */
const SHORT = 4;
/** Longer secrets are searched in parts, so that one that is cut off is still found. */
const PART = 256;
/** A line of a multi-line secret that is worth a search of its own, in characters. */
const LINE = 16;

/** Every form in which `secret` is searched for. None for the empty string. */
export function formsOf(secret: string): readonly Form[] {
  const forms = new Map<string, Form>();
  const add = (text: string, edge: Form['edge']): void => {
    if (text !== '' && !forms.has(text)) forms.set(text, { text, edge });
  };
  for (const part of partsOf(secret)) {
    if (part.length < SHORT) {
      add(part, 'word');
      continue;
    }
    for (const normal of new Set([part, part.normalize('NFC'), part.normalize('NFD')])) {
      for (const text of escapes(normal)) add(text, 'exact');
      for (const bytes of [utf8(normal), utf16(normal)]) {
        for (const text of hexes(bytes)) add(text, 'exact');
        for (const text of base64s(bytes)) add(text, 'base64');
      }
    }
  }
  return [...forms.values()];
}

/** Forms of a secret that is not text. */
export function formsOfBytes(bytes: Uint8Array): readonly Form[] {
  if (bytes.length < SHORT) return [];
  const exact = hexes(bytes).map((text): Form => ({ text, edge: 'exact' }));
  return [...exact, ...base64s(bytes).map((text): Form => ({ text, edge: 'base64' }))];
}

function partsOf(secret: string): readonly string[] {
  const parts = new Set<string>();
  if (secret.length <= PART) parts.add(secret);
  const lines = secret.split(/[\r\n]+/);
  if (lines.length > 1 || secret.length > PART) {
    for (const line of lines) {
      if (line.length < LINE || line.startsWith('-----')) continue;
      for (let at = 0; at < line.length; at += PART) parts.add(line.slice(at, at + PART));
    }
  }
  // A long secret of short lines only: the whole, in pieces.
  if (parts.size === 0) {
    for (let at = 0; at < secret.length; at += PART) parts.add(secret.slice(at, at + PART));
  }
  return [...parts];
}

function escapes(text: string): readonly string[] {
  const json = JSON.stringify(text).slice(1, -1);
  const percent = percentEncoded(text);
  return [
    text,
    json,
    JSON.stringify(json).slice(1, -1),
    printable(text, text.length),
    text.replaceAll("'", "'\\''"),
    text.replace(/[\\"$`]/g, '\\$&'),
    text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;'),
    percent,
    percent.replaceAll('%20', '+'),
    percent.replace(/%[0-9A-F]{2}/g, (hex) => hex.toLowerCase()),
    toHex(utf8(text)).replace(/../g, '%$&'),
    toHex(utf8(text)).toUpperCase().replace(/../g, '%$&'),
  ];
}

/** As `encodeURIComponent`, which throws on lone surrogates. */
function percentEncoded(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    return toHex(utf8(text)).toUpperCase().replace(/../g, '%$&');
  }
}

function hexes(bytes: Uint8Array): readonly string[] {
  const lower = toHex(bytes);
  const both = [lower, lower.toUpperCase()];
  return both.flatMap((hex) => [hex, hex.match(/../g)?.join(':') ?? '', hex.match(/../g)?.join(' ') ?? '']);
}

/** The characters that depend on nothing but the secret, for each place it may have in a group of three bytes. */
function base64s(bytes: Uint8Array): readonly string[] {
  const forms = [0, 1, 2].map((shift) => {
    const shifted = new Uint8Array(shift + bytes.length);
    shifted.set(bytes, shift);
    return toBase64(shifted).slice(Math.ceil((shift * 8) / 6), Math.floor((shifted.length * 8) / 6));
  });
  const wide = forms.filter((form) => form.length >= SHORT);
  return [...wide, ...wide.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'))];
}

function utf16(text: string): Uint8Array {
  const out = new Uint8Array(text.length * 2);
  for (let i = 0; i < text.length; i += 1) {
    out[2 * i] = text.charCodeAt(i) & 0xff;
    out[2 * i + 1] = text.charCodeAt(i) >> 8;
  }
  return out;
}

import { fromUtf8, Secret, toHex } from '@nbs-ssh/transport/wire';
import { type Form, formsOf, formsOfBytes } from './encodings.ts';
import { OURS, type Tally } from './mark.ts';
import { Matcher } from './matcher.ts';
import type { Span } from './pem.ts';

/** Shorter secrets are not looked for across the border of two texts: they would be found by chance. */
const SPLIT_FROM = 6;

/** The secrets of a session, to be found again in any form. */
export class ExactSecrets {
  readonly #matcher = new Matcher<Form>();
  readonly #known = new Set<string>();

  get size(): number {
    return this.#known.size;
  }

  add(secret: string | Secret | Uint8Array): void {
    const value = secret instanceof Secret ? secret.reveal() : secret;
    const text = typeof value === 'string' ? value : textOf(value);
    if (text === undefined) {
      this.#known.add(toHex(value as Uint8Array));
      for (const form of formsOfBytes(value as Uint8Array)) this.#matcher.add(form.text, form);
      return;
    }
    if (text === '' || this.#known.has(text)) return;
    this.#known.add(text);
    for (const form of formsOf(text)) this.#matcher.add(form.text, form);
  }

  /**
   * Where secrets are in `text`, in order and apart from each other.
   *
   * @param borders - Offsets at which one text ends and the next begins, ascending, when `text` is several.
   */
  spans(text: string, borders: readonly number[] = []): readonly Span[] {
    if (this.#matcher.empty) return [];
    const hits = this.#matcher.find(text);
    if (hits.length === 0) return [];
    const ours = [...text.matchAll(OURS)].map((found) => ({
      start: found.index,
      end: found.index + found[0].length,
    }));
    const spans: Span[] = [];
    let mark = 0;
    let border = 0;
    for (const { start, end, tag } of hits) {
      while (mark < ours.length && (ours[mark]?.end ?? 0) < end) mark += 1;
      const inside = ours[mark];
      if (inside !== undefined && inside.start <= start) continue;
      while (border < borders.length && (borders[border] ?? 0) < end) border += 1;
      const last = borders[border - 1] ?? -1;
      if (last > start && end - start < SPLIT_FROM) continue;
      if (tag.edge === 'word') {
        const joinedBefore = last !== start && WORD.test(text.charAt(start - 1));
        const joinedAfter = borders[border] !== end && WORD.test(text.charAt(end));
        if (joinedBefore || joinedAfter) continue;
      }
      spans.push(tag.edge === 'base64' ? widen(text, start, end) : { start, end });
    }
    return merge(spans);
  }

  /** `text` without the secrets in it. */
  replace(text: string, tally: Tally): string {
    return cut(text, this.spans(text), () => tally.mark('secret'));
  }
}

/** `text` with each span replaced. Spans are in order and apart. */
export function cut(text: string, spans: readonly Span[], mark: () => string): string {
  if (spans.length === 0) return text;
  let out = '';
  let from = 0;
  for (const { start, end } of spans) {
    out += text.slice(from, start) + mark();
    from = end;
  }
  return out + text.slice(from);
}

/** Joins spans that touch or overlap. */
export function merge(spans: readonly Span[]): readonly Span[] {
  const out: Span[] = [];
  for (const span of [...spans].sort((a, b) => a.start - b.start)) {
    const last = out.at(-1);
    if (last === undefined || span.start > last.end) out.push(span);
    else if (span.end > last.end) out[out.length - 1] = { start: last.start, end: span.end };
  }
  return out;
}

const WORD = /\w/;
const BASE64 = /[A-Za-z0-9+/_=-]/;

/** The characters beside a base64 hit hold up to six bits of the secret each: at most two before and two after. */
function widen(text: string, start: number, end: number): Span {
  let from = start;
  let to = end;
  while (from > 0 && start - from < 2 && BASE64.test(text.charAt(from - 1))) from -= 1;
  while (to < text.length && to - end < 2 && BASE64.test(text.charAt(to))) to += 1;
  return { start: from, end: to };
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return fromUtf8(bytes);
  } catch {
    return undefined;
  }
}

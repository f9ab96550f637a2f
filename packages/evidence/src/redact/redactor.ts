import type { Secret } from '@nbs-ssh/transport/wire';
import type { Json } from '../json.ts';
import { cut, ExactSecrets, merge } from './exact.ts';
import { Pseudonyms } from './identifiers.ts';
import { isMark, type Manifest, Tally } from './mark.ts';
import { redactPatterns } from './patterns.ts';
import { pemSpans, type Span } from './pem.ts';
import { all, harvest, type Leaf, leavesOf, plant, type Rule } from './tree.ts';

/** What came out, and how much was taken. */
export interface Redacted {
  readonly value: Json;
  readonly manifest: Manifest;
}

/**
 * Keeps secrets out of what leaves the program.
 *
 * One per session: every secret that is used is {@link register}ed with it. It fails closed: a field that
 * cannot be searched is dropped.
 */
export class Redactor {
  readonly #secrets = new ExactSecrets();

  /** How many different secrets are registered. */
  get registered(): number {
    return this.#secrets.size;
  }

  /**
   * Has `secret` removed from now on, wherever it turns up and however it is encoded: JSON, base64, hexadecimal,
   * URL, shell, HTML. Secrets under four characters are removed only where they stand alone.
   */
  register(secret: string | Secret | Uint8Array): void {
    this.#secrets.add(secret);
  }

  /** Removes registered secrets from one text, and nothing else. */
  scrubText(text: string): string {
    return this.#secrets.replace(text, new Tally());
  }

  /** Removes registered secrets, what looks like a secret, and identifiers from one text. Never throws. */
  redactText(text: string): string {
    const tally = new Tally();
    try {
      const names = new Pseudonyms(tally);
      names.avoid(text);
      return this.#stable(this.#secrets.replace(text, tally), names, tally);
    } catch {
      return tally.mark('failed');
    }
  }

  /**
   * Removes registered secrets and what looks like a secret from one text, and leaves the names of hosts and users: for
   * errors, which somebody has to make sense of. Never throws.
   */
  maskText(text: string): string {
    const tally = new Tally();
    try {
      return redactPatterns(this.#secrets.replace(text, tally), tally);
    } catch {
      return tally.mark('failed');
    }
  }

  /** Removes registered secrets from every string of `value`, also where one is split over two strings. */
  scrub(value: unknown, start: Manifest = {}): Redacted {
    const tally = new Tally(start);
    const tree = plant(value, all('text'), () => tally.mark('failed'));
    this.#removeExact(leavesOf(tree), tally, false);
    return { value: harvest(tree), manifest: tally.manifest() };
  }

  /**
   * Every layer over a whole document.
   *
   * @param rule - How each field is to be treated.
   * @param start - The manifest of an earlier pass, to count on from.
   */
  redact(value: unknown, rule: Rule, start: Manifest = {}): Redacted {
    const tally = new Tally(start);
    const tree = plant(value, rule, () => tally.mark('failed'));
    const leaves = leavesOf(tree);
    this.#removeExact(leaves, tally, true);
    const names = new Pseudonyms(tally);
    for (const leaf of leaves) names.avoid(leaf.text);
    for (const { kind: own, text } of leaves) if (own === 'host' || own === 'user') names.know(own, text);
    for (const leaf of leaves) {
      try {
        leaf.text = this.#redactLeaf(leaf, names, tally);
      } catch {
        leaf.text = tally.mark('failed');
      }
    }
    return { value: harvest(tree), manifest: tally.manifest() };
  }

  toJSON(): string {
    return '[redactor]';
  }

  #redactLeaf({ text, kind }: Leaf, names: Pseudonyms, tally: Tally): string {
    if (isMark(text)) return text;
    switch (kind) {
      case 'private':
        return tally.mark('field');
      case 'host':
        return text.includes(' ') ? this.#stable(text, names, tally) : names.host(text);
      case 'user':
        return names.user(text);
      case 'path':
        return names.path(text);
      case 'fact':
        return FACT.test(text) ? text : this.#stable(text, names, tally);
      default:
        return this.#stable(text, names, tally);
    }
  }

  /**
   * Patterns and identifiers, over and over until nothing changes: what is removed may have kept what stands
   * beside it from being seen.
   */
  #stable(text: string, names: Pseudonyms, tally: Tally): string {
    let before = text;
    let unchanged = 0;
    for (let pass = 0; pass < MAX_PASSES; pass += 1) {
      const after = pass % 2 === 0 ? redactPatterns(before, tally) : names.text(before);
      unchanged = after === before ? unchanged + 1 : 0;
      if (unchanged === 2) return after;
      before = unchanged > 0 ? after : this.#secrets.replace(after, tally);
    }
    return tally.mark('failed');
  }

  /** Exact secrets, and keys in PEM when asked, over each group of texts that may continue one another. */
  #removeExact(leaves: readonly Leaf[], tally: Tally, pem: boolean): void {
    const spans = new Map<Leaf, Span[]>();
    const failed = new Set<Leaf>();
    for (const group of groupsOf(leaves)) {
      try {
        const borders: number[] = [];
        let length = 0;
        for (const { text } of group) {
          length += text.length;
          borders.push(length);
        }
        const joined = group.length === 1 ? (group[0]?.text ?? '') : group.map(({ text }) => text).join('');
        const found = [...this.#secrets.spans(joined, borders), ...(pem ? pemSpans(joined) : [])];
        if (found.length > 0) distribute(merge(found), group, spans);
      } catch {
        for (const leaf of group) failed.add(leaf);
      }
    }
    for (const [leaf, own] of spans) leaf.text = cut(leaf.text, merge(own), () => tally.mark('secret'));
    for (const leaf of failed) leaf.text = tally.mark('failed');
  }
}

/** Text that is not stable after this many passes was made to be so, and is dropped. */
const MAX_PASSES = 16;

/** What a name, a code, a fingerprint or an algorithm looks like. Anything else in a fact is treated as text. */
const FACT = /^[\w@.+:/=-]{1,100}$/;

/** Every leaf is in at least one group. */
function groupsOf(leaves: readonly Leaf[]): readonly (readonly Leaf[])[] {
  const groups = new Map<string, Leaf[]>();
  const alone: Leaf[][] = [];
  for (const leaf of leaves) {
    if (leaf.groups.length === 0) alone.push([leaf]);
    for (const name of leaf.groups) {
      const group = groups.get(name);
      if (group === undefined) groups.set(name, [leaf]);
      else group.push(leaf);
    }
  }
  return [...alone, ...groups.values()];
}

/** Gives each leaf of a group its part of the spans of the joined text. */
function distribute(found: readonly Span[], group: readonly Leaf[], into: Map<Leaf, Span[]>): void {
  let at = 0;
  let next = 0;
  for (const leaf of group) {
    const end = at + leaf.text.length;
    while (next < found.length && (found[next]?.end ?? 0) <= at) next += 1;
    for (let i = next; i < found.length; i += 1) {
      const span = found[i];
      if (span === undefined || span.start >= end) break;
      const own = into.get(leaf) ?? [];
      own.push({ start: Math.max(span.start, at) - at, end: Math.min(span.end, end) - at });
      into.set(leaf, own);
    }
    at = end;
  }
}

/** What was removed; the words a mark may hold. */
export const REMOVED = [
  'secret',
  'pem',
  'url',
  'header',
  'value',
  'flag',
  'token',
  'jwt',
  'base64',
  'hex',
  'field',
  'failed',
] as const;
export type Removed = (typeof REMOVED)[number];

/** What was replaced by a pseudonym. */
export const REPLACED = ['host', 'user', 'path', 'ipv4', 'ipv6'] as const;
export type Replaced = (typeof REPLACED)[number];

/** How often each kind was removed or replaced, by kind. */
export type Manifest = Readonly<Record<string, number>>;

/** Counts as text is redacted. */
export class Tally {
  readonly #counts = new Map<string, number>();

  constructor(start: Manifest = {}) {
    for (const [kind, count] of Object.entries(start)) this.#counts.set(kind, count);
  }

  add(kind: Removed | Replaced): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
  }

  /** Counts one removal and gives the text that stands for it. */
  mark(kind: Removed): string {
    this.add(kind);
    return MARKS[kind];
  }

  manifest(): Manifest {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

const MARKS = Object.fromEntries(REMOVED.map((kind) => [kind, `[redacted:${kind}]`])) as Record<
  Removed,
  string
>;

const MARK = `\\[redacted:(?:${REMOVED.join('|')})\\]`;
const PSEUDONYM = `<(?:${REPLACED.join('|')})(?:-[a-z]{3,12})?-\\d{1,9}>`;

/** Finds marks and pseudonyms in text. Only exactly ours: nobody can hide a secret in brackets. */
export const OURS: RegExp = new RegExp(`${MARK}|${PSEUDONYM}`, 'g');
const EXACTLY_MARK = new RegExp(`^${MARK}$`);
const EXACTLY_PSEUDONYM = new RegExp(`^${PSEUDONYM}$`);

export const isMark = (text: string): boolean => EXACTLY_MARK.test(text);
export const isPseudonym = (text: string): boolean => EXACTLY_PSEUDONYM.test(text);

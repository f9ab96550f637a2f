/** One hit: characters `start` up to `end` of the text, and the tag of the needle. */
export interface Hit<Tag> {
  readonly start: number;
  readonly end: number;
  readonly tag: Tag;
}

/**
 * Finds any of many strings in one pass over a text (Aho and Corasick, 1975).
 *
 * Time is linear in the text whatever the needles are: searching for them one by one, or by a regular
 * expression, is not.
 */
export class Matcher<Tag> {
  /** Transitions, keyed by state and UTF-16 unit. State 0 is the root. */
  readonly #next = new Map<number, number>();
  /** Per state: the state of its longest proper suffix. */
  #fail: number[] = [0];
  /** Per state: length of the longest needle that ends here, or 0. */
  #ends: number[] = [0];
  readonly #tags = new Map<number, Tag>();
  /** Which units can begin a needle, by their low byte: a quick no for most. Every connection has one of these. */
  readonly #first = new Uint8Array(256);
  #built = true;
  #children: { readonly unit: number; readonly state: number }[][] = [[]];

  get empty(): boolean {
    return this.#children.length === 1;
  }

  add(needle: string, tag: Tag): void {
    if (needle === '') return;
    let state = 0;
    for (let i = 0; i < needle.length; i += 1) {
      const unit = needle.charCodeAt(i);
      let following = this.#next.get(state * UNITS + unit);
      if (following === undefined) {
        following = this.#children.length;
        this.#children.push([]);
        this.#next.set(state * UNITS + unit, following);
        this.#children[state]?.push({ unit, state: following });
        if (state === 0) this.#first[unit & 0xff] = 1;
      }
      state = following;
    }
    if (!this.#tags.has(state)) this.#tags.set(state, tag);
    this.#built = false;
  }

  /** Every needle's every occurrence, except that of those ending at one place only the longest is told. */
  find(text: string): Hit<Tag>[] {
    if (this.empty) return [];
    if (!this.#built) this.#build();
    const hits: Hit<Tag>[] = [];
    const next = this.#next;
    const fail = this.#fail;
    const ends = this.#ends;
    let state = 0;
    for (let i = 0; i < text.length; i += 1) {
      const unit = text.charCodeAt(i);
      if (state === 0 && this.#first[unit & 0xff] === 0) continue;
      let following = next.get(state * UNITS + unit);
      while (following === undefined && state !== 0) {
        state = fail[state] as number;
        following = next.get(state * UNITS + unit);
      }
      state = following ?? 0;
      const ended = ends[state] as number;
      if (ended === 0) continue;
      const length = this.#lengths[ended] as number;
      hits.push({ start: i + 1 - length, end: i + 1, tag: this.#tags.get(ended) as Tag });
    }
    return hits;
  }

  #lengths: number[] = [0];

  #build(): void {
    const count = this.#children.length;
    this.#fail = new Array<number>(count).fill(0);
    this.#ends = new Array<number>(count).fill(0);
    this.#lengths = new Array<number>(count).fill(0);
    // Breadth first: a state's suffix is shorter, so it is ready when it is needed.
    const queue = [0];
    for (let at = 0; at < queue.length; at += 1) {
      const parent = queue[at] as number;
      this.#ends[parent] = this.#tags.has(parent) ? parent : (this.#ends[this.#fail[parent] as number] ?? 0);
      for (const { unit, state } of this.#children[parent] ?? []) {
        this.#lengths[state] = (this.#lengths[parent] as number) + 1;
        let suffix = parent === 0 ? undefined : (this.#fail[parent] as number);
        while (suffix !== undefined && suffix !== 0 && !this.#next.has(suffix * UNITS + unit)) {
          suffix = this.#fail[suffix];
        }
        this.#fail[state] = suffix === undefined ? 0 : (this.#next.get(suffix * UNITS + unit) ?? 0);
        queue.push(state);
      }
    }
    this.#built = true;
  }
}

/** UTF-16 code units. */
const UNITS = 0x10000;

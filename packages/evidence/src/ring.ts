/** Keeps the newest `capacity` items and counts what it had to forget. */
export class Ring<T> {
  readonly capacity: number;
  #items: T[] = [];
  /** Index of the oldest item once the ring is full. */
  #oldest = 0;
  #dropped = 0;

  /** @throws {RangeError} when `capacity` is not a positive integer. */
  constructor(capacity: number) {
    if (!Number.isSafeInteger(capacity) || capacity < 1) {
      throw new RangeError(`capacity must be a positive integer, got ${capacity}`);
    }
    this.capacity = capacity;
  }

  /** Items pushed out since the start or the last {@link clear}. Exact. */
  get dropped(): number {
    return this.#dropped;
  }

  get length(): number {
    return this.#items.length;
  }

  push(item: T): void {
    if (this.#items.length < this.capacity) {
      this.#items.push(item);
      return;
    }
    this.#items[this.#oldest] = item;
    this.#oldest = (this.#oldest + 1) % this.capacity;
    this.#dropped += 1;
  }

  /** A copy, oldest first. */
  toArray(): T[] {
    return [...this.#items.slice(this.#oldest), ...this.#items.slice(0, this.#oldest)];
  }

  clear(): void {
    this.#items = [];
    this.#oldest = 0;
    this.#dropped = 0;
  }
}

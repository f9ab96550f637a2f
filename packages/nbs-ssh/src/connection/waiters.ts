interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Callers that wait for something the peer does, by a key; the end of the connection rejects them all. */
export class Waiters<Key> {
  readonly #waiting = new Map<Key, Waiter[]>();

  wait(key: Key): Promise<void> {
    return new Promise((resolve, reject) => {
      const others = this.#waiting.get(key) ?? [];
      this.#waiting.set(key, [...others, { resolve, reject }]);
    });
  }

  resolve(key: Key): void {
    const waiters = this.#waiting.get(key) ?? [];
    this.#waiting.delete(key);
    for (const waiter of waiters) waiter.resolve();
  }

  rejectAll(error: unknown): void {
    const all = [...this.#waiting.values()].flat();
    this.#waiting.clear();
    for (const waiter of all) waiter.reject(error);
  }
}

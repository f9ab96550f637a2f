interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Callers that wait for something the peer does, by a key; the end of the connection rejects them all. */
export class Waiters<Key> {
  readonly #waiting = new Map<Key, Waiter[]>();

  /** @throws `signal.reason` when aborted; what was asked of the peer goes on, only nobody waits for it here. */
  async wait(key: Key, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    let abort: () => void = () => {};
    const answered = new Promise<void>((resolve, reject) => {
      const waiter = { resolve, reject };
      abort = (): void => {
        this.#forget(key, waiter);
        reject(signal?.reason);
      };
      this.#waiting.set(key, [...(this.#waiting.get(key) ?? []), waiter]);
      signal?.addEventListener('abort', abort, { once: true });
    });
    try {
      await answered;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  resolve(key: Key): void {
    const waiters = this.#waiting.get(key) ?? [];
    this.#waiting.delete(key);
    for (const waiter of waiters) waiter.resolve();
  }

  #forget(key: Key, waiter: Waiter): void {
    const others = (this.#waiting.get(key) ?? []).filter((other) => other !== waiter);
    if (others.length > 0) this.#waiting.set(key, others);
    else this.#waiting.delete(key);
  }

  rejectAll(error: unknown): void {
    const all = [...this.#waiting.values()].flat();
    this.#waiting.clear();
    for (const waiter of all) waiter.reject(error);
  }
}

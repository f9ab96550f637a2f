export type Read = { readonly done: boolean; readonly value?: Uint8Array | undefined };

/** What was received, between whoever delivers it by events and whoever reads it with promises. One reader. */
export class Incoming {
  readonly #held: Uint8Array[] = [];
  #waiting: { readonly resolve: (read: Read) => void; readonly reject: (error: unknown) => void } | undefined;
  #end: { readonly error: unknown } | undefined;

  /** Chunks that nobody has read yet. */
  get held(): number {
    return this.#held.length;
  }

  get ended(): boolean {
    return this.#end !== undefined;
  }

  push(chunk: Uint8Array): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) this.#held.push(chunk);
    else waiting.resolve({ done: false, value: chunk });
  }

  /** The first end counts. What is held can still be read; then reads are done, or reject with `error`. */
  finish(error?: unknown): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (error === undefined) waiting?.resolve({ done: true });
    else waiting?.reject(error);
  }

  read(): Promise<Read> {
    const value = this.#held.shift();
    if (value !== undefined) return Promise.resolve({ done: false, value });
    if (this.#end !== undefined) {
      const { error } = this.#end;
      return error === undefined ? Promise.resolve({ done: true }) : Promise.reject(error);
    }
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  /** Forgets what was not read, and ends. @returns its length in bytes. */
  drop(): number {
    const length = this.#held.reduce((sum, chunk) => sum + chunk.length, 0);
    this.#held.length = 0;
    this.finish();
    return length;
  }
}

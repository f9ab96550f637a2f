import { serverError } from './errors.ts';

type Read = IteratorResult<Uint8Array, undefined>;

/** Received bytes on their way to one reader. Holds at most the channel's window, which only reading gives back. */
export class SessionInput implements AsyncIterable<Uint8Array> {
  readonly #credit: (bytes: number) => void;
  readonly #unwanted: () => void;
  readonly #held: Uint8Array[] = [];
  #waiting: { readonly resolve: (read: Read) => void; readonly reject: (error: Error) => void }[] = [];
  #state: 'open' | 'ended' | 'broken' | 'discarded' = 'open';

  /** @param credit - Gives window back. @param unwanted - The reader left before the end. */
  constructor(credit: (bytes: number) => void, unwanted: () => void) {
    this.#credit = credit;
    this.#unwanted = unwanted;
  }

  push(bytes: Uint8Array): void {
    const reader = this.#waiting.shift();
    if (reader !== undefined || this.#state !== 'open') this.#credit(bytes.length);
    if (reader !== undefined) reader.resolve({ done: false, value: bytes });
    else if (this.#state === 'open') this.#held.push(bytes);
  }

  /** The client sends no more. */
  end(): void {
    if (this.#state !== 'open') return;
    this.#state = 'ended';
    for (const reader of this.#waiting.splice(0)) reader.resolve({ done: true, value: undefined });
  }

  /** The channel is gone. What arrived before can still be read. */
  break(): void {
    if (this.#state !== 'open') return;
    this.#state = 'broken';
    for (const reader of this.#waiting.splice(0)) reader.reject(broken());
  }

  /** Nobody reads any more: everything that is here or comes is thrown away and its window given back. */
  discard(): void {
    if (this.#state === 'discarded') return;
    this.#state = 'discarded';
    for (const bytes of this.#held.splice(0)) this.#credit(bytes.length);
    for (const reader of this.#waiting.splice(0)) reader.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    return {
      next: () => this.#next(),
      return: async () => {
        if (this.#state === 'open') this.#unwanted();
        this.discard();
        return { done: true, value: undefined };
      },
    };
  }

  #next(): Promise<Read> {
    const value = this.#held.shift();
    if (value !== undefined) {
      this.#credit(value.length);
      return Promise.resolve({ done: false, value });
    }
    if (this.#state === 'broken') return Promise.reject(broken());
    if (this.#state !== 'open') return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
    });
  }
}

const broken = (): Error => serverError('SERVER_SESSION_ENDED', { operation: 'read' });

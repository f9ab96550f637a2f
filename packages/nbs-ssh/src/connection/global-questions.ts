import type { GlobalRequestId, Multiplexer } from '@nbs-ssh/channels';

export interface GlobalAnswer {
  readonly success: boolean;
  /** What follows SSH_MSG_REQUEST_SUCCESS; empty otherwise. */
  readonly data: Uint8Array;
}

/**
 * Global requests whose answer matters. It is told in the turn in which it came, before anything that the server sent
 * behind it: a server may use at once what it has just granted.
 */
export class GlobalQuestions {
  readonly #mux: Multiplexer;
  readonly #wake: () => void;
  readonly #open = new Map<GlobalRequestId, (answer: GlobalAnswer | undefined) => void>();
  #ended = false;

  constructor(mux: Multiplexer, wake: () => void) {
    this.#mux = mux;
    this.#wake = wake;
  }

  /** @param onAnswer - Called exactly once; with `undefined` when the session ended before. Must not throw. */
  ask(name: string, data: Uint8Array, onAnswer: (answer: GlobalAnswer | undefined) => void): void {
    if (this.#ended) {
      onAnswer(undefined);
      return;
    }
    this.#open.set(this.#mux.globalRequest(name, data, true), onAnswer);
    this.#wake();
  }

  /** @returns whether this was the answer to a question that was asked here. */
  answered(request: GlobalRequestId, answer: GlobalAnswer): boolean {
    const onAnswer = this.#open.get(request);
    this.#open.delete(request);
    onAnswer?.(answer);
    return onAnswer !== undefined;
  }

  end(): void {
    this.#ended = true;
    const waiting = [...this.#open.values()];
    this.#open.clear();
    for (const onAnswer of waiting) onAnswer(undefined);
  }
}

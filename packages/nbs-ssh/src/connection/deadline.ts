import type { Clock } from '@nbs-ssh/session';

/** Longest time a single question may hold up a deadline, in milliseconds: somebody who left is not waited for. */
const MAX_PAUSE = 600_000;

/**
 * A deadline that stands still while a person is being asked: how long somebody thinks about a fingerprint says
 * nothing about the network. A question that nobody answers holds it up for ten minutes at most.
 */
export class Deadline {
  readonly #clock: Clock;
  readonly #expired: () => void;
  #remaining: number;
  #since = 0;
  #questions = 0;
  readonly #patience = new Set<() => void>();
  #cancel: (() => void) | undefined;
  #over = false;

  /** @param expired - Called once, unless {@link cancel} came first. */
  constructor(clock: Clock, milliseconds: number, expired: () => void) {
    this.#clock = clock;
    this.#remaining = milliseconds;
    this.#expired = expired;
    this.#run();
  }

  /** Stands still until `question` settles. Questions may overlap. */
  async pausedFor<T>(question: () => Promise<T>): Promise<T> {
    this.#questions += 1;
    if (this.#questions === 1) this.#pause();
    let counted = true;
    const resume = (): void => {
      if (!counted) return;
      counted = false;
      this.#questions -= 1;
      if (this.#questions === 0 && !this.#over) this.#run();
    };
    const cancelPatience = this.#over ? () => {} : this.#clock.after(MAX_PAUSE, resume);
    this.#patience.add(cancelPatience);
    try {
      return await question();
    } finally {
      cancelPatience();
      this.#patience.delete(cancelPatience);
      resume();
    }
  }

  cancel(): void {
    this.#over = true;
    this.#cancel?.();
    this.#cancel = undefined;
    for (const cancelPatience of this.#patience) cancelPatience();
  }

  #run(): void {
    this.#since = this.#clock.now();
    this.#cancel = this.#clock.after(this.#remaining, () => {
      this.#over = true;
      this.#expired();
    });
  }

  #pause(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#remaining = Math.max(0, this.#remaining - (this.#clock.now() - this.#since));
  }
}

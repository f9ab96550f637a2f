/** Time that moves only when told to. Everything is in milliseconds. */
export class FakeClock {
  #now: number;
  #timers: Timer[] = [];

  constructor(start = 0) {
    this.#now = start;
  }

  readonly now = (): number => this.#now;

  /** Timers that have neither fired nor been cancelled. */
  get pending(): number {
    return this.#timers.length;
  }

  /** Time of the next timer. */
  get next(): number | undefined {
    return this.#timers[0]?.at;
  }

  /** Calls `action` when the clock reaches `at`. @returns a function that cancels it. */
  readonly schedule = (at: number, action: () => void): (() => void) => {
    const timer = { at, action };
    const later = this.#timers.findIndex((other) => other.at > at);
    this.#timers.splice(later === -1 ? this.#timers.length : later, 0, timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  };

  /** Resolves when the clock has moved on by `ms`. */
  readonly sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      this.schedule(this.#now + ms, resolve);
    });

  /** Moves on by `ms`, firing timers in order, each at its own time; also those set meanwhile. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (let timer = this.#timers[0]; timer !== undefined && timer.at <= end; timer = this.#timers[0]) {
      this.#timers.shift();
      this.#now = Math.max(this.#now, timer.at);
      timer.action();
    }
    this.#now = end;
  }

  /** Like {@link advance}, letting promises settle after each timer. */
  async advanceAsync(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settlePromises();
    for (let next = this.next; next !== undefined && next <= end; next = this.next) {
      this.advance(Math.max(0, next - this.#now));
      await settlePromises();
    }
    this.advance(end - this.#now);
    await settlePromises();
  }
}

interface Timer {
  readonly at: number;
  readonly action: () => void;
}

/** One turn of the event loop: every promise that can settle without IO has done so after it. */
function settlePromises(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

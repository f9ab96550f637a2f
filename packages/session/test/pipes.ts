import type { ByteDuplex, Clock } from '@nbs-ssh/session';
import type { FakeClock } from '@nbs-ssh/testing';

/** One direction in memory. A write resolves when its bytes have been read, or at once while there is room. */
class Lane {
  readonly #chunks: Uint8Array[] = [];
  #waiting:
    | { resolve: (read: { done: boolean; value?: Uint8Array }) => void; reject: (error: unknown) => void }
    | undefined;
  #writers: (() => void)[] = [];
  #end: 'open' | 'closed' | { readonly error: unknown } = 'open';
  #queued = 0;
  /** Bytes that a writer may be ahead of the reader. */
  room = Number.POSITIVE_INFINITY;
  /** All bytes ever written. */
  written = 0;
  /** Error of the next write. */
  breakWrite: unknown;
  stalled = false;

  write(chunk: Uint8Array): Promise<void> {
    if (this.breakWrite !== undefined) return Promise.reject(this.breakWrite);
    if (this.#end !== 'open') return Promise.reject(new Error('written after its end'));
    this.#chunks.push(chunk.slice());
    this.#queued += chunk.length;
    this.written += chunk.length;
    this.#hand();
    if (this.#queued <= this.room) return Promise.resolve();
    return new Promise((resolve) => this.#writers.push(resolve));
  }

  read(): Promise<{ done: boolean; value?: Uint8Array }> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#hand();
    });
  }

  end(how: 'closed' | { readonly error: unknown } = 'closed'): void {
    if (this.#end === 'open') this.#end = how;
    this.#hand();
  }

  release(): void {
    this.stalled = false;
    this.#hand();
  }

  get queued(): number {
    return this.#queued;
  }

  #hand(): void {
    const reader = this.#waiting;
    if (reader === undefined || this.stalled) return;
    const value = this.#chunks.shift();
    if (value !== undefined) {
      this.#waiting = undefined;
      this.#queued -= value.length;
      for (const resolve of this.#writers.splice(0)) resolve();
      reader.resolve({ done: false, value });
    } else if (this.#end !== 'open') {
      this.#waiting = undefined;
      if (this.#end === 'closed') reader.resolve({ done: true });
      else reader.reject(this.#end.error);
    }
  }
}

/** One end of a pipe in memory, and what happened to it. */
export class PipeEnd implements ByteDuplex {
  readonly incoming: Lane;
  readonly outgoing: Lane;
  readonly calls: string[] = [];

  constructor(incoming: Lane, outgoing: Lane) {
    this.incoming = incoming;
    this.outgoing = outgoing;
  }

  readonly readable: ByteDuplex['readable'] = {
    getReader: () => ({
      read: () => this.incoming.read(),
      cancel: async () => {
        this.calls.push('cancel');
        this.incoming.end();
      },
    }),
  };

  readonly writable: ByteDuplex['writable'] = {
    getWriter: () => ({
      write: (chunk) => this.outgoing.write(chunk),
      close: async () => {
        this.calls.push('close');
        this.outgoing.end();
      },
      abort: async () => {
        this.calls.push('abort');
        this.outgoing.end();
      },
    }),
  };

  get destroyed(): boolean {
    return this.calls.includes('abort') && this.calls.includes('cancel');
  }
}

export function pipe(): readonly [PipeEnd, PipeEnd] {
  const [there, back] = [new Lane(), new Lane()];
  return [new PipeEnd(back, there), new PipeEnd(there, back)];
}

export function clockOf(fake: FakeClock): Clock {
  return {
    now: fake.now,
    unixNow: () => 1_700_000_000_000 + fake.now(),
    after: (milliseconds, run) => fake.schedule(fake.now() + milliseconds, run),
  };
}

/** Lets everything happen that can happen without time passing. */
export async function settled(turns = 5): Promise<void> {
  for (let i = 0; i < turns; i += 1) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
}

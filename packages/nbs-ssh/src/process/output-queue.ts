import { type Encoding, JOINED_PIECES, type Output, SMALL_PIECE, type StreamEvent } from './output.ts';
import type { ProcessExit } from './remote-process.ts';

interface Piece {
  readonly stream: 'stdout' | 'stderr';
  bytes: Uint8Array;
  /** Memory of which `bytes` is the beginning, when small pieces are joined in it. */
  room?: Uint8Array;
}

/** In the place of a piece that was taken: what the application has dropped must not live on in the queue. */
const TAKEN: Piece = { stream: 'stdout', bytes: new Uint8Array(0) };

interface End<E extends Encoding> {
  readonly exit: StreamEvent<E>;
  readonly failure: { readonly reason: unknown } | undefined;
  readonly taken: () => void;
}

type Result<E extends Encoding> = IteratorResult<StreamEvent<E>, undefined>;

/**
 * Output between the channel and whoever iterates it. Credit goes back to the server when a piece is taken and
 * not before, so what waits here is bounded by the channel's window.
 */
export class OutputQueue<E extends Encoding> {
  readonly #encoding: E;
  readonly #credit: (bytes: number) => void;
  readonly #decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  #pieces: Piece[] = [];
  #head = 0;
  #waiting: { resolve: (result: Result<E>) => void; reject: (error: unknown) => void } | undefined;
  #end: End<E> | undefined;
  #discarding = false;
  #over = false;
  readonly received = { stdout: 0, stderr: 0 };

  constructor(encoding: E, credit: (bytes: number) => void) {
    this.#encoding = encoding;
    this.#credit = credit;
  }

  push(stream: 'stdout' | 'stderr', bytes: Uint8Array): void {
    this.received[stream] += bytes.length;
    if (this.#discarding) {
      this.#credit(bytes.length);
      return;
    }
    if (!this.#join(stream, bytes)) this.#pieces.push({ stream, bytes });
    this.#serve();
  }

  /** Puts a small piece behind the last one that waits. @returns whether it could. */
  #join(stream: 'stdout' | 'stderr', bytes: Uint8Array): boolean {
    const last = this.#pieces.length > this.#head ? this.#pieces.at(-1) : undefined;
    if (last?.stream !== stream || bytes.length >= SMALL_PIECE) return false;
    const used = last.bytes.length;
    if (last.room === undefined) {
      if (used >= SMALL_PIECE) return false;
      last.room = new Uint8Array(JOINED_PIECES);
      last.room.set(last.bytes);
    }
    if (used + bytes.length > last.room.length) return false;
    last.room.set(bytes, used);
    last.bytes = last.room.subarray(0, used + bytes.length);
    return true;
  }

  /** Drops what waits and what still comes. */
  discard(): void {
    this.#discarding = true;
    for (const piece of this.#pieces.slice(this.#head)) this.#credit(piece.bytes.length);
    this.#pieces = [];
    this.#head = 0;
    this.#serve();
  }

  /** Says that nothing more comes. @returns a promise that resolves when the rest was taken or is unwanted. */
  end(
    exit: ProcessExit,
    failure: { readonly reason: unknown } | undefined,
    now: () => number,
  ): Promise<void> {
    return new Promise((taken) => {
      const last = { stream: 'exit' as const, data: this.#empty(), ...exit };
      this.#end = { exit: { ...last, timestamp: now() }, failure, taken };
      this.#now = now;
      if (this.#discarding || failure !== undefined) taken();
      this.#serve();
    });
  }

  next(): Promise<Result<E>> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#serve();
    });
  }

  #now: () => number = Date.now;

  #serve(): void {
    const piece = this.#pieces[this.#head];
    if (this.#waiting === undefined) {
      // Nobody has to come for output that is not there.
      if (piece === undefined) this.#end?.taken();
      return;
    }
    if (piece !== undefined) {
      this.#shift();
      this.#credit(piece.bytes.length);
      this.#answer({ done: false, value: this.#event(piece) });
      return;
    }
    const end = this.#end;
    if (end === undefined) return;
    end.taken();
    if (this.#over) this.#answer({ done: true, value: undefined });
    else this.#finish(end);
  }

  #finish(end: End<E>): void {
    const waiting = this.#waiting;
    this.#over = true;
    if (end.failure === undefined) {
      this.#answer({ done: false, value: end.exit });
      return;
    }
    this.#waiting = undefined;
    waiting?.reject(end.failure.reason);
  }

  #answer(result: Result<E>): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve(result);
  }

  #shift(): void {
    this.#pieces[this.#head] = TAKEN;
    this.#head += 1;
    if (this.#head < 1024) return;
    this.#pieces = this.#pieces.slice(this.#head);
    this.#head = 0;
  }

  #event({ stream, bytes }: Piece): StreamEvent<E> {
    const data = this.#encoding === 'bytes' ? bytes : this.#decoders[stream].decode(bytes, { stream: true });
    return { stream, data: data as Output<E>, exitCode: null, signal: null, timestamp: this.#now() };
  }

  #empty(): Output<E> {
    return (this.#encoding === 'bytes' ? new Uint8Array(0) : '') as Output<E>;
  }
}

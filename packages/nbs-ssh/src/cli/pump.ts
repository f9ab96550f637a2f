import type { Readable, Writable } from 'node:stream';
import type { ExecStream } from '../process/stream-exec.ts';

/** Whoever read our output has gone away, as `head` does. */
export class OutputClosed extends Error {
  override readonly name = 'OutputClosed';
}

/** Output with backpressure and without surprises: a reader that goes away is an answer, not an exception. */
export class Output {
  readonly #stream: Writable;
  #closed = false;
  readonly #waiting = new Set<() => void>();

  constructor(stream: Writable) {
    this.#stream = stream;
    const closed = (): void => {
      this.#closed = true;
      for (const resume of this.#waiting) resume();
    };
    stream.on('error', closed);
    stream.on('close', closed);
  }

  /** Resolves when there is room for more. @throws {OutputClosed} when nobody reads any more. */
  async write(bytes: Uint8Array): Promise<void> {
    if (!this.#closed && !this.#stream.write(bytes)) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          this.#stream.off('drain', done);
          this.#waiting.delete(done);
          resolve();
        };
        this.#waiting.add(done);
        this.#stream.once('drain', done);
      });
    }
    if (this.#closed) throw new OutputClosed('nobody reads the output');
  }
}

/**
 * Gives `input` to the command, at the command's pace, and then its end.
 *
 * @returns a function that stops it; the command's end does so too.
 */
export function feed(input: Readable, command: ExecStream<'bytes'>): () => void {
  let stopped = false;
  const run = async (): Promise<void> => {
    try {
      for await (const chunk of input) {
        if (stopped) return;
        await command.write(chunk as Uint8Array);
      }
    } catch {
      // A terminal that hangs up, or a folder given as input: for the command its input is over.
    }
    if (!stopped) command.end();
  };
  void run().catch(() => {});
  return () => {
    stopped = true;
    input.destroy();
  };
}

import type { ByteDuplex } from '@nbs-ssh/session';

/** Two ends of a pipe inside this process. A write resolves once the other end has read it. */
export function pipePair(): readonly [ByteDuplex, ByteDuplex] {
  const [there, back] = [new Pipe(), new Pipe()];
  return [end(there, back), end(back, there)];
}

type Read = { readonly done: boolean; readonly value?: Uint8Array | undefined };

/** One direction. */
class Pipe {
  readonly #chunks: { readonly bytes: Uint8Array; readonly taken: () => void }[] = [];
  #reader: ((read: Read) => void) | undefined;
  #ended = false;

  write(bytes: Uint8Array): Promise<void> {
    // Like a socket whose other end is gone: what is written goes nowhere.
    if (this.#ended) return Promise.reject(new Error('the pipe is closed'));
    return new Promise((taken) => {
      this.#chunks.push({ bytes, taken });
      this.#serve();
    });
  }

  end(): void {
    this.#ended = true;
    this.#serve();
  }

  /** Ends and drops what nobody has read. */
  destroy(): void {
    for (const { taken } of this.#chunks.splice(0)) taken();
    this.end();
  }

  read(): Promise<Read> {
    return new Promise((resolve) => {
      this.#reader = resolve;
      this.#serve();
    });
  }

  #serve(): void {
    const reader = this.#reader;
    if (reader === undefined) return;
    const chunk = this.#chunks.shift();
    if (chunk === undefined && !this.#ended) return;
    this.#reader = undefined;
    reader(chunk === undefined ? { done: true } : { done: false, value: chunk.bytes });
    chunk?.taken();
  }
}

function end(incoming: Pipe, outgoing: Pipe): ByteDuplex {
  const gone = async (): Promise<void> => {
    incoming.destroy();
    outgoing.end();
  };
  return {
    readable: { getReader: () => ({ read: () => incoming.read(), cancel: gone }) },
    writable: {
      getWriter: () => ({
        write: (bytes) => outgoing.write(bytes),
        close: async () => outgoing.end(),
        abort: gone,
      }),
    },
  };
}

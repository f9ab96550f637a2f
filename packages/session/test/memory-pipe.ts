import type { ByteDuplex, End } from '@nbs-ssh/session';

/** Two ends of one pipe in memory. A write is taken when it is read, so nobody gets ahead. */
export interface MemoryPipe {
  readonly near: ByteDuplex;
  readonly far: ByteDuplex;
  readonly breakReading: (error: Error) => void;
  readonly breakWriting: (error: Error) => void;
  /** Whether both halves of the near end were given up. */
  readonly gone: () => boolean;
  /** Resolves when a write of the near end waits for the far end to read. */
  readonly stuck: Promise<void>;
}

interface Lane {
  readonly stream: TransformStream<Uint8Array, Uint8Array>;
  readonly controller: TransformStreamDefaultController<Uint8Array>;
}

function lane(): Lane {
  let controller: TransformStreamDefaultController<Uint8Array> | undefined;
  const stream = new TransformStream<Uint8Array, Uint8Array>({
    start: (given) => {
      controller = given;
    },
  });
  return { stream, controller: controller as unknown as TransformStreamDefaultController<Uint8Array> };
}

export function memoryPipe(): MemoryPipe {
  const toFar = lane();
  const toNear = lane();
  let writing: Error | undefined;
  let cancelled = false;
  let aborted = false;
  let tellStuck: () => void = () => {};
  const stuck = new Promise<void>((resolve) => {
    tellStuck = resolve;
  });
  const near: ByteDuplex = {
    readable: {
      getReader: () => {
        const reader = toNear.stream.readable.getReader();
        return {
          read: () => reader.read(),
          cancel: async (reason) => {
            cancelled = true;
            await reader.cancel(reason);
          },
        };
      },
    },
    writable: {
      getWriter: () => {
        const writer = toFar.stream.writable.getWriter();
        return {
          write: async (chunk) => {
            if (writing !== undefined) throw writing;
            let done = false;
            const written = writer.write(chunk).then(() => {
              done = true;
            });
            setImmediate(() => {
              if (!done) tellStuck();
            });
            await written;
          },
          close: () => writer.close(),
          abort: async (reason) => {
            aborted = true;
            await writer.abort(reason);
          },
        };
      },
    },
  };
  return {
    near,
    far: { readable: toFar.stream.readable, writable: toNear.stream.writable },
    breakReading: (error) => toNear.controller.error(error),
    breakWriting: (error) => {
      writing = error;
    },
    gone: () => cancelled && aborted,
    stuck,
  };
}

export async function readAll(reader: End['reader']): Promise<string> {
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done || value === undefined) return text;
    text += new TextDecoder().decode(value);
  }
}

import type { Socket } from 'node:net';
import type { ByteDuplex } from '../byte-duplex.ts';

/** Chunks held before the socket is paused: some 64 KiB each, so that reading never runs dry. */
const HELD_CHUNKS = 16;

type Read = { readonly done: boolean; readonly value?: Uint8Array | undefined };

/**
 * Wraps an open socket, accepted or dialled. Backpressure follows the socket in both directions.
 *
 * By hand, because `Duplex.toWeb` breaks at close on some runtimes.
 */
export function fromSocket(socket: Socket): ByteDuplex {
  const held: Uint8Array[] = [];
  let waiting: { resolve: (read: Read) => void; reject: (error: unknown) => void } | undefined;
  let end: { readonly error: unknown } | undefined;

  const finish = (error: unknown): void => {
    if (end !== undefined) return;
    end = { error };
    const reader = waiting;
    waiting = undefined;
    if (error === undefined) reader?.resolve({ done: true });
    else reader?.reject(error);
  };
  socket.setNoDelay(true);
  socket.on('data', (chunk: Uint8Array) => {
    const reader = waiting;
    if (reader !== undefined) {
      waiting = undefined;
      reader.resolve({ done: false, value: chunk });
      return;
    }
    held.push(chunk);
    if (held.length >= HELD_CHUNKS) socket.pause();
  });
  socket.on('end', () => finish(undefined));
  socket.on('error', (error) => finish(error));
  socket.on('close', () => finish(undefined));

  const read = (): Promise<Read> => {
    const value = held.shift();
    if (value !== undefined) {
      if (held.length === HELD_CHUNKS >> 1) socket.resume();
      return Promise.resolve({ done: false, value });
    }
    if (end === undefined) {
      return new Promise((resolve, reject) => {
        waiting = { resolve, reject };
      });
    }
    return end.error === undefined ? Promise.resolve({ done: true }) : Promise.reject(end.error);
  };
  const destroy = async (): Promise<void> => {
    socket.destroy();
  };
  return {
    readable: { getReader: () => ({ read, cancel: destroy }) },
    writable: {
      getWriter: () => ({
        write: (chunk) =>
          new Promise<void>((resolve, reject) => {
            socket.write(chunk, (error) => (error ? reject(error) : resolve()));
          }),
        close: () => new Promise<void>((resolve) => socket.end(() => resolve())),
        abort: destroy,
      }),
    },
  };
}

import { connect, type Socket, type TcpSocketConnectOpts } from 'node:net';
import { plainBytes } from '@nbs-ssh/transport/wire';
import type { ByteDuplex } from '../byte-duplex.ts';
import { ReceiveBuffer } from './receive-buffer.ts';

/** Chunks held before the socket is paused: some 64 KiB each, so that reading never runs dry. */
const HELD_CHUNKS = 16;

type Read = { readonly done: boolean; readonly value?: Uint8Array | undefined };

/** What was received, between the socket's events and whoever reads. */
class Incoming {
  readonly #held: Uint8Array[] = [];
  #waiting: { resolve: (read: Read) => void; reject: (error: unknown) => void } | undefined;
  #end: { readonly error: unknown } | undefined;

  /** @returns whether there is room for more. */
  push(chunk: Uint8Array): boolean {
    const reader = this.#waiting;
    if (reader !== undefined) {
      this.#waiting = undefined;
      reader.resolve({ done: false, value: chunk });
      return true;
    }
    this.#held.push(chunk);
    return this.#held.length < HELD_CHUNKS;
  }

  finish(error: unknown): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    const reader = this.#waiting;
    this.#waiting = undefined;
    if (error === undefined) reader?.resolve({ done: true });
    else reader?.reject(error);
  }

  read(resume: () => void): Promise<Read> {
    const value = this.#held.shift();
    if (value !== undefined) {
      if (this.#held.length === HELD_CHUNKS >> 1) resume();
      return Promise.resolve({ done: false, value });
    }
    const end = this.#end;
    if (end === undefined) {
      return new Promise((resolve, reject) => {
        this.#waiting = { resolve, reject };
      });
    }
    return end.error === undefined ? Promise.resolve({ done: true }) : Promise.reject(end.error);
  }
}

/**
 * Wraps an open socket, accepted or dialled. Backpressure follows the socket in both directions.
 *
 * By hand, because `Duplex.toWeb` breaks at close on some runtimes.
 */
export function fromSocket(socket: Socket): ByteDuplex {
  return wrap(socket, new Incoming());
}

/** Begins to dial. The socket reads into memory of ours, which costs half the time of its `data` events. */
export function dialSocket(options: TcpSocketConnectOpts): {
  readonly socket: Socket;
  readonly duplex: ByteDuplex;
} {
  const incoming = new Incoming();
  const memory = new ReceiveBuffer();
  const socket = connect({
    ...options,
    onread: {
      buffer: () => memory.next(),
      callback: (length, room) => incoming.push(memory.take(length, room)),
    },
  });
  return { socket, duplex: wrap(socket, incoming) };
}

function wrap(socket: Socket, incoming: Incoming): ByteDuplex {
  socket.setNoDelay(true);
  // A runtime without `onread` comes here also when it was asked for.
  socket.on('data', (chunk: Uint8Array) => {
    if (!incoming.push(plainBytes(chunk))) socket.pause();
  });
  socket.on('end', () => incoming.finish(undefined));
  socket.on('error', (error) => incoming.finish(error));
  socket.on('close', () => incoming.finish(undefined));
  // A socket that was gone before it got here emits nothing more.
  if (socket.destroyed) incoming.finish(socket.errored ?? undefined);
  const destroy = async (): Promise<void> => {
    socket.destroy();
  };
  return {
    readable: { getReader: () => ({ read: () => incoming.read(() => socket.resume()), cancel: destroy }) },
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

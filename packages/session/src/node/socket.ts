import { connect, type Socket, type TcpSocketConnectOpts } from 'node:net';
import process from 'node:process';
import { plainBytes } from '@nbs-ssh/transport/wire';
import type { ByteDuplex } from '../byte-duplex.ts';
import { Incoming } from '../incoming.ts';
import { deliver, take } from './flow.ts';
import { ReceiveBuffer } from './receive-buffer.ts';

/** Node calls back when the operating system has the bytes. Others emulate it, and do not say when they have let go. */
const COPIES = !('bun' in process.versions || 'deno' in process.versions);

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
      callback: (length, room) => deliver(incoming, memory.take(length, room)),
    },
  });
  return { socket, duplex: wrap(socket, incoming) };
}

function wrap(socket: Socket, incoming: Incoming): ByteDuplex {
  socket.setNoDelay(true);
  // A runtime without `onread` comes here also when it was asked for.
  socket.on('data', (chunk: Uint8Array) => {
    if (!deliver(incoming, plainBytes(chunk))) socket.pause();
  });
  socket.on('end', () => incoming.finish());
  socket.on('error', (error) => incoming.finish(error));
  socket.on('close', () => incoming.finish());
  // A socket that was gone before it got here emits nothing more.
  if (socket.destroyed) incoming.finish(socket.errored ?? undefined);
  const destroy = async (): Promise<void> => {
    socket.destroy();
  };
  return {
    readable: { getReader: () => ({ read: () => take(incoming, () => socket.resume()), cancel: destroy }) },
    writable: {
      copies: COPIES,
      getWriter: () => ({
        write: (chunk) =>
          new Promise<void>((resolve, reject) => {
            socket.write(chunk, (error) => (error ? reject(error) : resolve()));
          }),
        close: () =>
          new Promise<void>((resolve) => {
            // A socket that is gone never calls back.
            if (socket.destroyed) resolve();
            else socket.end(() => resolve());
          }),
        abort: destroy,
      }),
    },
  };
}

import type { Socket } from 'node:net';
import { plainBytes } from '@nbs-ssh/transport/wire';
import { type SocksAsked, SocksHandshake } from './handshake.ts';
import type { SocksLobby } from './lobby.ts';

/**
 * Reads what the client of a socket wants. Afterwards the socket is paused, has no `data` listener and is the caller's.
 *
 * One that is refused is told so as its protocol can. Its socket is closed when it has read that, or its time is over:
 * with bytes of it unread, the system would drop the reply and send a reset.
 *
 * @param socket - Made with `allowHalfOpen`; its `error` must be listened to.
 * @throws {SocksError} what the client did wrong; what the socket broke with; `signal.reason`. In each case when the socket
 *   is gone.
 */
export function greetSocket(socket: Socket, lobby: SocksLobby, signal?: AbortSignal): Promise<SocksAsked> {
  return new Promise((resolve, reject) => {
    let failure: unknown;
    const handshake = new SocksHandshake({
      write: (bytes) => socket.write(bytes),
      asked: (asked) => {
        socket.pause();
        leave();
        resolve(asked);
      },
      refused: (error) => {
        failure ??= error;
        socket.off('data', onData).off('end', onEnd).resume();
        socket.end();
      },
    });
    const drop = (reason: unknown): void => {
      failure ??= reason;
      socket.destroy();
    };
    const leaveLobby = lobby.enter(drop);
    const abort = (): void => drop(signal?.reason);
    const onData = (chunk: Uint8Array): void => handshake.receive(plainBytes(chunk));
    const onEnd = (): void => handshake.receiveEnd();
    const onClose = (): void => {
      leave();
      failure ??= socket.errored ?? undefined;
      // Without an error of its own it just ended.
      if (failure === undefined) handshake.receiveEnd();
      reject(failure);
    };
    const leave = (): void => {
      leaveLobby();
      signal?.removeEventListener('abort', abort);
      socket.off('data', onData).off('end', onEnd).off('close', onClose);
    };
    signal?.addEventListener('abort', abort, { once: true });
    socket.on('data', onData).on('end', onEnd).on('close', onClose).resume();
    if (signal?.aborted === true) abort();
    else if (socket.destroyed) onClose();
  });
}

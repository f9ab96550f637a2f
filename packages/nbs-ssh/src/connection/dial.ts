import type { ByteDuplex } from '@nbs-ssh/session';
import { dialSocket } from '@nbs-ssh/session/node';

export interface Dialled {
  readonly duplex: ByteDuplex;
  /** IP address that answered. */
  readonly address: string | undefined;
}

/**
 * Opens a TCP connection. Names with several addresses are tried in turn, the next one after 250 ms.
 *
 * @throws what the operating system says, with its `code`; `signal.reason` when aborted.
 */
export function dialTcp(host: string, port: number, signal: AbortSignal): Promise<Dialled> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const { socket, duplex } = dialSocket({ host, port, noDelay: true, autoSelectFamily: true });
    const abort = (): void => {
      socket.destroy();
      reject(signal.reason);
    };
    const failed = (error: Error): void => {
      signal.removeEventListener('abort', abort);
      socket.destroy();
      reject(error);
    };
    signal.addEventListener('abort', abort, { once: true });
    socket.once('error', failed);
    socket.once('connect', () => {
      signal.removeEventListener('abort', abort);
      socket.off('error', failed);
      resolve({ duplex, address: socket.remoteAddress });
    });
  });
}

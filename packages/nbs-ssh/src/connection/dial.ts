import type { Socket } from 'node:net';
import type { ByteDuplex, Clock } from '@nbs-ssh/session';
import { dialSocket } from '@nbs-ssh/session/node';

export interface Dialled {
  readonly duplex: ByteDuplex;
  /** IP address that answered. */
  readonly address: string | undefined;
}

export interface DialTarget {
  readonly host: string;
  readonly port: number;
  /** Local address to connect from. */
  readonly bindAddress: string | undefined;
  /** 4 or 6, or 0 for both. */
  readonly family: 0 | 4 | 6;
}

/** Milliseconds between two attempts, as ssh waits. */
const BETWEEN_ATTEMPTS = 1000;

/**
 * Dials up to `attempts` times.
 *
 * @throws what the last attempt said; `signal.reason` when aborted.
 */
export async function dialPatiently(
  target: DialTarget,
  attempts: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<Dialled> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await dialTcp(target, signal);
    } catch (error) {
      if (attempt >= attempts || signal.aborted) throw error;
      await pause(clock, signal);
    }
  }
}

function pause(clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      cancel();
      reject(signal.reason);
    };
    const cancel = clock.after(BETWEEN_ATTEMPTS, () => {
      signal.removeEventListener('abort', abort);
      resolve();
    });
    signal.addEventListener('abort', abort, { once: true });
  });
}

/**
 * Opens a TCP connection. Names with several addresses are tried in turn, the next one after 250 ms.
 *
 * @throws what the operating system says, with its `code`; `signal.reason` when aborted.
 */
export async function dialTcp(
  { host, port, bindAddress, family }: DialTarget,
  signal: AbortSignal,
): Promise<Dialled> {
  signal.throwIfAborted();
  const { socket, duplex } = dialSocket({
    host,
    port,
    noDelay: true,
    // Both families in turn, unless one was asked for.
    ...(family === 0 ? { autoSelectFamily: true } : { family }),
    ...(bindAddress === undefined ? {} : { localAddress: bindAddress }),
  });
  await whenConnected(socket, signal);
  return { duplex, address: socket.remoteAddress };
}

/** Resolves when a socket that is being dialled is connected; otherwise it is destroyed. @throws as {@link dialTcp} */
export function whenConnected(socket: Socket, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
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
      resolve();
    });
  });
}

import type { SSHConnection } from '../connection/connection.ts';
import type { Ending } from './task.ts';

/**
 * Stays connected, as `-N` does, until a signal ends it.
 *
 * @returns exit status 0: whoever sends the signal has what they want. @throws {SSHError} when the connection ends.
 */
export async function stay(connection: SSHConnection, signal: AbortSignal): Promise<Ending> {
  const interrupted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  const error = await Promise.race([connection.closed, interrupted]);
  if (error !== undefined) throw error;
  return { exitCode: 0, signal: null };
}

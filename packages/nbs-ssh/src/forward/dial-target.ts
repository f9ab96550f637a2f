import { connect, type Socket } from 'node:net';
import type { Clock } from '@nbs-ssh/session';
import { whenConnected } from '../connection/dial.ts';
import { targetError } from './errors.ts';
import type { LocalEnd } from './intent.ts';

/** Milliseconds that a target has for taking a connection. Meanwhile somebody waits at the other side. */
const TIMEOUT_MS = 30_000;

/**
 * Connects to a place on this side, for a connection that came from the server. The socket stays open for writing when
 * the other end has ended.
 *
 * @throws {ForwardError} with the reason; `signal.reason` when aborted.
 */
export async function dialTarget(target: LocalEnd, clock: Clock, signal: AbortSignal): Promise<Socket> {
  const late = new AbortController();
  const cancel = clock.after(TIMEOUT_MS, () =>
    late.abort(Object.assign(new Error('the target was silent'), { code: 'ETIMEDOUT' })),
  );
  try {
    const socket = connect({
      allowHalfOpen: true,
      ...('localPath' in target
        ? { path: target.localPath }
        : { host: target.localHost, port: target.localPort, noDelay: true, autoSelectFamily: true }),
    });
    socket.on('error', () => {});
    await whenConnected(socket, AbortSignal.any([signal, late.signal]));
    return socket;
  } catch (error) {
    throw signal.aborted ? signal.reason : targetError(target, error);
  } finally {
    cancel();
  }
}

import type { Socket } from 'node:net';
import { type LocalListener, listenOnPath, listenOnPort, resetSocket, Splice } from '@nbs-ssh/session/node';
import type { ErrorContext } from '../errors/classes.ts';
import { brokenConnection, listenError } from './errors.ts';
import type { About, Forward } from './forward.ts';
import type { ForwardIntent, LocalEnd, RemoteEnd } from './intent.ts';
import type { Origin, StartChannel } from './open-channel.ts';

/**
 * Opens a way to `end` through whatever connection there is, or waits for one: all that a listener knows of SSH.
 *
 * @param make - Starts the channel. @throws {SSHError}; `signal.reason` when aborted.
 */
export type Opener = (
  end: RemoteEnd,
  origin: Origin,
  make: (start: StartChannel) => Splice,
  signal: AbortSignal,
) => Promise<Splice>;

/**
 * Makes a connection of a socket that was accepted, and paused.
 *
 * @throws when there is none; the socket is then ended by whoever called.
 */
export type Serve = (socket: Socket, signal: AbortSignal, about: About) => Promise<Splice>;

/** Listens on this side for a forward, and serves what comes. @throws {ForwardError} */
export async function listenLocally(
  forward: Forward<Extract<ForwardIntent, LocalEnd>>,
  serve: Serve,
  context: ErrorContext,
): Promise<void> {
  const { intent } = forward;
  let listener: LocalListener;
  try {
    const onSocket = (socket: Socket): void => accept(forward, socket, serve);
    listener =
      'localPath' in intent
        ? await listenOnPath(intent.localPath, forward.settings.replaceStale, onSocket)
        : await listenOnPort(intent, onSocket);
  } catch (error) {
    throw listenError(intent, error, context);
  }
  forward.established(listener.port, () => listener.close());
}

function accept(forward: Forward, socket: Socket, serve: Serve): void {
  // A client that goes away while nobody uses its socket is noticed when somebody does.
  const ignore = (): void => {};
  socket.on('error', ignore);
  const taken = forward.connect(async (signal, about) => {
    try {
      return await serve(socket, signal, about);
    } catch (error) {
      resetSocket(socket);
      // A client that went away ended the channel too, which the server is not to blame for.
      throw socket.errored === null ? error : brokenConnection('socket', socket.errored);
    }
  });
  if (!taken) resetSocket(socket);
}

/** Serves by one target for all. */
export function serveTarget(forward: Forward, target: RemoteEnd, open: Opener): Serve {
  return async (socket, signal) => {
    const make = (start: StartChannel): Splice => new Splice(socket, start, forward.traffic);
    const splice = await open(target, originOf(socket), make, signal);
    splice.go();
    return splice;
  };
}

/** Of a client at a port; a Unix socket has no address. */
export function originOf(socket: Socket): Origin {
  const { remoteAddress = '127.0.0.1', remotePort = 0 } = socket;
  // A client by IPv4 at a socket of both families.
  return { originHost: remoteAddress.replace(/^::ffff:(?=\d+\.)/, ''), originPort: remotePort };
}

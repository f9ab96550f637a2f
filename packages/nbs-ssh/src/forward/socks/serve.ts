import type { Socket } from 'node:net';
import type { Clock } from '@nbs-ssh/session';
import { Splice } from '@nbs-ssh/session/node';
import { printable } from '@nbs-ssh/transport/wire';
import { type ErrorContext, ForwardError } from '../../errors/classes.ts';
import { brokenConnection } from '../errors.ts';
import type { Forward } from '../forward.ts';
import { type Opener, originOf, type Serve } from '../local.ts';
import { clientError, failureOf } from './errors.ts';
import { greetSocket } from './greet-socket.ts';
import { SocksLobby } from './lobby.ts';

/** Milliseconds that a client has for reading why its target was not reached. */
const FAREWELL_MS = 2000;

/** What serving needs of whoever holds the forward. */
export interface SocksAround {
  readonly clock: Clock;
  readonly context: () => ErrorContext;
}

/** Serves clients of SOCKS at a port of this side: each says where it wants to go, and the server resolves the name. */
export function serveSocks(forward: Forward, open: Opener, { clock, context }: SocksAround): Serve {
  const lobby = new SocksLobby(clock);
  return async (socket, signal, about) => {
    const asked = await greetSocket(socket, lobby, signal).catch((error: unknown) => {
      const told = clientError(error, context());
      throw told instanceof ForwardError || signal.aborted ? told : brokenConnection('socket', error);
    });
    const { host, port, protocol } = asked.request;
    about({ remote_host: printable(host), remote_port: port, protocol });
    const made: { splice?: Splice } = {};
    try {
      const splice = await open(
        { remoteHost: host, remotePort: port },
        originOf(socket),
        (start) => {
          made.splice = new Splice(socket, start, forward.traffic, asked.early);
          return made.splice;
        },
        signal,
      );
      splice.go(asked.grant());
      return splice;
    } catch (error) {
      // A client that left made us give the channel up: nobody refused anything.
      if (socket.errored !== null) throw brokenConnection('socket', socket.errored);
      if (!signal.aborted) await farewell(socket, made.splice, asked.deny(failureOf(error)), clock);
      throw error;
    }
  };
}

/** Tells the client, and waits until it has gone. */
async function farewell(
  socket: Socket,
  splice: Splice | undefined,
  reply: Uint8Array,
  clock: Clock,
): Promise<void> {
  if (socket.destroyed) return;
  const cancel = clock.after(FAREWELL_MS, () => socket.destroy());
  const gone = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  if (splice === undefined) socket.resume().end(reply);
  else splice.go(reply);
  await gone;
  cancel();
}

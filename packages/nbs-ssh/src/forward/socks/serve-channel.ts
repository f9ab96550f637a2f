import type { SocksRequest } from '@nbs-ssh/channels';
import { Splice } from '@nbs-ssh/session/node';
import { printable } from '@nbs-ssh/transport/wire';
import { dialTarget } from '../dial-target.ts';
import type { FromServer, ServeChannel } from '../remote.ts';
import { clientError, clientLeft, failureOf, targetProhibited } from './errors.ts';
import { type GreetedChannel, greetChannel } from './greet-channel.ts';
import { SocksLobby } from './lobby.ts';
import type { SocksAround } from './serve.ts';

/** Serves clients of SOCKS at a port of the server: each says where on this side it wants to go. */
export function serveSocksChannel(forward: FromServer, around: SocksAround): ServeChannel {
  const lobby = new SocksLobby(around.clock);
  return async ({ accept }, signal, about) => {
    const greeted = await greetChannel(accept, lobby, signal).catch((error: unknown) => {
      throw clientError(error, around.context());
    });
    const { asked, channel, start } = greeted;
    const { host, port, protocol } = asked.request;
    about({ local_host: printable(host), local_port: port, protocol });
    try {
      const socket = await dialFor(greeted, forward, around, signal);
      void channel.write(asked.grant());
      const splice = new Splice(socket, start, forward.traffic);
      forward.traffic.received += asked.early.length;
      splice.go(asked.early);
      return splice;
    } catch (error) {
      // Nobody is interested any more in what comes.
      start({});
      if (signal.aborted) channel.abandon();
      else if (!channel.isClosed) {
        void channel.write(asked.deny(failureOf(error)));
        channel.close();
      }
      throw error;
    }
  };
}

/** Connects to the target, unless the policy forbids it or the client leaves meanwhile. */
async function dialFor(
  { asked: { request }, channel }: GreetedChannel,
  { settings }: FromServer,
  { clock, context }: SocksAround,
  signal: AbortSignal,
): ReturnType<typeof dialTarget> {
  if (!permits(settings.permitTarget, request)) {
    throw targetProhibited(request.host, request.port, context());
  }
  const left = new AbortController();
  void channel.closed.then((error) => left.abort(error ?? clientLeft(context())));
  const target = { localHost: request.host, localPort: request.port };
  return dialTarget(target, clock, AbortSignal.any([signal, left.signal]));
}

/** A policy that throws permits nothing. */
function permits(permit: FromServer['settings']['permitTarget'], { host, port }: SocksRequest): boolean {
  try {
    return permit === undefined || permit({ host, port }) === true;
  } catch {
    return false;
  }
}

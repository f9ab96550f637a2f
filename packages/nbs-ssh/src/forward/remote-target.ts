import { OpenFailureReason } from '@nbs-ssh/channels';
import type { Clock } from '@nbs-ssh/session';
import { Splice } from '@nbs-ssh/session/node';
import { dialTarget } from './dial-target.ts';
import type { LocalEnd } from './intent.ts';
import type { StartChannel } from './open-channel.ts';
import type { FromServer, ServeChannel } from './remote.ts';

/** Serves by one target of this side for all. A channel is accepted when its target has been reached. */
export function serveLocalTarget(forward: FromServer, target: LocalEnd, clock: Clock): ServeChannel {
  return async ({ accept, reject }, signal) => {
    try {
      const socket = await dialTarget(target, clock, signal);
      const start: StartChannel = (listener) => {
        try {
          return accept(listener);
        } catch (error) {
          socket.destroy();
          throw error;
        }
      };
      const splice = new Splice(socket, start, forward.traffic);
      splice.go();
      return splice;
    } catch (error) {
      reject(OpenFailureReason.CONNECT_FAILED, 'the target cannot be reached');
      throw error;
    }
  };
}

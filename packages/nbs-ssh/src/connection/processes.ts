import { isChannelsError } from '@nbs-ssh/channels';
import type { Channel, ChannelListener, Clock } from '@nbs-ssh/session';
import type { ErrorContext, SSHError } from '../errors/classes.ts';
import type { RemoteProcesses } from '../process/remote-process.ts';
import type { ClientSession } from './client-session.ts';
import type { ConnectionEvidence } from './evidence.ts';
import type { ConnectionConfig } from './options.ts';

/** What commands, shells and subsystems need of the connection that they run on. */
export interface ProcessOwner {
  readonly config: ConnectionConfig;
  readonly clock: Clock;
  readonly evidence: ConnectionEvidence;
  /** @throws {SSHError} when the connection is not open. */
  readonly session: () => ClientSession;
  readonly toPublic: (error: unknown) => SSHError;
  readonly context: () => ErrorContext;
}

export function remoteProcesses(owner: ProcessOwner): RemoteProcesses {
  const { config, clock, evidence, session, toPublic, context } = owner;
  const open = (listener: ChannelListener): Channel => {
    const { channels } = session();
    try {
      return channels.open({ type: 'session' }, listener);
    } catch (error) {
      // Too many at a time, or after the promise of no more.
      throw isChannelsError(error) ? toPublic(error).attachEvidence(evidence.bundle()) : error;
    }
  };
  return {
    open,
    env: config.env,
    forwardAgent: (channel) => session().forwarding.request(channel),
    forwardX11: (channel, options) => evidence.register(session().x11.request(channel, options)),
    now: () => clock.now(),
    unixNow: () => clock.unixNow(),
    after: (milliseconds, run) => clock.after(milliseconds, run),
    emit: (name, fields) => evidence.emit(name, fields),
    toPublic,
    context,
    evidence: () => evidence.bundle(),
    register: (secret) => evidence.register(secret),
  };
}

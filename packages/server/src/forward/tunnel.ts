import type { Socket } from 'node:net';
import { type Channel, type ChannelListener, endOf, join, pipeOver } from '@nbs-ssh/session';
import { fromSocket } from '@nbs-ssh/session/node';

/** A socket and a channel that are one connection. */
export interface Tunnel {
  readonly channel: Channel;
  /** Resolves when both are gone, with what broke. Never rejects. */
  readonly done: Promise<{ readonly broken: unknown }>;
  /** Ends both at once. */
  readonly giveUp: () => void;
}

/** Counts what went through, in bytes. */
export interface Traffic {
  /** From sockets into channels. */
  sent: number;
  /** From channels to sockets. */
  received: number;
}

/** @param start - Opens or accepts the channel with this listener. */
export function tunnel(
  socket: Socket,
  start: (listener: ChannelListener) => Channel,
  traffic: Traffic,
): Tunnel {
  const { channel, duplex } = pipeOver(start);
  const { done, giveUp } = join(endOf(fromSocket(socket)), endOf(duplex), {
    onBytes: (from, bytes) => {
      if (from === 'one') traffic.sent += bytes;
      else traffic.received += bytes;
    },
  });
  return { channel, done: done.then(({ broken }) => ({ broken: broken?.error })), giveUp };
}

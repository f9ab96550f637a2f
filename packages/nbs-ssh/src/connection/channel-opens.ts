import { type ChannelEvent, OpenFailureReason } from '@nbs-ssh/channels';
import type { ChannelTable } from '@nbs-ssh/session';

/** The server asks for a channel. */
export type OpenRequest = Extract<ChannelEvent, { readonly type: 'open-request' }>;

/** Somebody who decides about the channels of a type, and uses those that it takes. */
export interface OpenHandler {
  /** Answers with `accept` or `reject`, now or later. What it throws ends the session: a WireError, for a request that is none. */
  open(request: OpenRequest, channels: ChannelTable): void;
  /** The session is over. */
  close?(): void;
}

/**
 * Channels that the server opens, by type: `auth-agent@openssh.com`, `forwarded-tcpip`, … Types that are not in the
 * table are refused by the multiplexer.
 */
export type OpenHandlers = ReadonlyMap<string, OpenHandler>;

/** Hands the request to whoever takes channels of its type. */
export function routeOpen(handlers: OpenHandlers, request: OpenRequest, channels: ChannelTable): void {
  const handler = handlers.get(request.channelType);
  if (handler !== undefined) handler.open(request, channels);
  else channels.reject(request.channel, OpenFailureReason.UNKNOWN_CHANNEL_TYPE, 'not accepted here');
}

import {
  type CodedError,
  type ErrorCatalogue,
  type ErrorFactory,
  errorFactory,
  isErrorOf,
} from '@nbs-ssh/transport/wire';

/** What can go wrong in the connection protocol. Windows, lengths and credits are in bytes. */
export interface ChannelsErrors {
  CHANNELS_MESSAGE_UNEXPECTED: {
    readonly channel: number;
    readonly phase: string;
    readonly expected: readonly number[];
    readonly received: number;
  };
  CHANNELS_MESSAGE_UNKNOWN: { readonly received: number };
  CHANNELS_UNKNOWN_CHANNEL: { readonly channel: number; readonly received: number };
  CHANNELS_WINDOW_OVERFLOW: { readonly channel: number; readonly window: number; readonly added: number };
  CHANNELS_WINDOW_EXCEEDED: { readonly channel: number; readonly window: number; readonly received: number };
  CHANNELS_DATA_LENGTH: { readonly channel: number; readonly limit: number; readonly received: number };
  CHANNELS_MAX_PACKET: { readonly remote: number };
  CHANNELS_REMOTE_ID: { readonly remote: number };
  CHANNELS_REPLY_UNEXPECTED: { readonly channel: number | null; readonly received: number };
  CHANNELS_PENDING_REPLIES: { readonly channel: number | null; readonly limit: number };
  CHANNELS_NOISE: { readonly limit: number };
  CHANNELS_CONTROL_OVERFLOW: { readonly limit: number };
  CHANNELS_LIMIT: { readonly limit: number };
  CHANNELS_NOT_OPEN: { readonly channel: number; readonly phase: string; readonly operation: string };
  CHANNELS_UNREAD: { readonly channel: number };
  CHANNELS_NO_MORE_SESSIONS: Record<never, never>;
  CHANNELS_ARGUMENT: { readonly argument: string; readonly reason: string };
  CHANNELS_CREDIT: { readonly channel: number; readonly unread: number; readonly consumed: number };
  CHANNELS_TOKEN: { readonly token: number };
  CHANNELS_FAILED: { readonly operation: string };
  CHANNELS_INTERNAL: { readonly received: number };
}

const where = (channel: number | null): string =>
  channel === null ? 'the connection' : `channel ${channel}`;

const CATALOGUE: ErrorCatalogue<ChannelsErrors> = {
  CHANNELS_MESSAGE_UNEXPECTED: {
    fault: 'peer',
    disconnect: 2,
    message: (c) =>
      `channel ${c.channel} is ${c.phase} and expects messages [${c.expected.join(',')}], received ${c.received}`,
  },
  CHANNELS_MESSAGE_UNKNOWN: {
    fault: 'peer',
    disconnect: 2,
    message: (c) => `message ${c.received} is not part of the connection protocol`,
  },
  CHANNELS_UNKNOWN_CHANNEL: {
    fault: 'peer',
    disconnect: 2,
    message: (c) => `message ${c.received} names channel ${c.channel}, which does not exist`,
  },
  CHANNELS_WINDOW_OVERFLOW: {
    fault: 'peer',
    disconnect: 2,
    message: (c) => `channel ${c.channel}: a window of ${c.window} cannot grow by ${c.added}`,
  },
  CHANNELS_WINDOW_EXCEEDED: {
    fault: 'peer',
    disconnect: 2,
    message: (c) => `channel ${c.channel}: ${c.received} bytes received with a window of ${c.window}`,
  },
  CHANNELS_DATA_LENGTH: {
    fault: 'peer',
    disconnect: 2,
    message: (c) => `channel ${c.channel}: ${c.received} bytes in one message, limit ${c.limit}`,
  },
  CHANNELS_MAX_PACKET: {
    fault: 'peer',
    disconnect: 2,
    message: (c) => `the peer's channel ${c.remote} has maximum packet size 0, so no data could ever be sent`,
  },
  CHANNELS_REMOTE_ID: {
    fault: 'peer',
    disconnect: 2,
    message: (c) => `the peer opened channel ${c.remote} while it is still open`,
  },
  CHANNELS_REPLY_UNEXPECTED: {
    fault: 'peer',
    disconnect: 2,
    message: (c) => `message ${c.received} answers a request that ${where(c.channel)} never made`,
  },
  CHANNELS_PENDING_REPLIES: {
    fault: 'peer',
    disconnect: 2,
    message: (c) => `more than ${c.limit} requests wait for an answer on ${where(c.channel)}`,
  },
  CHANNELS_NOISE: {
    fault: 'peer',
    disconnect: 2,
    message: (c) => `more than ${c.limit} messages without effect in a minute`,
  },
  CHANNELS_CONTROL_OVERFLOW: {
    fault: 'peer',
    disconnect: 2,
    message: (c) => `the peer made more than ${c.limit} answers wait that cannot be sent yet`,
  },
  CHANNELS_LIMIT: {
    fault: 'caller',
    message: (c) => `${c.limit} channels are open, which is the limit`,
  },
  CHANNELS_NOT_OPEN: {
    fault: 'caller',
    message: (c) => `cannot ${c.operation}: channel ${c.channel} is ${c.phase}`,
  },
  CHANNELS_UNREAD: {
    fault: 'caller',
    message: (c) => `cannot write: the peer reads no more from channel ${c.channel}`,
  },
  CHANNELS_NO_MORE_SESSIONS: {
    fault: 'caller',
    message: () => 'cannot open a session: the server was promised that no more are opened',
  },
  CHANNELS_ARGUMENT: {
    fault: 'caller',
    message: (c) => `${c.argument} ${c.reason}`,
  },
  CHANNELS_CREDIT: {
    fault: 'caller',
    message: (c) => `channel ${c.channel}: ${c.consumed} bytes consumed, but only ${c.unread} are unread`,
  },
  CHANNELS_TOKEN: {
    fault: 'caller',
    message: (c) => `request token ${c.token} is unknown or already answered`,
  },
  CHANNELS_FAILED: {
    fault: 'caller',
    message: (c) => `cannot ${c.operation}: the multiplexer has failed`,
  },
  CHANNELS_INTERNAL: {
    fault: 'bug',
    disconnect: 11,
    message: (c) => `handling message ${c.received} failed unexpectedly`,
  },
};

export type ChannelsError = CodedError<ChannelsErrors>;
export const channelsError: ErrorFactory<ChannelsErrors> = /* @__PURE__ */ errorFactory(CATALOGUE);
export const isChannelsError = (error: unknown): error is ChannelsError => isErrorOf(CATALOGUE, error);

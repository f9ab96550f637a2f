import {
  DIRECT_STREAMLOCAL,
  DIRECT_TCPIP,
  encodeDirectStreamlocal,
  encodeDirectTcpip,
  OpenFailureReason,
} from '@nbs-ssh/channels';
import type { Channel, ChannelListener, ChannelTable, OpenRefusal } from '@nbs-ssh/session';
import { type ErrorContext, ForwardError, type ForwardReason, type SSHError } from '../errors/classes.ts';
import { printableEnd, requestError } from './errors.ts';
import { type RemoteEnd, showEnd } from './intent.ts';

/** What opening a way through the server needs of a connection. */
export interface TcpOpener {
  readonly channels: ChannelTable;
  readonly context: ErrorContext;
  /** The public error for what ended the session. */
  readonly toPublic: (error: unknown) => SSHError;
}

/** Where a connection came from, told to the server for its log. */
export interface Origin {
  readonly originHost: string;
  readonly originPort: number;
}

/** Opens or accepts a channel with a listener. */
export type StartChannel = (listener: ChannelListener) => Channel;

/**
 * Asks the server to connect to `end` (`direct-tcpip`, RFC 4254 §7.2, or `direct-streamlocal@openssh.com`) and resolves
 * once it has.
 *
 * @param make - Starts the channel, which nothing comes from before it is open.
 * @throws {ForwardError} when the server does not, with its reason; {SSHError} what ended the connection meanwhile;
 *   `signal.reason` when aborted.
 */
export async function openChannel<Made extends { readonly channel: Channel }>(
  { channels, context, toPublic }: TcpOpener,
  end: RemoteEnd,
  origin: Origin,
  make: (start: StartChannel) => Made,
  signal?: AbortSignal,
): Promise<Made> {
  signal?.throwIfAborted();
  const made = begin();
  const { channel } = made;
  const abort = (): void => channel.abandon();
  signal?.addEventListener('abort', abort, { once: true });
  try {
    const refusal = await channel.opened;
    signal?.throwIfAborted();
    if (refusal === undefined) return made;
    const lost = await channel.closed;
    throw lost === undefined ? refused(end, refusal, context) : toPublic(lost);
  } finally {
    signal?.removeEventListener('abort', abort);
  }

  function begin(): Made {
    try {
      const request = 'remotePath' in end ? toPath(end.remotePath) : toPort(end, origin);
      return make((listener) => channels.open(request, listener));
    } catch (error) {
      throw requestError(end, error, context) ?? error;
    }
  }
}

const toPath = (path: string): { readonly type: string; readonly typeSpecific: Uint8Array } => ({
  type: DIRECT_STREAMLOCAL,
  typeSpecific: encodeDirectStreamlocal({ path }),
});

const toPort = (
  { remoteHost, remotePort }: { readonly remoteHost: string; readonly remotePort: number },
  origin: Origin,
): { readonly type: string; readonly typeSpecific: Uint8Array } => ({
  type: DIRECT_TCPIP,
  typeSpecific: encodeDirectTcpip({ host: remoteHost, port: remotePort, ...origin }),
});

function refused(end: RemoteEnd, { reason, description }: OpenRefusal, context: ErrorContext): ForwardError {
  const word = REASONS.get(reason) ?? 'other';
  const target = printableEnd(end);
  const why = description || SENTENCES[word] || 'it gave no reason';
  return new ForwardError(`the server did not connect to ${showEnd(target)}: ${why}`, {
    code: 'FORWARD_OPEN_REFUSED',
    fault: 'peer',
    retryable: RETRYABLE.includes(word),
    context: {
      ...context,
      ...target,
      reason: word,
      ...(description === '' ? {} : { description }),
    },
  });
}

const REASONS: ReadonlyMap<number, ForwardReason> = new Map([
  [OpenFailureReason.ADMINISTRATIVELY_PROHIBITED, 'prohibited'],
  [OpenFailureReason.CONNECT_FAILED, 'connect_failed'],
  [OpenFailureReason.UNKNOWN_CHANNEL_TYPE, 'unknown_channel_type'],
  [OpenFailureReason.RESOURCE_SHORTAGE, 'resource_shortage'],
]);

/** What may be different the next time. */
const RETRYABLE: readonly ForwardReason[] = ['connect_failed', 'resource_shortage'];

const SENTENCES: { readonly [R in ForwardReason]?: string } = {
  prohibited: 'forwarding is not allowed there',
  connect_failed: 'the target refused, or cannot be reached from there',
  unknown_channel_type: 'it does not know this kind of channel',
  resource_shortage: 'it has no resources left',
};

import { DIRECT_TCPIP, encodeDirectTcpip, isChannelsError, OpenFailureReason } from '@nbs-ssh/channels';
import { type ByteDuplex, type ChannelTable, type OpenRefusal, openPipe } from '@nbs-ssh/session';
import { printable } from '@nbs-ssh/transport/wire';
import { type ErrorContext, ForwardError, type ForwardReason, type SSHError } from '../errors/classes.ts';

export interface OpenTcpOptions {
  /** Where the connection came from, told to the server for its log. Default `127.0.0.1` and 0. */
  readonly originHost?: string;
  readonly originPort?: number;
  /** Gives up opening. Once the pipe is open it has no effect. */
  readonly signal?: AbortSignal;
}

/** What opening a way through the server needs of a connection. */
export interface TcpOpener {
  readonly channels: ChannelTable;
  readonly context: ErrorContext;
  /** The public error for what ended the session. */
  readonly toPublic: (error: unknown) => SSHError;
}

/**
 * Asks the server to connect to `host:port` (`direct-tcpip`, RFC 4254 §7.2) and resolves with the pipe once it has.
 *
 * @throws {ForwardError} when the server does not, with its reason; {SSHError} what ended the connection meanwhile;
 *   `signal.reason` when aborted.
 */
export async function openTcp(
  { channels, context, toPublic }: TcpOpener,
  host: string,
  port: number,
  { originHost = '127.0.0.1', originPort = 0, signal }: OpenTcpOptions = {},
): Promise<ByteDuplex> {
  signal?.throwIfAborted();
  const target = { remoteHost: printable(String(host)), remotePort: port };
  const { channel, duplex } = begin();
  const abort = (): void => channel.abandon();
  signal?.addEventListener('abort', abort, { once: true });
  try {
    const refusal = await channel.opened;
    signal?.throwIfAborted();
    if (refusal === undefined) return duplex;
    const lost = await channel.closed;
    throw lost === undefined ? refused(refusal) : toPublic(lost);
  } finally {
    signal?.removeEventListener('abort', abort);
  }

  function begin(): ReturnType<typeof openPipe> {
    try {
      const typeSpecific = encodeDirectTcpip({ host, port, originHost, originPort });
      return openPipe(channels, { type: DIRECT_TCPIP, typeSpecific }, toPublic);
    } catch (error) {
      if (!isChannelsError(error)) throw error;
      const shortage = error.code === 'CHANNELS_LIMIT';
      throw new ForwardError(error.message, {
        code: error.code,
        fault: 'caller',
        retryable: shortage,
        context: {
          ...context,
          ...target,
          reason: shortage ? 'resource_shortage' : 'invalid_target',
          originalError: error,
        },
      });
    }
  }

  function refused({ reason, description }: OpenRefusal): ForwardError {
    const word = REASONS.get(reason) ?? 'other';
    const to = `${target.remoteHost}:${port}`;
    return new ForwardError(`the server did not connect to ${to}: ${description || SENTENCES[word]}`, {
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
}

const REASONS: ReadonlyMap<number, ForwardReason> = new Map([
  [OpenFailureReason.ADMINISTRATIVELY_PROHIBITED, 'prohibited'],
  [OpenFailureReason.CONNECT_FAILED, 'connect_failed'],
  [OpenFailureReason.UNKNOWN_CHANNEL_TYPE, 'unknown_channel_type'],
  [OpenFailureReason.RESOURCE_SHORTAGE, 'resource_shortage'],
]);

/** What may be different the next time. */
const RETRYABLE: readonly ForwardReason[] = ['connect_failed', 'resource_shortage'];

const SENTENCES: { readonly [R in ForwardReason]: string } = {
  prohibited: 'forwarding is not allowed there',
  connect_failed: 'the target refused, or cannot be reached from there',
  unknown_channel_type: 'it does not know this kind of channel',
  resource_shortage: 'it has no resources left',
  invalid_target: 'the target makes no sense',
  other: 'it gave no reason',
};

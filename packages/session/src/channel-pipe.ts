import { channelsError, type OpenOptions } from '@nbs-ssh/channels';
import type { SshError } from '@nbs-ssh/transport/wire';
import type { ByteDuplex } from './byte-duplex.ts';
import type { Channel, ChannelListener } from './channel.ts';
import type { ChannelTable } from './channel-table.ts';
import { Incoming } from './incoming.ts';

type ToError = (error: SshError) => unknown;

/** A channel as a byte pipe, and the channel itself. */
export interface ChannelPipe {
  readonly channel: Channel;
  readonly duplex: ByteDuplex;
}

/**
 * Opens a channel and makes a byte pipe of it. Writes may follow at once; see {@link Channel.opened} for the answer.
 *
 * @throws {ChannelsError} `CHANNELS_LIMIT`, `CHANNELS_ARGUMENT`
 */
export function openPipe(channels: ChannelTable, options: OpenOptions, toError?: ToError): ChannelPipe {
  return pipeOver((listener) => channels.open(options, listener), toError);
}

/**
 * Makes a byte pipe of a channel. Backpressure goes both ways: what nobody reads is not credited to the peer, and a
 * write resolves when the channel's queue has room.
 *
 * Each direction ends by itself: `close()` of the writer sends EOF and leaves reading open, `cancel()` of the reader tells
 * peers that understand it. Where the peer tells us, writes reject with `CHANNELS_UNREAD`, and reading goes on. When both have ended the
 * channel is closed; `cancel()` and `abort()` together give it up at once. A channel that ends with its session makes
 * reads and writes reject with the error of the session. Extended data is dropped: pipes have none.
 *
 * @param start - Opens or accepts the channel with this listener.
 * @param toError - Turns the error of the session into the one that reads and writes reject with.
 * @param closing - `peer`: the channel stays until the peer closes it, also when both directions have ended. A process
 *   tells its exit status after its last output, and closing before that would lose it.
 */
export function pipeOver(
  start: (listener: ChannelListener) => Channel,
  toError: ToError = (error) => error,
  closing: 'both' | 'peer' = 'both',
): ChannelPipe {
  const incoming = new Incoming();
  let canceled = false;
  let aborted = false;
  let finished = false;
  let closed = false;
  // Closing a channel gives back what was not read, so nothing may be given back after it.
  const credit = (bytes: number): void => {
    if (!closed) channel.consumed(bytes);
  };
  const closeIfOver = (): void => {
    if (!finished || !incoming.ended || closing === 'peer') return;
    closed = true;
    channel.close();
  };
  const channel: Channel = start({
    onData: (stream, bytes) => {
      if (canceled || stream !== 'stdout') credit(bytes.length);
      else incoming.push(bytes);
    },
    onEof: () => {
      incoming.finish(undefined);
      closeIfOver();
    },
    onClosed: (error) => incoming.finish(error === undefined ? undefined : toError(error)),
  });
  const giveUp = (): void => {
    if (canceled && aborted) channel.abandon();
  };
  const duplex: ByteDuplex = {
    readable: {
      getReader: () => ({
        read: async () => {
          const read = await incoming.read();
          if (read.value !== undefined) credit(read.value.length);
          return read;
        },
        cancel: async () => {
          canceled = true;
          if (!aborted && !incoming.ended) channel.stopReading();
          credit(incoming.drop());
          giveUp();
        },
      }),
    },
    writable: {
      getWriter: () => ({
        write: async (chunk) => {
          if (!channel.isClosed) await channel.write(chunk);
          if (channel.isClosed) throw toError((await channel.closed) ?? closedError(channel));
          if (channel.isUnread) throw toError(channelsError('CHANNELS_UNREAD', { channel: channel.id }));
        },
        close: async () => {
          finished = true;
          channel.end();
          closeIfOver();
        },
        abort: async () => {
          aborted = true;
          giveUp();
        },
      }),
    },
  };
  return { channel, duplex };
}

const closedError = ({ id }: Channel): SshError =>
  channelsError('CHANNELS_NOT_OPEN', { channel: id, phase: 'closed', operation: 'write' });

import { channelsError, type OpenOptions } from '@nbs-ssh/channels';
import type { SshError } from '@nbs-ssh/transport/wire';
import type { ByteDuplex } from './byte-duplex.ts';
import type { Channel, ChannelListener } from './channel.ts';
import type { ChannelTable } from './channel-table.ts';

type Read = { readonly done: boolean; readonly value?: Uint8Array | undefined };

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
 * Each direction ends by itself: `close()` of the writer sends EOF and leaves reading open. When both have ended the
 * channel is closed; `cancel()` and `abort()` together give it up at once. A channel that ends with its session makes
 * reads and writes reject with the error of the session. Extended data is dropped: pipes have none.
 *
 * @param start - Opens or accepts the channel with this listener.
 * @param toError - Turns the error of the session into the one that reads and writes reject with.
 */
export function pipeOver(
  start: (listener: ChannelListener) => Channel,
  toError: ToError = (error) => error,
): ChannelPipe {
  const incoming = new IncomingData();
  let canceled = false;
  let aborted = false;
  let finished = false;
  let closing = false;
  // Closing a channel gives back what was not read, so nothing may be given back after it.
  const credit = (bytes: number): void => {
    if (!closing) channel.consumed(bytes);
  };
  const closeIfOver = (): void => {
    if (!finished || !incoming.ended) return;
    closing = true;
    channel.close();
  };
  const channel: Channel = start({
    onData: (stream, bytes) => {
      if (canceled || stream !== 'stdout') credit(bytes.length);
      else incoming.push(bytes);
    },
    onEof: () => {
      incoming.end(undefined);
      closeIfOver();
    },
    onClosed: (error) => incoming.end(error === undefined ? undefined : toError(error)),
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

/** What arrived, between the channel's events and whoever reads. The channel's window bounds it. */
class IncomingData {
  readonly #chunks: Uint8Array[] = [];
  #waiting: { readonly resolve: (read: Read) => void; readonly reject: (error: unknown) => void } | undefined;
  #end: { readonly error: unknown } | undefined;

  get ended(): boolean {
    return this.#end !== undefined;
  }

  push(bytes: Uint8Array): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) this.#chunks.push(bytes);
    else waiting.resolve({ done: false, value: bytes });
  }

  /** The first end counts: a channel that is closed after its EOF ended regularly. */
  end(error: unknown): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (error === undefined) waiting?.resolve({ done: true });
    else waiting?.reject(error);
  }

  read(): Promise<Read> {
    const value = this.#chunks.shift();
    if (value !== undefined) return Promise.resolve({ done: false, value });
    if (this.#end !== undefined) {
      const { error } = this.#end;
      return error === undefined ? Promise.resolve({ done: true }) : Promise.reject(error);
    }
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  /** Forgets what was not read, and ends. @returns its length in bytes. */
  drop(): number {
    const length = this.#chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    this.#chunks.length = 0;
    this.end(undefined);
    return length;
  }
}

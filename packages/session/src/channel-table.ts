import type { ChannelEvent, LocalChannelId, Multiplexer, OpenOptions } from '@nbs-ssh/channels';
import type { SshError } from '@nbs-ssh/transport/wire';
import { Channel, type ChannelListener } from './channel.ts';

/** The channels of one session, by number. */
export class ChannelTable {
  readonly #mux: Multiplexer;
  readonly #wake: () => void;
  readonly #channels = new Map<LocalChannelId, Channel>();

  /** @param wake - Tells the driver that there is something to send. */
  constructor(mux: Multiplexer, wake: () => void) {
    this.#mux = mux;
    this.#wake = wake;
  }

  get size(): number {
    return this.#channels.size;
  }

  /** @throws {ChannelsError} `CHANNELS_LIMIT`, `CHANNELS_ARGUMENT`, `CHANNELS_NO_MORE_SESSIONS` */
  open(options: OpenOptions, listener: ChannelListener): Channel {
    const id = this.#mux.openChannel(options);
    this.#wake();
    return this.#add(id, listener);
  }

  /** Grants a channel that the peer asked for. @throws {ChannelsError} */
  accept(id: LocalChannelId, listener: ChannelListener): Channel {
    this.#mux.accept(id);
    this.#wake();
    return this.#add(id, listener);
  }

  reject(id: LocalChannelId, reason: number, description: string): void {
    this.#mux.reject(id, reason, description);
    this.#wake();
  }

  /** See {@link Multiplexer.noMoreSessions}. */
  noMoreSessions(): boolean {
    const told = this.#mux.noMoreSessions();
    this.#wake();
    return told;
  }

  handle(event: ChannelEvent): void {
    if (this.#channels.get(event.channel)?.handle(event) === true) this.#channels.delete(event.channel);
  }

  /** Ends every channel: the session is over. */
  endAll(error: SshError): void {
    const all = [...this.#channels.values()];
    this.#channels.clear();
    for (const channel of all) channel.lost(error);
  }

  #add(id: LocalChannelId, listener: ChannelListener): Channel {
    const channel = new Channel(this.#mux, id, this.#wake, listener);
    this.#channels.set(id, channel);
    return channel;
  }
}

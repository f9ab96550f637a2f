import { type ChannelEvent, type LocalChannelId, Multiplexer } from '@nbs-ssh/channels';
import { type Channel, ChannelTable } from '@nbs-ssh/session';
import type { OpenHandler } from '../src/connection/channel-opens.ts';

/** A client and a wicked server, one multiplexer against the other. */
export class Twins {
  /** Names of what the handler traced. */
  readonly traced: string[] = [];
  readonly client: Multiplexer;
  readonly server = new Multiplexer({ role: 'server' });
  readonly channels: ChannelTable;
  /** What the server hears, apart from requests. */
  readonly events: ChannelEvent[] = [];
  readonly type: string;
  /** Whether the server grants requests. */
  grants = true;
  /** Takes the channels that the server opens. */
  handler: OpenHandler | undefined;

  /** @param type - Of the channels that the server opens. */
  constructor(type: string) {
    this.type = type;
    this.client = new Multiplexer({ role: 'client', wantedChannelTypes: [type] });
    this.channels = new ChannelTable(this.client, () => {});
  }

  /** Carries messages until both are silent and every promise has settled. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 5; ) {
      const moved =
        this.#carry(this.client, this.server, true) || this.#carry(this.server, this.client, false);
      quiet = moved ? 0 : quiet + 1;
      if (!moved) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Carries messages until `wanted` is true, which may take files and sockets. */
  async until(wanted: () => boolean): Promise<void> {
    for (let round = 0; !wanted(); round += 1) {
      if (round > 2000) throw new Error(`nothing moves any more: ${this.traced.join(' ')}`);
      await this.settle();
    }
  }

  session(): Channel {
    return this.channels.open({ type: 'session' }, {});
  }

  open(count = 1, typeSpecific: Uint8Array = new Uint8Array(0)): readonly LocalChannelId[] {
    const { type } = this;
    return Array.from({ length: count }, () => this.server.openChannel({ type, typeSpecific }));
  }

  /** Reasons of refusals at the server, `undefined` for channels that were opened. */
  get answers(): readonly (number | undefined)[] {
    return this.events.flatMap((event) => {
      if (event.type === 'open-failed') return [event.reason];
      return event.type === 'opened' ? [undefined] : [];
    });
  }

  /** Channels that were opened and are closed again, as the server sees it. */
  get closed(): readonly LocalChannelId[] {
    return this.events.flatMap((event) => (event.type === 'closed' ? [event.channel] : []));
  }

  #carry(from: Multiplexer, to: Multiplexer, ours: boolean): boolean {
    let moved = false;
    for (let output = from.poll(true); output !== undefined; output = from.poll(true)) {
      moved = true;
      if (output.type === 'send') to.receive(output.payload);
      else if (output.type === 'send-data') to.receive(Uint8Array.of(...output.header, ...output.body));
      else if (output.type === 'failed') throw output.error;
      else if (output.type === 'global-request' || output.type === 'global-reply') continue;
      else if (!ours) this.#atServer(output);
      else if (output.type === 'open-request') this.handler?.open(output, this.channels);
      else this.channels.handle(output);
    }
    return moved;
  }

  #atServer(event: ChannelEvent): void {
    if (event.type === 'open-request') this.server.accept(event.channel);
    else if (event.type === 'request' && event.token !== undefined)
      this.server.replyRequest(event.channel, event.token, this.grants);
    else this.events.push(event);
  }
}

import type { TraceEvent } from '@nbs-ssh/transport/wire';
import type { Channel } from './channel.ts';
import type { RemoteChannelId } from './ids.ts';
import type { ChannelEvent, GlobalEvent } from './output.ts';
import type { WindowGrowth } from './window-growth.ts';

/** What a channel may ask of the multiplexer that owns it. */
export interface Outbox {
  /** Queues a message that is not data. */
  control(payload: Uint8Array): void;
  event(event: ChannelEvent | GlobalEvent): void;
  /** The channel has data and window. */
  ready(channel: Channel): void;
  /** Takes the number the peer gave its side. Throws a peer fault when it is in use. */
  claim(remote: RemoteChannelId): void;
  /** The channel is gone: forget its numbers. */
  remove(channel: Channel): void;
  /** Counts a message without effect. Throws a peer fault when there are too many. */
  noise(): void;
  /** Whether the peer is OpenSSH, as far as is known. */
  openSsh(): boolean;
  /** Monotonic milliseconds; what is sent now leaves at this time or later. */
  now(): number;
  readonly growth: WindowGrowth;
  /** `undefined` when nobody listens, so that fields are not built for nothing. */
  readonly trace: ((name: string, fields: TraceEvent['fields']) => void) | undefined;
}

import type { WireError } from '@nbs-ssh/transport/wire';
import type { ChannelsError } from './errors.ts';
import type { GlobalRequestId, GlobalRequestToken, LocalChannelId, RequestId, RequestToken } from './ids.ts';
import type { DataStream } from './send-queue.ts';
import type { ReceivedSessionRequest } from './session-requests.ts';

/** Something for the transport to send. */
export type SendOutput =
  /** A whole message. */
  | { readonly type: 'send'; readonly payload: Uint8Array }
  /** A data message in two parts, to be copied into one packet. `body` is a view of what was written. */
  | {
      readonly type: 'send-data';
      readonly channel: LocalChannelId;
      readonly header: Uint8Array;
      readonly body: Uint8Array;
    };

/** Something for the owner of a channel. After `open-failed` or `closed` no event names that channel again. */
export type ChannelEvent =
  /** The peer confirmed our open. `window` and `maxPacket` are what it lets us send, in bytes. */
  | {
      readonly type: 'opened';
      readonly channel: LocalChannelId;
      readonly window: number;
      readonly maxPacket: number;
      readonly typeSpecific: Uint8Array;
    }
  /** `reason` as RFC 4254 §5.1 numbers it. `description` comes from the peer, made safe to print. */
  | {
      readonly type: 'open-failed';
      readonly channel: LocalChannelId;
      readonly reason: number;
      readonly description: string;
    }
  /** The peer wants a channel: answer with `accept` or `reject`. */
  | {
      readonly type: 'open-request';
      readonly channel: LocalChannelId;
      readonly channelType: string;
      readonly window: number;
      readonly maxPacket: number;
      readonly typeSpecific: Uint8Array;
    }
  /** A view of the received message. Give its length back with `consumed` when it was read. */
  | {
      readonly type: 'data';
      readonly channel: LocalChannelId;
      readonly stream: DataStream;
      readonly bytes: Uint8Array;
    }
  /** The peer sends no more data. */
  | { readonly type: 'eof'; readonly channel: LocalChannelId }
  /** The peer asks for something. With a token it waits for `replyRequest`. */
  | {
      readonly type: 'request';
      readonly channel: LocalChannelId;
      readonly request: ReceivedSessionRequest;
      readonly token: RequestToken | undefined;
    }
  /** The answer to a request of ours. Requests still open when the channel closes get none. */
  | {
      readonly type: 'request-reply';
      readonly channel: LocalChannelId;
      readonly request: RequestId;
      readonly success: boolean;
    }
  /** The peer reads no more: what was written and not sent is thrown away, and writing throws. Comes at most once. */
  | { readonly type: 'end-of-write'; readonly channel: LocalChannelId }
  /** The queue fell to the low-water mark: write more. */
  | { readonly type: 'writable'; readonly channel: LocalChannelId }
  /** Both sides said CLOSE. Comes exactly once, after all data. */
  | { readonly type: 'closed'; readonly channel: LocalChannelId };

export type GlobalEvent =
  /** A global request named in `wantedGlobalRequests`. With a token it waits for `replyGlobal`. */
  | {
      readonly type: 'global-request';
      readonly name: string;
      readonly data: Uint8Array;
      readonly token: GlobalRequestToken | undefined;
    }
  | {
      readonly type: 'global-reply';
      readonly request: GlobalRequestId;
      readonly success: boolean;
      readonly data: Uint8Array;
    };

/**
 * What the multiplexer asks its owner to do, in order. `failed` is last: the multiplexer accepts no more input,
 * and the owner disconnects with `error.disconnect`. Channels then get no `closed` of their own.
 */
export type MuxOutput =
  | SendOutput
  | ChannelEvent
  | GlobalEvent
  | { readonly type: 'failed'; readonly error: MuxError };

/** Errors of this package, or of the bytes of a message. */
export type MuxError = ChannelsError | WireError;

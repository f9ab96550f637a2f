import { channelsError } from './errors.ts';
import type { RemoteChannelId } from './ids.ts';

/** The peer's side of a channel. */
export interface Remote {
  readonly id: RemoteChannelId;
  /** Largest data the peer takes in one message, in bytes. Never 0. */
  readonly maxPacket: number;
  /** Bytes we may still send. */
  window: number;
}

/** Where a channel is in its life. Each phase holds what exists only from then on. */
export type ChannelState =
  /** We sent OPEN. */
  | { readonly phase: 'opening' }
  /** The peer sent OPEN and waits for our answer; it does not know our number yet. */
  | { readonly phase: 'offered'; readonly remote: Remote }
  | { readonly phase: 'open'; readonly remote: Remote }
  /** The peer sent EOF; we may still send. */
  | { readonly phase: 'receive-ended'; readonly remote: Remote }
  /** We sent CLOSE; what the peer sent before it saw that still arrives and is dropped. */
  | { readonly phase: 'closing'; readonly remote: Remote }
  | { readonly phase: 'closed' };

export type ChannelPhase = ChannelState['phase'];

/**
 * Messages that the peer may send in each phase; anything else ends the connection.
 *
 * A second EOF is allowed and counts as noise. Data after EOF is not. In `closing` everything but CLOSE is
 * dropped unread, since the peer could not know better.
 */
export const LEGAL_MESSAGES: { readonly [P in ChannelPhase]: readonly number[] } = {
  opening: [91, 92],
  offered: [],
  open: [93, 94, 95, 96, 97, 98, 99, 100],
  'receive-ended': [93, 96, 97, 98, 99, 100],
  closing: [93, 94, 95, 96, 97, 98, 99, 100],
  closed: [],
};

/** What a peer with threads may still send for a channel that it has closed: window, and answers. */
export const LATE_MESSAGES: readonly number[] = [93, 99, 100];

/** Throws a peer fault when message `received` may not come now. */
export function checkLegal(channel: number, phase: ChannelPhase, received: number): void {
  const expected = LEGAL_MESSAGES[phase];
  if (expected.includes(received)) return;
  throw channelsError('CHANNELS_MESSAGE_UNEXPECTED', { channel, phase, expected, received });
}

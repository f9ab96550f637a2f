import type { MultiplexerConfig } from './config.ts';
import { OpenFailureReason } from './messages.ts';

/** Why a channel that the peer wants is refused. */
export interface Refusal {
  /** As RFC 4254 §5.1 numbers it. */
  readonly reason: number;
  /** For display at the peer. */
  readonly description: string;
  /** The peer could have known better: it costs from its noise budget. */
  readonly noise: boolean;
}

/** What the multiplexer knows when the peer asks for a channel. */
export interface OpenSituation {
  readonly channels: number;
  /** The client has promised to open no more sessions. */
  readonly noMoreSessions: boolean;
}

/** @returns why the peer gets no channel of this type, or `undefined` when the owner is to be asked. */
export function openRefusal(
  channelType: string,
  { wantedChannelTypes, limits }: MultiplexerConfig,
  { channels, noMoreSessions }: OpenSituation,
): Refusal | undefined {
  const session = channelType === 'session';
  const prohibited = OpenFailureReason.ADMINISTRATIVELY_PROHIBITED;
  if (!wantedChannelTypes.has(channelType)) {
    const reason = session ? prohibited : OpenFailureReason.UNKNOWN_CHANNEL_TYPE;
    return { reason, description: 'channel type not accepted here', noise: true };
  }
  if (session && noMoreSessions) return { reason: prohibited, description: 'no more sessions', noise: true };
  if (channels < limits.maxChannels) return undefined;
  return { reason: OpenFailureReason.RESOURCE_SHORTAGE, description: 'too many channels', noise: false };
}

import type { TraceSink } from '@nbs-ssh/transport/wire';
import { channelsError } from './errors.ts';
import { MAX_WINDOW } from './window.ts';

export interface MultiplexerOptions {
  readonly role: 'client' | 'server';
  readonly limits?: Partial<MultiplexerLimits>;
  readonly trace?: TraceSink | undefined;
  /** Names of global requests to hand out as `global-request`. All others are answered here. Default none. */
  readonly wantedGlobalRequests?: readonly string[];
  /**
   * Types of channels the peer may ask for; each comes out as `open-request` and must be accepted or rejected.
   * All others are rejected here. Default: `session` for a server, none for a client (RFC 4254 §6.1).
   */
  readonly wantedChannelTypes?: readonly string[];
}

export interface MultiplexerLimits {
  /**
   * Receive window that a channel begins with, in bytes. A stalled reader holds so much, so it is moderate; it keeps
   * a fast local peer busy, and on a long way no TCP connection sends more in its first round trips.
   */
  readonly window: number;
  /** Bytes to which the window of a channel may grow. 16 MiB carries 300 MB/s at 50 ms round trip. */
  readonly maxWindow: number;
  /** Bytes by which the windows of all channels together may grow: four of them to the end, or many by a little. */
  readonly windowGrowth: number;
  /** Largest data we accept in one message, in bytes. 32 KiB is what every peer sends. */
  readonly maxPacket: number;
  /** Channels at one time, both directions together. Dropbear has the same; nothing honest comes near. */
  readonly maxChannels: number;
  /** `writable` comes when a channel's queue falls to this, in bytes. Eight packets keep the transport busy. */
  readonly lowWater: number;
  /** Requests of the peer on one channel, and global ones, that may wait for an answer. */
  readonly pendingReplies: number;
  /** Messages without effect per minute. See {@link NoiseBudget}. */
  readonly noisePerMinute: number;
}

export const DEFAULT_LIMITS: MultiplexerLimits = {
  window: 1024 * 1024,
  maxWindow: 16 * 1024 * 1024,
  windowGrowth: 64 * 1024 * 1024,
  maxPacket: 32_768,
  maxChannels: 1000,
  lowWater: 8 * 32_768,
  pendingReplies: 1024,
  noisePerMinute: 1000,
};

/** Sizes of our side of a channel, in bytes. */
export interface ReceiveSizes {
  /** What the window begins with. It grows from there as others do. */
  readonly window?: number;
  readonly maxPacket?: number;
}

export interface OpenOptions extends ReceiveSizes {
  /** Channel type, for example `session`. */
  readonly type: string;
  /** What follows the common fields of SSH_MSG_CHANNEL_OPEN. */
  readonly typeSpecific?: Uint8Array;
}

/** Everything decided: nothing optional, nothing left to check. */
export interface MultiplexerConfig {
  readonly role: 'client' | 'server';
  readonly limits: MultiplexerLimits;
  readonly trace: TraceSink | undefined;
  readonly wantedGlobalRequests: ReadonlySet<string>;
  readonly wantedChannelTypes: ReadonlySet<string>;
}

/** @throws {ChannelsError} `CHANNELS_ARGUMENT` for a limit that is not a positive uint32. */
export function resolveOptions(options: MultiplexerOptions): MultiplexerConfig {
  const { role, trace } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  for (const [name, value] of Object.entries(limits)) checkSize(name, value);
  return {
    role,
    limits,
    trace,
    wantedGlobalRequests: new Set(options.wantedGlobalRequests),
    wantedChannelTypes: new Set(options.wantedChannelTypes ?? (role === 'server' ? ['session'] : [])),
  };
}

/** @throws {ChannelsError} `CHANNELS_ARGUMENT` unless `value` is in 1 … 2^32-1. */
export function checkSize(argument: string, value: number): number {
  if (Number.isInteger(value) && value > 0 && value <= MAX_WINDOW) return value;
  throw channelsError('CHANNELS_ARGUMENT', { argument, reason: `must be a positive uint32, got ${value}` });
}

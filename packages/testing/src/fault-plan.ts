import type { RandomSource } from '@nbs-ssh/transport/crypto';

/** How the bytes of one direction are cut into segments. */
export type Segmentation =
  | { readonly kind: 'bytewise' }
  /** Segments of 1 to `longest` bytes. */
  | { readonly kind: 'random'; readonly random: RandomSource; readonly longest: number }
  /** A boundary at each of these offsets from the start of the direction. */
  | { readonly kind: 'split-at'; readonly offsets: readonly number[] };

/** What happens to one direction of every connection. Offsets count from its first byte, from 0. */
export interface DirectionFaults {
  readonly segments?: Segmentation;
  /** Milliseconds that every segment is held back. Order is kept. */
  readonly delayMs?: number;
  /** Bytes to change: XOR with `mask`, default 0xff. */
  readonly corrupt?: readonly { readonly at: number; readonly mask?: number }[];
  /** Lets this many bytes through and holds the rest until `FaultProxy.resume`. */
  readonly stallAfter?: number;
  /** Lets this many bytes through, then ends the connection as `cutWith` says. */
  readonly cutAfter?: number;
  /** `half-close`: FIN in this direction only. `close`: both sides at once. `reset`: RST to both. Default `close`. */
  readonly cutWith?: 'half-close' | 'close' | 'reset';
}

export interface FaultPlan {
  readonly toServer?: DirectionFaults;
  readonly toClient?: DirectionFaults;
}

export type Direction = 'toServer' | 'toClient';

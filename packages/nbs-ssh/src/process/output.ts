/** How output comes: decoded text, or bytes. */
export type Encoding = 'utf8' | 'bytes';

export type Output<E extends Encoding> = E extends 'bytes' ? Uint8Array : string;

/** One piece of output, or the end. */
export interface StreamEvent<E extends Encoding = 'utf8'> {
  readonly stream: 'stdout' | 'stderr' | 'exit';
  /** Empty for `exit`. */
  readonly data: Output<E>;
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** Unix time in milliseconds at which it was handed out. */
  readonly timestamp: number;
}

/** Pieces smaller than this are joined while they wait: an object for each byte would cost more than the window. */
export const SMALL_PIECE = 1024;
/** Memory in which small pieces are joined, in bytes. */
export const JOINED_PIECES = 16_384;

import type { Incoming } from '../incoming.ts';

/** Chunks held before the source is paused: some 64 KiB each, so that reading never runs dry. */
const HELD_CHUNKS = 16;

/**
 * Hands a chunk to whoever reads.
 *
 * @returns whether there is room for more; otherwise the source is to be paused.
 */
export function deliver(incoming: Incoming, chunk: Uint8Array): boolean {
  incoming.push(chunk);
  return incoming.held < HELD_CHUNKS;
}

/** Reads; `resume` lets the source go on when half of what may be held is gone. */
export function take(incoming: Incoming, resume: () => void): ReturnType<Incoming['read']> {
  const before = incoming.held;
  const read = incoming.read();
  if (before > HELD_CHUNKS >> 1 && incoming.held === HELD_CHUNKS >> 1) resume();
  return read;
}

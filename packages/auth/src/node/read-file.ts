import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** Why a file was not read. `code` is the system's, such as `ENOENT`. */
export type ReadFailure =
  | { readonly type: 'system'; readonly code: string }
  | { readonly type: 'not-regular'; readonly what: string }
  | { readonly type: 'too-large' };

export interface ReadResult {
  readonly bytes: Uint8Array;
  /** Permission bits. */
  readonly mode: number;
  readonly owner: number;
}

/** Bytes asked for at once. */
const CHUNK = 65_536;

/**
 * Reads a regular file of at most `limit` bytes, and never blocks: a FIFO or a terminal is opened without
 * waiting and refused before anything is read from it.
 *
 * The limit counts what is read, not what the file system says: files of /proc claim to be empty.
 */
export async function readRegularFile(path: string, limit: number): Promise<ReadResult | ReadFailure> {
  let handle: FileHandle;
  try {
    handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0));
  } catch (error) {
    return { type: 'system', code: systemCode(error) };
  }
  try {
    const stat = await handle.stat();
    if (!stat.isFile())
      return { type: 'not-regular', what: stat.isDirectory() ? 'a directory' : 'no regular file' };
    if (stat.size > limit) return { type: 'too-large' };
    const chunks: Uint8Array[] = [];
    let total = 0;
    for (;;) {
      const chunk = new Uint8Array(Math.min(CHUNK, limit + 1 - total));
      const { bytesRead } = await handle.read(chunk, 0, chunk.length);
      if (bytesRead === 0) break;
      chunks.push(chunk.subarray(0, bytesRead));
      total += bytesRead;
      if (total > limit) return { type: 'too-large' };
    }
    const bytes = new Uint8Array(total);
    let offset = 0;
    for (const chunk of chunks) {
      bytes.set(chunk, offset);
      chunk.fill(0);
      offset += chunk.length;
    }
    return { bytes, mode: stat.mode & 0o777, owner: stat.uid };
  } catch (error) {
    return { type: 'system', code: systemCode(error) };
  } finally {
    await handle.close();
  }
}

export function systemCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}

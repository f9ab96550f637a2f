import { randomBytes } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, realpath, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { printable, utf8 } from '@nbs-ssh/transport/wire';
import { type KnownHostsError, knownHostsError } from '../known-hosts/errors.ts';
import { readKnownHostsFile } from './known-hosts-file.ts';
import { systemCode } from './read-file.ts';

/** Times a change of somebody else in the middle of ours is waited out. */
const TRIES = 8;

/**
 * Replaces a known_hosts file by `change` of its text, so that there is at any time either the old file or the new one,
 * whole: a new file is written beside it, synced and renamed. Mode and owner stay.
 *
 * Lines that others add meanwhile are kept: when they come before the rename `change` is done again, and what reached
 * the old file in the last instant is carried over.
 *
 * @param change - Gives the new text, or the very same text to leave the file alone. May be called more than once.
 * @returns whether the file was changed; never when there is none.
 * @throws {KnownHostsError} `AUTH_KNOWN_HOSTS_READ`, `AUTH_KNOWN_HOSTS_WRITE`
 */
export async function rewriteKnownHosts(path: string, change: (text: string) => string): Promise<boolean> {
  for (let tried = 0; tried < TRIES; tried += 1) {
    const old = await openOld(path);
    if (old === undefined) return false;
    try {
      const text = await readKnownHostsFile(old.target);
      if (text === undefined) return false;
      const changed = change(text);
      if (changed === text) return false;
      if (await replace(path, old, changed)) return true;
    } finally {
      await old.handle.close();
    }
  }
  throw failure(path, 'others keep changing it');
}

interface OldFile {
  /** The file itself, behind symbolic links: renaming would replace a link. */
  readonly target: string;
  /** Stays the old file when another one has its name. */
  readonly handle: FileHandle;
  readonly stats: Stats;
}

async function openOld(path: string): Promise<OldFile | undefined> {
  try {
    const target = await realpath(path);
    const handle = await open(target, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    return { target, handle, stats: await handle.stat() };
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw failure(path, code);
  }
}

/** @returns whether it was done; not when the file is another one by now. */
async function replace(path: string, old: OldFile, text: string): Promise<boolean> {
  const { target, stats } = old;
  if (process.getuid !== undefined && process.getuid() !== 0 && stats.uid !== process.getuid()) {
    throw failure(path, 'it belongs to somebody else');
  }
  const temporary = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}`);
  let handle: FileHandle | undefined;
  try {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_APPEND;
    handle = await open(temporary, flags, stats.mode & 0o777);
    await handle.writeFile(utf8(text));
    // The mask of the process may have taken bits away.
    await handle.chmod(stats.mode & 0o777);
    if (process.getuid?.() === 0) await handle.chown(stats.uid, stats.gid);
    await handle.sync();
    if (!isSame(stats, await lstat(target))) return false;
    await rename(temporary, target);
    const late = await lateLines(old);
    if (late.length > 0) await handle.writeFile(late);
    return true;
  } catch (error) {
    throw failure(path, systemCode(error));
  } finally {
    await handle?.close();
    // Gone already when it was renamed.
    await unlink(temporary).catch(() => {});
  }
}

/** What others wrote to the old file after it was read. */
async function lateLines({ handle, stats }: OldFile): Promise<Uint8Array> {
  const { size } = await handle.stat();
  const late = new Uint8Array(Math.max(0, size - stats.size));
  const { bytesRead } = await handle.read(late, 0, late.length, stats.size);
  return late.subarray(0, bytesRead);
}

function isSame(before: Stats, now: Stats): boolean {
  return (
    before.dev === now.dev &&
    before.ino === now.ino &&
    before.size === now.size &&
    before.mtimeMs === now.mtimeMs
  );
}

function failure(path: string, cause: string): KnownHostsError {
  return knownHostsError('AUTH_KNOWN_HOSTS_WRITE', { path: printable(path, 1024), cause });
}

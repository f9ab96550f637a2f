import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, stat } from 'node:fs/promises';
import { devNull } from 'node:os';
import { dirname } from 'node:path';
import { fromUtf8Lossy, printable, utf8 } from '@nbs-ssh/transport/wire';
import { type KnownHostsError, knownHostsError } from '../known-hosts/errors.ts';
import { readRegularFile, systemCode } from './read-file.ts';

/** Largest file read, in bytes: some 100,000 hosts. */
const MAX_FILE = 16_777_216;

/**
 * Text of a known_hosts file.
 *
 * @returns `undefined` when there is no such file, which is normal. The null device counts as an empty file,
 *   because people name it to have none.
 * @throws {KnownHostsError} `AUTH_KNOWN_HOSTS_READ`
 */
export async function readKnownHostsFile(path: string): Promise<string | undefined> {
  if (path === devNull) return '';
  const result = await readRegularFile(path, MAX_FILE);
  if (!('type' in result)) return fromUtf8Lossy(result.bytes);
  if (result.type === 'system' && (result.code === 'ENOENT' || result.code === 'ENOTDIR')) return undefined;
  const cause =
    result.type === 'system'
      ? result.code
      : result.type === 'too-large'
        ? `larger than ${MAX_FILE} bytes`
        : `it is ${result.what}`;
  throw knownHostsError('AUTH_KNOWN_HOSTS_READ', { path: printable(path, 1024), cause });
}

/** Times a line is written again because the file was replaced under it. */
const TRIES = 8;

/**
 * Adds one line at the end. Nothing in the file is ever rewritten, and the line goes out in one write at the
 * end of the file, so several processes may do this at once. Should another process replace the whole file at the same
 * moment, the line is written to the new one too.
 *
 * Creates the file with mode 0600 and its directory with 0700; deeper missing directories are an error. When
 * the last line has no end, it is given one first.
 *
 * @param line - From `formatKnownHostsLine`.
 * @throws {KnownHostsError} `AUTH_KNOWN_HOSTS_WRITE`
 * @throws {RangeError} when `line` is not exactly one line.
 */
export async function appendKnownHost(path: string, line: string): Promise<void> {
  if (line === '' || /[\r\n\0]/.test(line)) throw new RangeError('a known_hosts line is one line');
  if (path === devNull) return;
  for (let tried = 0; tried < TRIES; tried += 1) if (await append(path, line)) return;
}

/** @returns whether the file still has its name after the line was written. */
async function append(path: string, line: string): Promise<boolean> {
  let handle: FileHandle | undefined;
  try {
    handle = await openForAppend(path);
    const before = await handle.stat();
    if (!before.isFile()) throw failure(path, 'it is no regular file');
    const bytes = utf8(`${(await endsInNewline(handle, before.size)) ? '' : '\n'}${line}\n`);
    const { bytesWritten } = await handle.write(bytes, 0, bytes.length);
    if (bytesWritten !== bytes.length) throw failure(path, 'the disk is full');
    const after = await stat(path);
    return after.ino === before.ino && after.dev === before.dev;
  } catch (error) {
    throw isFailure(error) ? error : failure(path, systemCode(error));
  } finally {
    await handle?.close();
  }
}

async function openForAppend(path: string): Promise<FileHandle> {
  const flags =
    constants.O_RDWR |
    constants.O_APPEND |
    constants.O_CREAT |
    (constants.O_NONBLOCK ?? 0) |
    (constants.O_NOCTTY ?? 0);
  try {
    return await open(path, flags, 0o600);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    // Another process may make the directory at the same moment.
    await mkdir(dirname(path), { mode: 0o700 }).catch((reason: unknown) => {
      if (systemCode(reason) !== 'EEXIST') throw reason;
    });
    return await open(path, flags, 0o600);
  }
}

/** Two processes that both see a missing line end both add one: an empty line, which is harmless. */
async function endsInNewline(handle: FileHandle, size: number): Promise<boolean> {
  if (size === 0) return true;
  const last = new Uint8Array(1);
  const { bytesRead } = await handle.read(last, 0, 1, size - 1);
  return bytesRead === 0 || last[0] === 0x0a;
}

function failure(path: string, cause: string): KnownHostsError {
  return knownHostsError('AUTH_KNOWN_HOSTS_WRITE', { path: printable(path, 1024), cause });
}

const isFailure = (error: unknown): boolean => systemCode(error) === 'AUTH_KNOWN_HOSTS_WRITE';

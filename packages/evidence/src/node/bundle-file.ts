import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { EvidenceBundle, type SerializeOptions } from '../bundle.ts';
import { evidenceError, isEvidenceError } from '../errors.ts';
import { MAX_BUNDLE, parseBundleInit } from '../parse.ts';

/** Owner only: also a redacted bundle tells about machines. */
const MODE = 0o600;

/** An {@link EvidenceBundle} that can be written to a file and read from one. */
export class EvidenceBundleFile extends EvidenceBundle {
  /** The same bundle, with file functions. Its redactor goes along. */
  static from(bundle: EvidenceBundle): EvidenceBundleFile {
    return new EvidenceBundleFile(bundle);
  }

  /** @throws {EvidenceError} as {@link readBundle}. */
  static fromFile(path: string): Promise<EvidenceBundleFile> {
    return readBundle(path);
  }

  /** @throws {EvidenceError} as {@link writeBundle}. */
  toFile(path: string, options: SerializeOptions = {}): Promise<void> {
    return writeBundle(path, this, options);
  }
}

/**
 * Writes a bundle so that the file is there completely or not at all, readable by its owner only.
 *
 * The text goes to a new file beside the target, to the disk, and then takes the target's name. An existing
 * regular file is replaced.
 *
 * @throws {EvidenceError} `EVIDENCE_TARGET` when the target is a symbolic link or no regular file;
 *   `EVIDENCE_FILE` when the operating system refuses.
 */
export async function writeBundle(
  path: string,
  bundle: EvidenceBundle,
  options: SerializeOptions = {},
): Promise<void> {
  const text = bundle.serialize(options);
  await refuseSpecial(path);
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(8).toString('hex')}.tmp`);
  try {
    // `wx`: creates the file itself or fails, and follows no link.
    const file = await open(temporary, 'wx', MODE);
    try {
      await file.writeFile(text, 'utf8');
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw fileError(path, 'cannot write', error);
  }
  await syncDirectory(dirname(path));
}

/**
 * Reads a bundle in either format, an event log, or a file of the original Python library.
 *
 * @throws {EvidenceError} `EVIDENCE_FILE` or `EVIDENCE_TARGET` when it cannot be opened, and what `parseBundle`
 *   throws.
 */
export async function readBundle(path: string): Promise<EvidenceBundleFile> {
  let file: FileHandle | undefined;
  let text: string;
  try {
    // Non-blocking, or a named pipe would keep us waiting for a writer.
    file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stats = await file.stat();
    if (!stats.isFile()) throw evidenceError('EVIDENCE_TARGET', { path, kind: kindOf(stats) });
    if (stats.size > MAX_BUNDLE) {
      throw evidenceError('EVIDENCE_LIMIT', { what: path, limit: MAX_BUNDLE, received: stats.size });
    }
    text = await file.readFile('utf8');
  } catch (error) {
    throw fileError(path, 'cannot read', error);
  } finally {
    await file?.close();
  }
  return new EvidenceBundleFile(parseBundleInit(text));
}

async function refuseSpecial(path: string): Promise<void> {
  const stats = await lstat(path).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fileError(path, 'cannot write', error);
  });
  if (stats !== undefined && !stats.isFile()) {
    throw evidenceError('EVIDENCE_TARGET', { path, kind: kindOf(stats) });
  }
}

interface Kinds {
  isSymbolicLink(): boolean;
  isDirectory(): boolean;
}

export function kindOf(stats: Kinds): string {
  if (stats.isSymbolicLink()) return 'symbolic link';
  return stats.isDirectory() ? 'directory' : 'device or pipe';
}

export function fileError(path: string, operation: string, error: unknown): Error {
  if (isEvidenceError(error)) return error;
  const code = String((error as NodeJS.ErrnoException).code ?? 'unknown');
  return evidenceError('EVIDENCE_FILE', { path, operation, code }, { cause: error });
}

/** Makes the new name last through a power failure, where the system can. The file is complete either way. */
async function syncDirectory(path: string): Promise<void> {
  let directory: FileHandle | undefined;
  try {
    directory = await open(path, 'r');
    await directory.sync();
  } catch {
    // Windows, and some network file systems, have no such thing.
  } finally {
    await directory?.close();
  }
}

import { open, opendir, stat } from 'node:fs/promises';
import { printable } from '@nbs-ssh/transport/wire';
import { ConfigError } from '../errors.ts';
import { hasWildcards, matchesGlob, plainPart } from '../glob.ts';
import { MAX_FILE_BYTES, MAX_FILES, MAX_FOLDER_ENTRIES } from '../limits.ts';

/**
 * Reads a configuration file.
 *
 * @param uid - The user whose file it may be, besides root; `undefined` where files have no owner.
 * @returns `undefined` when there is no such file.
 * @throws {ConfigError} `CONFIG_PERMISSIONS`, `CONFIG_LIMIT`, `CONFIG_READ`.
 */
export async function readConfigFile(
  path: string,
  checkOwner: boolean,
  uid: number | undefined,
): Promise<string | undefined> {
  const shown = printable(path, 1024);
  try {
    await using file = await open(path, 'r');
    const stats = await file.stat();
    if (stats.isDirectory()) throw new ConfigError('CONFIG_READ', `${shown} is a folder`, { file: path });
    // As ssh: a file that somebody else can write is not the user's word. Pipes and the like have no size to trust.
    if (
      checkOwner &&
      uid !== undefined &&
      ((stats.uid !== 0 && stats.uid !== uid) || (stats.mode & 0o022) !== 0)
    ) {
      const text = `bad owner or permissions on ${shown}`;
      throw new ConfigError('CONFIG_PERMISSIONS', text, { file: path });
    }
    return await readBounded(file, path);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new ConfigError('CONFIG_READ', `${shown} cannot be read (${code})`, {
      file: path,
      originalError: error,
    });
  }
}

async function readBounded(file: Awaited<ReturnType<typeof open>>, path: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { bytesRead, buffer } = await file.read({ buffer: new Uint8Array(65_536) });
    if (bytesRead === 0) return Buffer.concat(chunks).toString('utf8');
    length += bytesRead;
    if (length > MAX_FILE_BYTES) {
      const text = `${printable(path, 1024)} is too long for a configuration`;
      throw new ConfigError('CONFIG_LIMIT', text, { file: path });
    }
    chunks.push(buffer.subarray(0, bytesRead));
  }
}

/** Files that a pattern means, sorted. A folder that cannot be read has none. @throws {ConfigError} `CONFIG_LIMIT` */
export async function globFiles(pattern: string): Promise<readonly string[]> {
  const [first = '', ...parts] = pattern.split('/');
  let found: readonly string[] = [plainPart(first)];
  for (const part of parts) {
    if (!hasWildcards(part)) {
      found = found.map((folder) => `${folder}/${plainPart(part)}`);
      continue;
    }
    const next: string[] = [];
    for (const folder of found) {
      for (const name of await namesIn(folder === '' ? '/' : folder)) {
        if (!matchesGlob(name, part)) continue;
        next.push(`${folder}/${name}`);
        if (next.length > MAX_FILES)
          throw tooMany(`"${printable(pattern, 256)}" names more than ${MAX_FILES} files`);
      }
    }
    found = next;
  }
  const existing = await Promise.all(found.map(async (path) => ((await exists(path)) ? path : undefined)));
  return existing.filter((path) => path !== undefined).sort();
}

async function namesIn(folder: string): Promise<readonly string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of await opendir(folder)) {
      names.push(name);
      if (names.length > MAX_FOLDER_ENTRIES) {
        throw tooMany(`${printable(folder, 1024)} has more than ${MAX_FOLDER_ENTRIES} files`);
      }
    }
  } catch (error) {
    if (error instanceof ConfigError) throw error;
  }
  return names;
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

function tooMany(text: string): ConfigError {
  return new ConfigError('CONFIG_LIMIT', text, { option: 'Include' });
}

import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, chown, type FileHandle, lstat, open, realpath, rename, stat, unlink } from 'node:fs/promises';
import { printable } from '@nbs-ssh/transport/wire';
import { fileFailure, KeygenFailure } from './errors.ts';

/** Largest file of signers, revoked or public keys, in bytes: some 100,000 lines. */
const MAX_LIST = 16_777_216;

export async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch {
    return false;
  }
}

/** Makes a file that did not exist before. @throws {KeygenFailure} also when it exists. */
export async function createFile(path: string, content: string, mode: number): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'wx', mode);
    await handle.writeFile(content);
  } catch (error) {
    // Half a key is worse than none.
    if (handle !== undefined) await unlink(path).catch(() => {});
    throw fileFailure(printable(path, 1024), 'written', error);
  } finally {
    await handle?.close();
  }
}

/**
 * Puts a file in the place of another one, which stays as it was until the new one is complete. Links are followed, and
 * the owner stays the same where that is allowed.
 */
export async function replaceFile(path: string, content: string, mode: number): Promise<void> {
  const shown = printable(path, 1024);
  let temporary: string | undefined;
  try {
    const target = await realpath(path);
    const before = await stat(target);
    if (!before.isFile()) throw new KeygenFailure(`${shown} is no regular file.`, 'Choose another file.');
    const name = `${target}.${randomBytes(6).toString('hex')}`;
    await createFile(name, content, 0o600);
    temporary = name;
    await chown(name, before.uid, before.gid).catch(() => {});
    await chmod(name, mode);
    await rename(name, target);
    temporary = undefined;
  } catch (error) {
    throw error instanceof KeygenFailure ? error : fileFailure(shown, 'written', error);
  } finally {
    if (temporary !== undefined) await unlink(temporary).catch(() => {});
  }
}

/** Text of a file, or of standard input when the path is `-`. */
export async function readText(path: string, limit: number = MAX_LIST): Promise<string> {
  const shown = path === '-' ? 'Standard input' : printable(path, 1024);
  const chunks: Buffer[] = [];
  let total = 0;
  try {
    for await (const chunk of path === '-' ? process.stdin : createReadStream(path)) {
      const bytes = chunk as Buffer;
      total += bytes.length;
      if (total > limit)
        throw new KeygenFailure(`${shown} is larger than ${limit} bytes.`, 'Check the path.');
      chunks.push(bytes);
    }
  } catch (error) {
    throw error instanceof KeygenFailure ? error : fileFailure(shown, 'read', error);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Digest of a file of any size, or of standard input when the path is `-`. */
export async function digestOf(path: string, hash: 'sha256' | 'sha512'): Promise<Uint8Array> {
  const state = createHash(hash);
  try {
    for await (const chunk of path === '-' ? process.stdin : createReadStream(path))
      state.update(chunk as Buffer);
  } catch (error) {
    throw fileFailure(path === '-' ? 'Standard input' : printable(path, 1024), 'read', error);
  }
  return new Uint8Array(state.digest());
}

import { getuid } from 'node:process';
import { printable } from '@nbs-ssh/transport/wire';
import { type PrivateKeyError, privateKeyError } from '../private-key/errors.ts';
import { MAX_KEY_FILE } from '../private-key/limits.ts';
import { type ReadFailure, readRegularFile } from './read-file.ts';

export interface ReadKeyFileOptions {
  /**
   * Take a file that belongs to this user and that others may read too, which ssh(1) refuses. For keys mounted
   * into containers, where the mode cannot be chosen. Default false.
   */
  readonly allowShared?: boolean | undefined;
}

/**
 * Content of a private-key file: a regular file of at most 1 MiB. Never blocks.
 *
 * @returns Fresh bytes; wipe them after parsing.
 * @throws {PrivateKeyError} with `context.reason` `file_not_found`, `permission_denied` or `invalid_format`.
 */
export async function readKeyFile(path: string, options: ReadKeyFileOptions = {}): Promise<Uint8Array> {
  const result = await readRegularFile(path, MAX_KEY_FILE);
  const shown = printable(path, 1024);
  if ('type' in result) throw failure(shown, result);
  const shared = (result.mode & 0o077) !== 0 && getuid?.() === result.owner;
  if (shared && options.allowShared !== true) {
    result.bytes.fill(0);
    throw privateKeyError('AUTH_KEY_PERMISSION_DENIED', {
      reason: 'permission_denied',
      path: shown,
      mode: result.mode.toString(8).padStart(4, '0'),
    });
  }
  return result.bytes;
}

/** What a file that was not read means for a key. @param path - Already escaped. */
export function failure(path: string, result: ReadFailure): PrivateKeyError {
  const unusable = (what: string): PrivateKeyError =>
    privateKeyError('AUTH_KEY_NOT_A_FILE', { reason: 'invalid_format', path, what });
  if (result.type === 'too-large') return unusable(`it is larger than ${MAX_KEY_FILE} bytes`);
  if (result.type === 'not-regular') return unusable(`it is ${result.what}`);
  switch (result.code) {
    case 'ENOENT':
    case 'ENOTDIR':
    case 'ENAMETOOLONG':
    case 'ERR_INVALID_ARG_VALUE':
      return privateKeyError('AUTH_KEY_FILE_NOT_FOUND', { reason: 'file_not_found', path });
    case 'EACCES':
    case 'EPERM':
      return privateKeyError('AUTH_KEY_PERMISSION_DENIED', { reason: 'permission_denied', path });
    default:
      return unusable(result.code);
  }
}

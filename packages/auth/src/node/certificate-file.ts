import { fromUtf8Lossy, printable } from '@nbs-ssh/transport/wire';
import { failure } from './key-file.ts';
import { readRegularFile } from './read-file.ts';

/** Largest certificate file read, in bytes: more than the longest line that holds one. */
const MAX_CERTIFICATE_FILE = 131_072;

/**
 * Text of a `-cert.pub` file, which anybody may read.
 *
 * @throws {PrivateKeyError} with `context.reason` `file_not_found`, `permission_denied` or `invalid_format`.
 */
export async function readCertificateFile(path: string): Promise<string> {
  const result = await readRegularFile(path, MAX_CERTIFICATE_FILE);
  if ('type' in result) throw failure(printable(path, 1024), result);
  return fromUtf8Lossy(result.bytes);
}

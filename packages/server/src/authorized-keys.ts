import { parsePublicKeyText } from '@nbs-ssh/auth';
import type { PublicKey } from '@nbs-ssh/transport/keys';
import { equalBytes } from '@nbs-ssh/transport/wire';
import type { PublicKeyAttempt } from './handlers.ts';

/**
 * A `publicKey` handler that lets in the owners of these keys.
 *
 * @param lines - Lines of `.pub` files, or whole public keys of RFC 4716 or PEM, one text each. Options, as
 *   authorized_keys has them, are not understood and refused.
 * @param username - The only user that may log in. Default: any.
 * @throws {KeysError} for a line that is no key.
 */
export function authorizedKeys(
  lines: readonly string[],
  username?: string,
): (attempt: PublicKeyAttempt) => boolean {
  const keys = lines
    .map((line) => parsePublicKeyText(line)?.publicKey)
    .filter((key): key is PublicKey => key !== undefined);
  return (attempt) => {
    const known = keys.some((key) => equalBytes(key.blob, attempt.publicKey.blob));
    return known && (username === undefined || username === attempt.username);
  };
}

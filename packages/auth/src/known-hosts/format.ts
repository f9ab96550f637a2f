import type { CryptoProvider } from '@nbs-ssh/transport/crypto';
import type { PublicKey } from '@nbs-ssh/transport/keys';
import { toBase64 } from '@nbs-ssh/transport/wire';
import { hashName } from './match.ts';
import { knownHostsName } from './name.ts';

/** Bytes of a salt: the length of HMAC-SHA1's output, and the only length OpenSSH reads. */
export const SALT_LENGTH = 20;

/** What must not stand in a name: it would end the field, begin a pattern or make up another line. */
const FORBIDDEN = /[\s\p{Cc},*?!#|@]/u;

/**
 * One line for known_hosts, without a line end.
 *
 * @param options - `hash` hides the name, as `HashKnownHosts yes` does. The salt is 20 random bytes.
 * @throws {RangeError} when `host` is empty or has a character that has a meaning in the file.
 */
export function formatKnownHostsLine(
  host: string,
  port: number,
  publicKey: PublicKey,
  options: {
    readonly hash?: { readonly salt: Uint8Array; readonly hmac: CryptoProvider['hmac'] } | undefined;
  } = {},
): string {
  if (host === '' || FORBIDDEN.test(host)) throw new RangeError('this host name cannot stand in known_hosts');
  const name = knownHostsName(host, port);
  const { hash } = options;
  if (hash !== undefined && hash.salt.length !== SALT_LENGTH) {
    throw new RangeError(`a salt has ${SALT_LENGTH} bytes`);
  }
  const shown =
    hash === undefined ? name : `|1|${toBase64(hash.salt)}|${toBase64(hashName(hash.hmac, hash.salt, name))}`;
  return `${shown} ${publicKey.keyType} ${toBase64(publicKey.blob)}`;
}

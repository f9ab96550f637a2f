import {
  type CertifiedKey,
  isKeysError,
  type PublicKey,
  parseCertificate,
  parsePublicKeyLine,
} from '@nbs-ssh/transport/keys';
import { equalBytes } from '@nbs-ssh/transport/wire';
import { type CertificateFileProblem, type PrivateKeyError, privateKeyError } from './errors.ts';

/**
 * Reads the certificate of a user: the text of a `-cert.pub` file, of which the first line with a key counts.
 *
 * @param path - For errors; already escaped.
 * @throws {PrivateKeyError} `AUTH_KEY_CERTIFICATE`
 */
export function parseUserCertificate(text: string, path?: string): CertifiedKey {
  const line = text.split('\n').find((candidate) => !/^\s*(#|$)/.test(candidate)) ?? '';
  let certified: CertifiedKey | undefined;
  try {
    certified = parsePublicKeyLine(line, parseCertificate)?.publicKey;
  } catch (cause) {
    if (!isKeysError(cause)) throw cause;
    throw unusable('malformed', path, cause);
  }
  if (certified === undefined) throw unusable('malformed', path);
  if (certified.certificate.type !== 'user') throw unusable('wrong-type', path);
  return certified;
}

/** @throws {PrivateKeyError} `AUTH_KEY_CERTIFICATE` when the certificate is around another key. */
export function checkCertificateOf(certified: CertifiedKey, key: PublicKey, path?: string): void {
  if (!equalBytes(certified.certificate.key.blob, key.blob)) throw unusable('mismatch', path);
}

function unusable(problem: CertificateFileProblem, path?: string, cause?: unknown): PrivateKeyError {
  const context = { reason: 'invalid_format', problem, ...(path === undefined ? {} : { path }) } as const;
  return privateKeyError('AUTH_KEY_CERTIFICATE', context, { cause });
}

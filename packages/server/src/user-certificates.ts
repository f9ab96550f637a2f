import type { CryptoProvider } from '@nbs-ssh/transport/crypto';
import {
  type CertificateProblem,
  type CertifiedKey,
  certificateProblem,
  type PublicKey,
  parsePublicKeyLine,
} from '@nbs-ssh/transport/keys';
import { equalBytes } from '@nbs-ssh/transport/wire';
import { ENFORCED, optionText } from './restrictions.ts';
import { isFromSource } from './source-address.ts';

/** Why a user's certificate was refused. */
export type UserCertificateProblem = CertificateProblem | 'source-address' | 'malformed-option';

/**
 * Reads the keys of CAs.
 *
 * @param lines - Lines of `.pub` files.
 * @throws {KeysError} for a line that is no plain key: a CA is never certified by another one.
 */
export function trustedCas(lines: readonly string[]): readonly PublicKey[] {
  return lines.map((line) => parsePublicKeyLine(line)?.publicKey).filter((key) => key !== undefined);
}

export interface UserCertificateUse {
  readonly cas: readonly PublicKey[];
  readonly username: string;
  /** Where the client is, when that is known. */
  readonly address: string | undefined;
  readonly unixMs: number;
}

/**
 * Decides whether a certificate lets this user in from this address now. That the client holds the key is known.
 *
 * @returns the first thing wrong with it.
 */
export function userCertificateProblem(
  crypto: CryptoProvider,
  { certificate }: CertifiedKey,
  { cas, username, address, unixMs }: UserCertificateUse,
): UserCertificateProblem | undefined {
  const problem = certificateProblem(crypto, certificate, {
    purpose: 'user',
    now: unixMs / 1000,
    isFor: (principal) => principal === username,
    trustsCa: (ca) => cas.some((trusted) => equalBytes(trusted.blob, ca.blob)),
    criticalOptions: ENFORCED,
  });
  if (problem !== undefined) return problem;
  const sources = optionText(certificate, 'source-address');
  const command = optionText(certificate, 'force-command');
  if (sources === null || command === null || command === '') return 'malformed-option';
  return sources === undefined || isFromSource(address, sources) ? undefined : 'source-address';
}

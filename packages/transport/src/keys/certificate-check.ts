import type { CryptoProvider } from '../crypto/index.ts';
import type { Certificate } from './certificate-types.ts';
import { signatureName, verifySignature } from './signature.ts';
import type { PublicKey } from './types.ts';

/** Why a certificate is not accepted. Stable words, for errors and evidence. */
export type CertificateProblem =
  /** The CA signed with an algorithm that policy does not allow, SHA-1 by default. */
  | 'ca-algorithm'
  /** The CA's signature is wrong: nobody certified this. */
  | 'signature'
  | 'untrusted-ca'
  /** A user's certificate in a host's place, or the other way round. */
  | 'wrong-type'
  | 'not-yet-valid'
  | 'expired'
  /** It is for nobody in particular. OpenSSH took that for "everybody" until 10.3. */
  | 'no-principals'
  /** A principal with a comma, which reads as two names elsewhere. */
  | 'comma-principal'
  /** It is for others. */
  | 'wrong-principal'
  /** It has a restriction that nobody here would enforce. */
  | 'critical-option';

/** What is asked of a certificate. */
export interface CertificateUse {
  readonly purpose: Certificate['type'];
  /** Says whether one principal means who is asked about: a user name, or a host name by its pattern. */
  readonly isFor: (principal: string) => boolean;
  /** Seconds since 1970. */
  readonly now: number;
  readonly trustsCa: (ca: PublicKey) => boolean;
  /** Names of critical options that the caller goes on to enforce. Default: none. */
  readonly criticalOptions?: readonly string[];
  /** Signature algorithms of CAs. Default {@link DEFAULT_CA_ALGORITHMS}. */
  readonly caAlgorithms?: readonly string[];
}

/** Default of OpenSSH's `CASignatureAlgorithms`: no SHA-1 and no DSA. */
export const DEFAULT_CA_ALGORITHMS: readonly string[] = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'sk-ssh-ed25519@openssh.com',
  'sk-ecdsa-sha2-nistp256@openssh.com',
  'rsa-sha2-512',
  'rsa-sha2-256',
];

/**
 * Decides whether a certificate proves what it is shown for. Same certificate, use and time: same answer.
 *
 * That the peer holds the certified key is for the caller to find out, as are the restrictions in the certificate.
 *
 * @returns the first thing wrong with it, or `undefined` when it is accepted.
 */
export function certificateProblem(
  provider: Pick<CryptoProvider, 'signatures'>,
  certificate: Certificate,
  use: CertificateUse,
): CertificateProblem | undefined {
  const { signatureKey, signature, signedBytes, principals } = certificate;
  const allowed = use.caAlgorithms ?? DEFAULT_CA_ALGORITHMS;
  const algorithm = signatureName(signature);
  if (algorithm !== undefined && !allowed.includes(algorithm)) return 'ca-algorithm';
  // Before anything else is believed. Whether somebody touched the authenticator of a CA is the CA's affair.
  const expected = { allowed, presence: 'any' } as const;
  if (!verifySignature(provider, expected, signatureKey, signedBytes, signature)) return 'signature';
  if (!use.trustsCa(signatureKey)) return 'untrusted-ca';
  if (certificate.type !== use.purpose) return 'wrong-type';
  const now = BigInt(Math.floor(use.now));
  if (now < certificate.validAfter) return 'not-yet-valid';
  if (now >= certificate.validBefore) return 'expired';
  if (principals.length === 0) return 'no-principals';
  if (principals.some((principal) => principal.includes(','))) return 'comma-principal';
  if (!principals.some((principal) => use.isFor(principal))) return 'wrong-principal';
  const known = use.criticalOptions ?? [];
  return certificate.criticalOptions.every(({ name }) => known.includes(name))
    ? undefined
    : 'critical-option';
}

import type { CryptoProvider } from '@nbs-ssh/transport/crypto';
import { type CertificateProblem, certificateProblem, type PublicKey } from '@nbs-ssh/transport/keys';
import { equalBytes } from '@nbs-ssh/transport/wire';
import type { AllowedSigner, AllowedSigners } from './allowed-signers.ts';
import { patternListMatches } from './patterns.ts';

/** Why a signer is not allowed. */
export type SignerProblem =
  /** No line has the key for this identity. */
  | 'unknown-signer'
  /** The key may sign, but not for this purpose. */
  | 'namespace-not-allowed'
  | 'not-yet-valid'
  | 'expired'
  /** The signer has a certificate of the right authority, and it does not hold: see `certificate`. */
  | 'certificate';

export type SignerVerdict =
  | { readonly type: 'allowed'; readonly entry: AllowedSigner }
  /** `entry` is the line that came nearest. */
  | {
      readonly type: 'refused';
      readonly problem: SignerProblem;
      readonly entry?: AllowedSigner;
      /** What is wrong with the certificate, for `certificate`. */
      readonly certificate?: CertificateProblem;
    };

export interface SignerQuery {
  /** The key that made a signature, as the signature shows it. */
  readonly publicKey: PublicKey;
  /** Who is said to have signed. */
  readonly identity: string;
  readonly namespace: string;
  /** When it counts, in seconds since 1970. */
  readonly now: number;
}

/** What restricts a login says nothing about signatures, and is no reason to refuse one. Unknown restrictions are. */
const LOGIN_OPTIONS: readonly string[] = ['force-command', 'source-address', 'verify-required'];

/**
 * Decides whether a key may sign as `identity` for a purpose: the first line that allows it counts. A certificate is
 * allowed by lines of its authority, for its principals and for as long as it is valid.
 *
 * The signature itself is for {@link sshsigProblem}.
 */
export function checkSigner(
  crypto: Pick<CryptoProvider, 'signatures'>,
  signers: AllowedSigners,
  query: SignerQuery,
): SignerVerdict {
  let nearest: SignerVerdict = { type: 'refused', problem: 'unknown-signer' };
  for (const entry of signers.entries) {
    if (!concerns(entry, query.publicKey) || !patternListMatches(entry.principals, query.identity)) continue;
    const verdict = judge(crypto, entry, query);
    if (verdict.type === 'allowed') return verdict;
    if (nearest.problem === 'unknown-signer') nearest = verdict;
  }
  return nearest;
}

function judge(
  crypto: Pick<CryptoProvider, 'signatures'>,
  entry: AllowedSigner,
  { publicKey, identity, namespace, now }: SignerQuery,
): SignerVerdict {
  const problem = namespaceProblem(entry, namespace) ?? timeProblem(entry, now);
  if (problem !== undefined) return { type: 'refused', problem, entry };
  const certificate = entry.options.certAuthority
    ? problemOf(crypto, publicKey, now, (principal) => principal === identity)
    : undefined;
  return certificate === undefined
    ? { type: 'allowed', entry }
    : { type: 'refused', problem: 'certificate', entry, certificate };
}

/**
 * Names of those who may sign with this key at this time, from the first line that is about it: the line's patterns, or
 * of a certificate those of its principals that they mean.
 */
export function principalsOfKey(
  crypto: Pick<CryptoProvider, 'signatures'>,
  signers: AllowedSigners,
  publicKey: PublicKey,
  now: number,
): readonly string[] {
  for (const entry of signers.entries) {
    if (!concerns(entry, publicKey) || timeProblem(entry, now) !== undefined) continue;
    const patterns = entry.principals.split(',').filter((name) => name !== '');
    const { certificate } = publicKey;
    if (!entry.options.certAuthority || certificate === undefined) return patterns;
    const names = certificate.principals.filter((name) => patternListMatches(entry.principals, name));
    const sound = problemOf(crypto, publicKey, now, (principal) => names.includes(principal)) === undefined;
    if (sound) return names;
  }
  return [];
}

/** The pattern lists, as they stand, of all lines that mean this identity. */
export function principalsMatching(signers: AllowedSigners, identity: string): readonly string[] {
  return signers.entries
    .filter((entry) => patternListMatches(entry.principals, identity))
    .map((entry) => entry.principals);
}

/** Whether a line is about the key that signed: it has that key, or that of the authority behind its certificate. */
function concerns({ publicKey, options }: AllowedSigner, signer: PublicKey): boolean {
  if (!options.certAuthority) return equalBytes(publicKey.blob, signer.blob);
  const { certificate } = signer;
  return certificate !== undefined && equalBytes(publicKey.blob, certificate.signatureKey.blob);
}

/** What is wrong with the certificate of a signer who has one. */
function problemOf(
  crypto: Pick<CryptoProvider, 'signatures'>,
  { certificate }: PublicKey,
  now: number,
  isFor: (principal: string) => boolean,
): CertificateProblem | undefined {
  if (certificate === undefined) return undefined;
  const use = { purpose: 'user', isFor, now, trustsCa: () => true, criticalOptions: LOGIN_OPTIONS } as const;
  return certificateProblem(crypto, certificate, use);
}

function namespaceProblem({ options }: AllowedSigner, namespace: string): SignerProblem | undefined {
  const { namespaces } = options;
  const allowed = namespaces === undefined || patternListMatches(namespaces, namespace);
  return allowed ? undefined : 'namespace-not-allowed';
}

function timeProblem({ options }: AllowedSigner, now: number): SignerProblem | undefined {
  if (options.validAfter !== undefined && now < options.validAfter) return 'not-yet-valid';
  return options.validBefore !== undefined && now > options.validBefore ? 'expired' : undefined;
}

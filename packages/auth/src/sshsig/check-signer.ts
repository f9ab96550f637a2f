import type { PublicKey } from '@nbs-ssh/transport/keys';
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
  | 'expired';

export type SignerVerdict =
  | { readonly type: 'allowed'; readonly entry: AllowedSigner }
  /** `entry` is the line that came nearest. */
  | { readonly type: 'refused'; readonly problem: SignerProblem; readonly entry?: AllowedSigner };

export interface SignerQuery {
  /** The key that made a signature, as the signature shows it. */
  readonly publicKey: PublicKey;
  /** Who is said to have signed. */
  readonly identity: string;
  readonly namespace: string;
  /** When it counts, in seconds since 1970. */
  readonly now: number;
}

/**
 * Decides whether a key may sign as `identity` for a purpose: the first line that allows it counts.
 *
 * The signature itself is for {@link sshsigProblem}.
 */
export function checkSigner(signers: AllowedSigners, query: SignerQuery): SignerVerdict {
  let nearest: SignerVerdict = { type: 'refused', problem: 'unknown-signer' };
  for (const entry of signers.entries) {
    if (!isKeyOf(entry, query.publicKey) || !patternListMatches(entry.principals, query.identity)) continue;
    const problem = namespaceProblem(entry, query.namespace) ?? timeProblem(entry, query.now);
    if (problem === undefined) return { type: 'allowed', entry };
    if (nearest.problem === 'unknown-signer') nearest = { type: 'refused', problem, entry };
  }
  return nearest;
}

/** Names of those who may sign with this key at this time: the patterns of the first line that has it. */
export function principalsOfKey(
  signers: AllowedSigners,
  publicKey: PublicKey,
  now: number,
): readonly string[] {
  const entry = signers.entries.find(
    (candidate) => isKeyOf(candidate, publicKey) && timeProblem(candidate, now) === undefined,
  );
  return entry?.principals.split(',').filter((name) => name !== '') ?? [];
}

/** The pattern lists, as they stand, of all lines that mean this identity. */
export function principalsMatching(signers: AllowedSigners, identity: string): readonly string[] {
  return signers.entries
    .filter((entry) => patternListMatches(entry.principals, identity))
    .map((entry) => entry.principals);
}

function isKeyOf({ publicKey, options }: AllowedSigner, signer: PublicKey): boolean {
  return !options.certAuthority && equalBytes(publicKey.blob, signer.blob);
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

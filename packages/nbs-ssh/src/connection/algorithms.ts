import { type AlgorithmPreferences, allAlgorithms } from '@nbs-ssh/transport';
import type { CryptoProvider } from '@nbs-ssh/transport/crypto';
import { isCertificateType, keyTypeOfAlgorithm, plainName } from '@nbs-ssh/transport/keys';

/**
 * Policy for one slot: a list replaces everything, in its order; `allow` keeps only its names and `deny` drops
 * its names, both in the provider's order.
 */
export type SlotPolicy =
  | readonly string[]
  | { readonly allow?: readonly string[]; readonly deny?: readonly string[] };

/** Which algorithms may be negotiated. What is left out comes from the crypto provider. */
export interface AlgorithmPolicy {
  readonly kex?: SlotPolicy;
  readonly hostKey?: SlotPolicy;
  readonly ciphers?: SlotPolicy;
  readonly macs?: SlotPolicy;
}

export interface ResolvedAlgorithms {
  readonly offered: AlgorithmPreferences;
  /** What the provider has and the policy left out, for `NoMutualKex.context.nearest`. */
  readonly optIn: readonly string[];
}

/** @throws {RangeError} when a name is unknown to the provider, or a slot ends up empty. */
export function resolveAlgorithms(crypto: CryptoProvider, policy: AlgorithmPolicy = {}): ResolvedAlgorithms {
  const all = allAlgorithms(crypto);
  const offered: AlgorithmPreferences = {
    kex: slot('kex', all.kex, policy.kex),
    hostKey: slot('hostKey', all.hostKey, policy.hostKey),
    ciphers: slot('ciphers', all.ciphers, policy.ciphers),
    macs: slot('macs', all.macs, policy.macs),
  };
  const used = new Set(Object.values(offered).flat());
  return {
    offered,
    optIn: Object.values(all)
      .flat()
      .filter((name) => !used.has(name)),
  };
}

function slot(name: string, available: readonly string[], policy: SlotPolicy | undefined): readonly string[] {
  if (policy === undefined) return available;
  const known = (wanted: readonly string[]): readonly string[] => {
    const unknown = wanted.find((algorithm) => !available.includes(algorithm));
    if (unknown === undefined) return wanted;
    throw new RangeError(`unknown algorithm "${unknown}" for ${name}; known: ${available.join(', ')}`);
  };
  const chosen = isList(policy)
    ? known(policy)
    : filter(available, known(policy.allow ?? available), known(policy.deny ?? []));
  if (chosen.length === 0) throw new RangeError(`the policy leaves no algorithm for ${name}`);
  return [...new Set(chosen)];
}

function filter(
  available: readonly string[],
  allow: readonly string[],
  deny: readonly string[],
): readonly string[] {
  return available.filter((algorithm) => allow.includes(algorithm) && !deny.includes(algorithm));
}

function isList(policy: SlotPolicy): policy is readonly string[] {
  return Array.isArray(policy);
}

/**
 * Puts host-key algorithms first whose key types are known for the host, so that a known key is shown, plain or in a
 * certificate; and all of certificates where a CA is known for it. As OpenSSH does.
 */
export function preferKnown(
  offered: AlgorithmPreferences,
  knownKeyTypes: readonly string[],
  knowsAuthority: boolean,
): AlgorithmPreferences {
  const isKnown = (name: string): boolean =>
    (knowsAuthority && isCertificateType(name)) ||
    knownKeyTypes.includes(plainName(keyTypeOfAlgorithm(name)));
  const first = offered.hostKey.filter(isKnown);
  return { ...offered, hostKey: [...first, ...offered.hostKey.filter((name) => !isKnown(name))] };
}

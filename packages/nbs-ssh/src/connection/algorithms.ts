import { type AlgorithmPreferences, allAlgorithms } from '@nbs-ssh/transport';
import { type CryptoProvider, insecureNames, insecureRisk, withInsecure } from '@nbs-ssh/transport/crypto';
import { isCertificateType, keyTypeOfAlgorithm, plainName } from '@nbs-ssh/transport/keys';
import type { OptIn } from '../errors/mapping.ts';

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
  /** Signature algorithms for our own keys; not negotiated, but chosen by what the server announces. */
  readonly publicKey?: SlotPolicy;
  /** Signature algorithms of CAs in host certificates, checked and not negotiated. */
  readonly caSignatures?: SlotPolicy;
  /**
   * Names of insecure algorithms to offer all the same, each behind everything else of its kind. A list or `allow`
   * of a slot has to name them besides.
   */
  readonly insecure?: readonly string[];
}

export interface ResolvedAlgorithms {
  readonly offered: AlgorithmPreferences;
  /** The provider, with the insecure suites that were opted into: only with this one can they be used. */
  readonly crypto: CryptoProvider;
  /** The same with only those signature suites that our own keys may use. */
  readonly userCrypto: CryptoProvider;
  /** Signature algorithms of CAs; `undefined`: the usual ones. */
  readonly caSignatures: readonly string[] | undefined;
  /** What there is and the policy left out, insecure ones last, for `NoMutualKex.context.nearest`. */
  readonly optIn: readonly OptIn[];
}

/**
 * @throws {RangeError} when a name is unknown to the provider, an insecure one was not opted into, or a slot ends up
 *   empty.
 */
export function resolveAlgorithms(
  provider: CryptoProvider,
  policy: AlgorithmPolicy = {},
): ResolvedAlgorithms {
  const crypto = withInsecure(provider, policy.insecure ?? []);
  const all = allAlgorithms(crypto);
  const insecure = insecureNames(provider);
  const chosen = (name: Slot, available: readonly string[]): readonly string[] =>
    slot(name, available, policy[name], insecure);
  const offered: AlgorithmPreferences = {
    kex: chosen('kex', all.kex),
    hostKey: chosen('hostKey', all.hostKey),
    ciphers: chosen('ciphers', all.ciphers),
    macs: chosen('macs', all.macs),
  };
  const ours = new Set(chosen('publicKey', all.hostKey).map(plainName));
  const used = new Set(Object.values(offered).flat());
  const there = [...Object.values(allAlgorithms(provider)).flat(), ...insecure];
  return {
    offered,
    crypto,
    userCrypto: { ...crypto, signatures: crypto.signatures.filter(({ name }) => ours.has(name)) },
    caSignatures:
      policy.caSignatures === undefined
        ? undefined
        : slot('caSignatures', caSignatureNames(provider), policy.caSignatures, []),
    optIn: [...new Set(there)]
      .filter((name) => !used.has(name))
      .map((nearest) => ({
        nearest,
        ...(insecure.includes(nearest) ? { risk: insecureRisk(nearest) } : {}),
      })),
  };
}

/**
 * The same policy without what was opted into by name: for another host. A list that has nothing else is left out, and
 * what it chose from is free again.
 */
export function withoutInsecure({ insecure = [], ...slots }: AlgorithmPolicy): AlgorithmPolicy {
  const secure = (names: readonly string[]): readonly string[] =>
    names.filter((name) => !insecure.includes(plainName(name)));
  const kept = ([name, policy]: readonly [string, SlotPolicy | undefined]): [string, SlotPolicy][] => {
    if (policy === undefined) return [];
    if (isList(policy)) return secure(policy).length === 0 ? [] : [[name, secure(policy)]];
    const { allow = [], deny = [] } = policy;
    const only = secure(allow).length === 0 ? {} : { allow: secure(allow) };
    return [[name, { ...only, deny: secure(deny) }]];
  };
  return Object.fromEntries(Object.entries(slots).flatMap(kept));
}

/** What a CA may sign with: no insecure algorithm, opted into or not. */
export function caSignatureNames(provider: CryptoProvider): readonly string[] {
  return allAlgorithms(provider).hostKey.filter((name) => !isCertificateType(name));
}

type Slot = Exclude<keyof AlgorithmPolicy, 'insecure'>;

function slot(
  name: Slot,
  available: readonly string[],
  policy: SlotPolicy | undefined,
  insecure: readonly string[],
): readonly string[] {
  if (policy === undefined) return available;
  const known = (wanted: readonly string[]): readonly string[] => {
    const unknown = wanted.find((algorithm) => !available.includes(algorithm));
    if (unknown === undefined) return wanted;
    if (!insecure.includes(unknown)) {
      throw new RangeError(`unknown algorithm "${unknown}" for ${name}; known: ${available.join(', ')}`);
    }
    throw new RangeError(
      `"${unknown}" for ${name} is insecure, because ${insecureRisk(unknown)}; ` +
        `opt in with algorithms: { insecure: ['${unknown}'] }`,
    );
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

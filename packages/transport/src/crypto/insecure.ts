import type { CryptoProvider } from './provider.ts';

/** Names of all that `provider` has and never offers by itself. */
export function insecureNames(provider: CryptoProvider): readonly string[] {
  const { kex, signatures, ciphers, macs } = provider.insecure;
  return [...kex, ...signatures, ...ciphers, ...macs].map((suite) => suite.name);
}

/**
 * `provider` with the insecure suites of these names, each behind all others of its kind. What was not named stays
 * out of reach: nothing in the transport looks into {@link CryptoProvider.insecure}.
 *
 * @throws {RangeError} for a name that is none of {@link insecureNames}.
 */
export function withInsecure(provider: CryptoProvider, names: readonly string[]): CryptoProvider {
  const known = insecureNames(provider);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new RangeError(`"${unknown}" is no insecure algorithm; known: ${known.join(', ')}`);
  }
  const { insecure } = provider;
  const opted = <T extends { readonly name: string }>(
    secure: readonly T[],
    list: readonly T[],
  ): readonly T[] => {
    const added = list.filter(
      ({ name }) => names.includes(name) && !secure.some((suite) => suite.name === name),
    );
    return [...secure, ...added];
  };
  return {
    ...provider,
    kex: opted(provider.kex, insecure.kex),
    signatures: opted(provider.signatures, insecure.signatures),
    ciphers: opted(provider.ciphers, insecure.ciphers),
    macs: opted(provider.macs, insecure.macs),
  };
}

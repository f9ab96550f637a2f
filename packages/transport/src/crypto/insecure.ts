import type { CryptoProvider } from './provider.ts';

/** What opting in gives up, in words that end a sentence beginning with "because". */
const RISKS: Readonly<Record<string, string>> = {
  'diffie-hellman-group1-sha1':
    'its group has 1024 bits: whoever could afford to prepare for it reads everything, also what was recorded',
  'diffie-hellman-group14-sha1': 'it hashes with SHA-1, for which collisions can be bought',
  'ssh-rsa': 'it signs SHA-1 hashes, for which collisions can be bought',
  'ssh-dss': 'it has 1024 bits and signs SHA-1 hashes: such keys have to be taken for forgeable',
  'aes128-cbc': 'in CBC somebody on the way can find out parts of the traffic',
  'aes192-cbc': 'in CBC somebody on the way can find out parts of the traffic',
  'aes256-cbc': 'in CBC somebody on the way can find out parts of the traffic',
  '3des-cbc': 'its blocks of 64 bits repeat within gigabytes and then give away contents, and it is slow',
  'hmac-sha1': 'it is made of SHA-1, although no attack on HMAC with it is known',
  'hmac-sha1-etm@openssh.com': 'it is made of SHA-1, although no attack on HMAC with it is known',
};

/** Why an algorithm is in {@link CryptoProvider.insecure}. */
export function insecureRisk(name: string): string {
  return RISKS[name] ?? 'it is out of date';
}

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
    throw new RangeError(`there is no insecure algorithm "${unknown}"; known: ${known.join(', ')}`);
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

import type { CryptoProvider } from '@nbs-ssh/transport/crypto';
import {
  type CertificateProblem,
  type CertifiedKey,
  certificateProblem,
  plainKeyOf,
} from '@nbs-ssh/transport/keys';
import { equalBytes } from '@nbs-ssh/transport/wire';
import { type HostTarget, type HostVerdict, lookupHost } from './lookup.ts';
import { namesMatch, wildcardMatches } from './match.ts';
import { asciiLowerCase, knownHostsName } from './name.ts';
import type { KnownHosts, KnownHostsEntry } from './parse.ts';

/** What the files say about a certificate, and failing that about the key in it. */
export type CertificateVerdict = HostVerdict & {
  /** Why the certificate did not count; absent when it did, and when it was not asked about any more. */
  readonly certificateProblem?: CertificateProblem | 'revoked-ca';
  /** The `@cert-authority` line of its CA, or the first one for this host when that is of another CA. */
  readonly authority?: { readonly file: string; readonly line: number };
};

type Crypto = Pick<CryptoProvider, 'hash' | 'hmac' | 'signatures'>;

/** When a certificate is shown, and what counts then. */
export interface CertificateMoment {
  /** Seconds since 1970. */
  readonly now: number;
  /** Signature algorithms of CAs; `undefined`: the usual ones. */
  readonly caAlgorithms?: readonly string[] | undefined;
}

/** Longest host pattern in a certificate that takes part in matching, in characters, as in known_hosts. */
const MAX_PATTERN = 1022;

/**
 * What the files say about a host that showed a certificate. The rules are OpenSSH's:
 *
 * A line `@cert-authority` for the host with the CA's key makes it trusted, when the certificate is one for this host
 * and valid now. Otherwise the certificate counts for nothing, and the key in it is looked up as if it had come alone.
 * A CA or a key that is revoked for the host is refused in any case.
 *
 * On another port than 22 a host that is unknown as `[host]:port` is looked up by its bare name. The names in the
 * certificate are always bare.
 */
export function lookupHostCertificate(
  files: readonly KnownHosts[],
  target: HostTarget,
  certified: CertifiedKey,
  crypto: Crypto,
  { now, caAlgorithms }: CertificateMoment,
): CertificateVerdict {
  const { certificate } = certified;
  const plain = lookupHost(files, target, plainKeyOf(certified), crypto);
  if (plain.verdict === 'revoked') return plain;
  const ca = lookupHost(files, target, certificate.signatureKey, crypto);
  if (ca.verdict === 'revoked') return { ...ca, certificateProblem: 'revoked-ca' };

  const authorities = authoritiesOf(files, target, crypto);
  const authority = authorities.find((entry) => equalBytes(entry.blob, certificate.signatureKey.blob));
  const host = asciiLowerCase(target.host);
  const problem = certificateProblem(crypto, certificate, {
    purpose: 'host',
    now,
    ...(caAlgorithms === undefined ? {} : { caAlgorithms }),
    isFor: (principal) => principal.length <= MAX_PATTERN && wildcardMatches(principal, host),
    trustsCa: () => authority !== undefined,
  });
  if (problem === undefined && authority !== undefined) {
    return { verdict: 'trusted', ...place(authority), authority: place(authority) };
  }
  const decisive = authority ?? authorities[0];
  return {
    ...plain,
    certificateProblem: problem ?? 'untrusted-ca',
    ...(decisive === undefined ? {} : { authority: place(decisive) }),
  };
}

/** Whether certificates are expected of a host: their algorithms are then asked for first. */
export function knowsAuthority(
  files: readonly KnownHosts[],
  target: Pick<HostTarget, 'host' | 'port'>,
  crypto: Pick<CryptoProvider, 'hmac'>,
): boolean {
  return authoritiesOf(files, target, crypto).length > 0;
}

/** `@cert-authority` lines for the host under its full name, then those under its bare one. */
function authoritiesOf(
  files: readonly KnownHosts[],
  target: Pick<HostTarget, 'host' | 'port'>,
  crypto: Pick<CryptoProvider, 'hmac'>,
): readonly KnownHostsEntry[] {
  const names = new Set([knownHostsName(target.host, target.port), knownHostsName(target.host, 22)]);
  const all = files.flatMap((file) => file.entries).filter((entry) => entry.marker === 'cert-authority');
  return [...names].flatMap((name) => all.filter((entry) => namesMatch(crypto.hmac, entry.names, name)));
}

const place = ({ file, line }: KnownHostsEntry): { readonly file: string; readonly line: number } => ({
  file,
  line,
});

import { allAlgorithms } from '@nbs-ssh/transport';
import { type CryptoProvider, insecureNames, withInsecure } from '@nbs-ssh/transport/crypto';
import { nobleProvider } from '@nbs-ssh/transport/crypto/noble';

/** What is varied, one at a time. */
export const SLOTS = ['kex', 'hostKey', 'ciphers', 'macs'] as const;
export type Slot = (typeof SLOTS)[number];
export type Names = Readonly<Record<Slot, readonly string[]>>;

/** Names in a KEXINIT that are no algorithms: RFC 8308 §2.1, OpenSSH's strict key exchange, dropbear's guess. */
const MARKERS = /^(ext-info-[cs]|kex-strict-[cs]-v00@openssh\.com|kexguess2@matt\.ucc\.asn\.au|)$/;

/** The algorithms among `names`, each once. libssh has sent an empty name at the end of a list. */
export function algorithmsAmong(names: readonly string[]): readonly string[] {
  return [...new Set(names.filter((name) => !MARKERS.test(name)))];
}

/** What the library offers by default. */
export const DEFAULTS: Names = allAlgorithms(nobleProvider);

/** What it never offers unless it is named. */
export const INSECURE: readonly string[] = insecureNames(nobleProvider);

/** A provider with all of {@link INSECURE}: which of it is offered is said for each connection. */
export function withEverything(provider: CryptoProvider): CryptoProvider {
  return withInsecure(provider, INSECURE);
}
const all = withEverything(nobleProvider);

/** What can be had at all. */
export const KNOWN: Names = allAlgorithms(all);

/** Ciphers that bring their own authentication, so that no MAC is used beside them. */
export function isAead(cipher: string): boolean {
  return all.ciphers.some((suite) => suite.name === cipher && suite.kind === 'aead');
}

import type { CryptoProvider } from '@nbs-ssh/transport/crypto';
import { fingerprint, type PublicKey } from '@nbs-ssh/transport/keys';
import { equalBytes } from '@nbs-ssh/transport/wire';
import { isHashed, namesMatch } from './match.ts';
import { knownHostsName } from './name.ts';
import type { KnownHosts, KnownHostsEntry } from './parse.ts';

export interface HostTarget {
  /** As the user wrote it. Case does not matter. */
  readonly host: string;
  readonly port: number;
  /**
   * IP address that was dialled. A key revoked for it is revoked; it never makes a host trusted, because
   * OpenSSH has not asked for that since 8.5 (CheckHostIP no).
   */
  readonly address?: string | undefined;
}

/** A key that the files hold for the host. */
export interface KnownHostKey {
  readonly file: string;
  readonly line: number;
  readonly keyType: string;
  /** `SHA256:…` */
  readonly fingerprint: string;
}

/** A line that holds the offered key under another name: the host may only be new under this one. */
export interface OtherName {
  readonly file: string;
  readonly line: number;
  /** `undefined` when the name is hashed. */
  readonly names: string | undefined;
}

export type HostVerdict =
  | { readonly verdict: 'trusted'; readonly file: string; readonly line: number }
  | { readonly verdict: 'unknown'; readonly others: readonly OtherName[] }
  | { readonly verdict: 'changed'; readonly known: readonly KnownHostKey[] }
  | { readonly verdict: 'revoked'; readonly file: string; readonly line: number };

/** Lines listed in a verdict; more would help nobody. */
const MAX_LISTED = 16;

type Crypto = Pick<CryptoProvider, 'hash' | 'hmac'>;

/**
 * What the files say about a host and the key it showed.
 *
 * The rules are OpenSSH's: any line with the key makes it trusted; a host that is only known with other keys,
 * be they of other types, has changed; `@cert-authority` lines are not looked at; on another port than 22, a
 * host unknown as `[host]:port` is trusted when its bare name has the very key. One rule is stricter: a key
 * revoked for the bare name or the address is revoked on every port.
 *
 * @param files - The user's before the system's: the first line that decides is the one reported.
 */
export function lookupHost(
  files: readonly KnownHosts[],
  target: HostTarget,
  publicKey: PublicKey,
  crypto: Crypto,
): HostVerdict {
  const name = knownHostsName(target.host, target.port);
  const bare = knownHostsName(target.host, 22);
  const all = files.flatMap((file) => file.entries);
  const isSame = (entry: KnownHostsEntry): boolean => equalBytes(entry.blob, publicKey.blob);
  const means = (entry: KnownHostsEntry, wanted: string): boolean =>
    namesMatch(crypto.hmac, entry.names, wanted);

  const addresses =
    target.address === undefined
      ? []
      : [knownHostsName(target.address, target.port), knownHostsName(target.address, 22)];
  const covered = [...new Set([name, bare, ...addresses])];
  const revoked = all.find(
    (entry) => entry.marker === 'revoked' && isSame(entry) && covered.some((wanted) => means(entry, wanted)),
  );
  if (revoked !== undefined) return { verdict: 'revoked', ...place(revoked) };

  const plain = all.filter((entry) => entry.marker === 'none');
  const known = plain.filter((entry) => means(entry, name));
  const match =
    known.find(isSame) ??
    (known.length === 0 && name !== bare
      ? plain.find((entry) => isSame(entry) && means(entry, bare))
      : undefined);
  if (match !== undefined) return { verdict: 'trusted', ...place(match) };
  if (known.length > 0) {
    return { verdict: 'changed', known: known.slice(0, MAX_LISTED).map((entry) => described(entry, crypto)) };
  }
  return {
    verdict: 'unknown',
    others: plain
      .filter(isSame)
      .slice(0, MAX_LISTED)
      .map((entry) => ({ ...place(entry), names: isHashed(entry.names) ? undefined : entry.names })),
  };
}

/**
 * Key types the files hold for a host, in the order of their lines, each once: to be asked for first, so that
 * a host known by one type does not look changed because it preferred another.
 *
 * Keys revoked for the host do not count. A host unknown on its port is looked up by its bare name.
 */
export function knownKeyTypes(
  files: readonly KnownHosts[],
  target: Pick<HostTarget, 'host' | 'port'>,
  crypto: Pick<CryptoProvider, 'hmac'>,
): readonly string[] {
  const all = files.flatMap((file) => file.entries);
  for (const name of new Set([knownHostsName(target.host, target.port), knownHostsName(target.host, 22)])) {
    const matching = all.filter((entry) => namesMatch(crypto.hmac, entry.names, name));
    const revoked = matching.filter((entry) => entry.marker === 'revoked');
    const types = matching
      .filter((entry) => entry.marker === 'none')
      .filter((entry) => !revoked.some((other) => equalBytes(other.blob, entry.blob)))
      .map((entry) => entry.keyType);
    if (types.length > 0) return [...new Set(types)];
  }
  return [];
}

const place = (entry: KnownHostsEntry): { readonly file: string; readonly line: number } => ({
  file: entry.file,
  line: entry.line,
});

function described(entry: KnownHostsEntry, crypto: Crypto): KnownHostKey {
  return { ...place(entry), keyType: entry.keyType, fingerprint: fingerprint(crypto.hash, entry.blob) };
}

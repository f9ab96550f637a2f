import type { CryptoProvider } from '@nbs-ssh/transport/crypto';
import type { PublicKey } from '@nbs-ssh/transport/keys';
import { equalBytes } from '@nbs-ssh/transport/wire';
import { isHashed, namesMatch } from './match.ts';
import { asciiLowerCase, knownHostsName } from './name.ts';
import type { KnownHosts, KnownHostsEntry } from './parse.ts';
import type { AnnouncedKeys } from './proof.ts';

/** What to do about an announcement of host keys. */
export type HostKeyPlan =
  | {
      readonly type: 'update';
      /** Not known for this host: to be added once proven. */
      readonly unknown: readonly PublicKey[];
      /** Lines of the user's file for this host whose keys it does not have any more. */
      readonly obsolete: readonly KnownHostsEntry[];
    }
  /** Nothing is changed: the host is known by its CA, by a pattern or among other names, or not in the user's file. */
  | { readonly type: 'skip'; readonly reason: 'authority' | 'pattern' | 'not-known' };

/**
 * Decides what an announcement changes, by OpenSSH's rules: only a host that the user's file knows by its very name
 * is updated. A line with a pattern or with names of others says something about those too, so it is left alone, and
 * the whole file with it.
 *
 * @param files - The user's file first: it is the one that is changed.
 * @param announced - From `decodeHostKeys`.
 * @param isWanted - Whether a key may be learned. One that may not is still a key of the host.
 * @param shown - The key that this connection was trusted for.
 */
export function planHostKeys(
  files: readonly KnownHosts[],
  target: { readonly host: string; readonly port: number },
  announced: AnnouncedKeys,
  isWanted: (key: PublicKey) => boolean,
  shown: PublicKey,
  crypto: Pick<CryptoProvider, 'hmac'>,
): HostKeyPlan {
  const name = knownHostsName(target.host, target.port);
  const means = (entry: KnownHostsEntry): boolean => namesMatch(crypto.hmac, entry.names, name);
  const ofHost = files.flatMap((file) => file.entries).filter(means);
  if (ofHost.some((entry) => entry.marker === 'cert-authority')) return { type: 'skip', reason: 'authority' };
  const own = (files[0]?.entries ?? []).filter((entry) => entry.marker === 'none' && means(entry));
  if (!own.some((entry) => equalBytes(entry.blob, shown.blob))) return { type: 'skip', reason: 'not-known' };
  if (!own.every((entry) => namesOnly(entry.names, name))) return { type: 'skip', reason: 'pattern' };
  const has = (blobs: readonly Uint8Array[], blob: Uint8Array): boolean =>
    blobs.some((other) => equalBytes(other, blob));
  const known = ofHost.map((entry) => entry.blob);
  // A key that the host showed a moment ago is its own, whatever it announces.
  const present = [...announced.blobs, shown.blob];
  return {
    type: 'update',
    // Also a revoked key has a line here, and is never learned anew.
    unknown: announced.keys.filter((key) => !has(known, key.blob) && isWanted(key)),
    obsolete: announced.truncated ? [] : own.filter((entry) => !has(present, entry.blob)),
  };
}

/** A name of the host alone: hashed, as it is, or with the one address that older versions of ssh wrote beside it. */
function namesOnly(names: string, name: string): boolean {
  if (isHashed(names)) return true;
  const all = asciiLowerCase(names).split(',');
  const others = all.filter((part) => part !== name);
  return others.length < all.length && others.length <= 1 && others.every(isAddress);
}

/** `192.0.2.7`, `2001:db8::7`, or one of them with a port in brackets. */
const isAddress = (text: string): boolean =>
  /^(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f:]*:[0-9a-f:.]*)$/.test(text.replace(/^\[(.*)\]:\d+$/, '$1'));

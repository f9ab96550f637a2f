import { fromUtf8 } from '@nbs-ssh/transport/wire';

/** Bytes of an IPv4 address. */
export const IPV4_LENGTH = 4;
/** Bytes of an IPv6 address. */
export const IPV6_LENGTH = 16;

export const ipv4Text = (bytes: Uint8Array): string => bytes.join('.');

/** The text of RFC 5952 §4: the longest run of zeros is left out, so that one address has one name in logs. */
export function ipv6Text(bytes: Uint8Array): string {
  const groups: number[] = [];
  for (let at = 0; at < IPV6_LENGTH; at += 2) groups.push(((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0));
  let start = 0;
  let length = 0;
  for (let at = 0; at < groups.length; at += 1) {
    let run = 0;
    while (groups[at + run] === 0) run += 1;
    if (run > length) [start, length] = [at, run];
  }
  const text = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
  if (length < 2) return text(groups);
  return `${text(groups.slice(0, start))}::${text(groups.slice(start + length))}`;
}

/** A name, or what is wrong with it. A name in UTF-8 is left to the resolver, as OpenSSH does. */
export function readName(
  bytes: Uint8Array,
): { readonly name: string } | { readonly name: undefined; readonly reason: string } {
  const wrong = (reason: string) => ({ name: undefined, reason });
  if (bytes.length === 0) return wrong('is empty');
  let name: string;
  try {
    name = fromUtf8(bytes);
  } catch {
    return wrong('is not UTF-8');
  }
  // They would forge lines of logs; and a NUL ends the name for the resolver of the server, not for a policy.
  return /\p{Cc}/u.test(name) ? wrong('has control characters') : { name };
}

export const readPort = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);

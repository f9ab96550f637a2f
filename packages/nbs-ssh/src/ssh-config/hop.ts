import { isSafeHost, isSafeUser } from './names.ts';

/** Hosts on one way. Each costs a whole login, and a longer chain is a loop or a mistake. */
export const MAX_HOPS = 16;

/** A host on the way, as `ProxyJump` names it. What is `undefined` comes from that host's own configuration. */
export interface JumpHop {
  readonly host: string;
  readonly user: string | undefined;
  readonly port: number | undefined;
}

/**
 * Reads `[user@]host[:port]`, an address of IPv6 in brackets, or `ssh://…`.
 *
 * @returns `undefined` for anything else, also for names that a command line could take for more than that.
 */
export function parseHop(hop: string): JumpHop | undefined {
  const url = /^ssh:\/\/([^/]*)\/?$/.exec(hop);
  if (url === null && hop.startsWith('ssh://')) return undefined;
  const rest = url?.[1] ?? hop;
  const at = rest.lastIndexOf('@');
  const written = at < 0 ? undefined : rest.slice(0, at);
  const user = written === undefined || url === null ? written : decoded(written);
  const target = /^(?:\[([^\]]*)\]|([^:/]*))(?::(.*))?$/.exec(rest.slice(at + 1));
  const host = target?.[1] ?? target?.[2] ?? '';
  if (!isSafeHost(host) || (written !== undefined && (user === undefined || !isSafeUser(user))))
    return undefined;
  const port = target?.[3];
  if (port === undefined || port === '') return { host, user, port: undefined };
  const number = /^\d{1,5}$/.test(port) ? Number(port) : 0;
  return number < 1 || number > 65_535 ? undefined : { host, user, port: number };
}

/** The user of a URL: percent-encoded, and without the parameters behind `;`. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text.split(';')[0] ?? '');
  } catch {
    return undefined;
  }
}

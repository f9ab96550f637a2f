import type { ServerConnection } from './connection.ts';
import type { ServerLimits } from './options.ts';

export type Admission =
  | { readonly type: 'admit' }
  /** Admit, and end this one in its place. */
  | { readonly type: 'displace'; readonly connection: ServerConnection; readonly full: Full }
  | { readonly type: 'refuse'; readonly full: Full };

export interface Full {
  readonly limit: number;
  readonly per: 'server' | 'address' | 'login';
}

/** Milliseconds a stranger has to itself. An honest client exchanges keys in far less. */
const UNDISTURBED = 1000;

/**
 * Decides whether one more stranger may come in.
 *
 * When there are too many already, the oldest that has not even exchanged keys within a second makes room: silent
 * connections cannot keep honest clients out.
 */
export function admit(
  connections: Iterable<ServerConnection>,
  address: string | undefined,
  limits: ServerLimits,
  now: number,
): Admission {
  const all = [...connections];
  const strangers = all.filter((connection) => connection.username === undefined);
  const neighbours = strangers.filter((connection) => connection.remote.address === address);
  if (neighbours.length >= limits.maxUnauthenticatedPerAddress) {
    return makeRoom(neighbours, { limit: limits.maxUnauthenticatedPerAddress, per: 'address' }, now);
  }
  if (strangers.length >= limits.maxUnauthenticated) {
    return makeRoom(strangers, { limit: limits.maxUnauthenticated, per: 'login' }, now);
  }
  if (all.length >= limits.maxConnections) {
    return makeRoom(strangers, { limit: limits.maxConnections, per: 'server' }, now);
  }
  return { type: 'admit' };
}

/** Connections come in the order they began, so the first that fits is the oldest. */
function makeRoom(candidates: readonly ServerConnection[], full: Full, now: number): Admission {
  const connection = candidates.find((other) => !other.keyed && now - other.startedAt >= UNDISTURBED);
  return connection === undefined ? { type: 'refuse', full } : { type: 'displace', connection, full };
}

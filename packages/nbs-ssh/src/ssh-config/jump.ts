import { badValue, type LineProblem } from './errors.ts';
import { isSafeHost, isSafeUser } from './names.ts';

/** A host on the way, as `ProxyJump` names it. What is `undefined` comes from that host's own configuration. */
export interface JumpHop {
  readonly host: string;
  readonly user: string | undefined;
  readonly port: number | undefined;
}

export interface Jump {
  /** In the order they are connected to. */
  readonly hops: readonly JumpHop[];
  readonly text: string;
}

/** Hops of one connection: each costs a whole login, and a longer chain is a mistake. */
const MAX_HOPS = 16;

/**
 * `[user@]host[:port]` or `ssh://…`, several with commas. @returns `none` for a direct connection.
 *
 * @throws {LineProblem} also for names that a command line could take for more than that.
 */
export function parseJump(spec: string): Jump | 'none' {
  if (spec.toLowerCase() === 'none') return 'none';
  const text = (spec.split('#')[0] ?? '').trimEnd();
  const hops = text.split(',');
  if (hops.length > MAX_HOPS) throw badValue(`there may be ${MAX_HOPS} hosts on the way`, text);
  return { hops: hops.map((hop) => parseHop(hop, text)), text };
}

function parseHop(hop: string, whole: string): JumpHop {
  const bad = (): LineProblem =>
    badValue('it must be [user@]host[:port], with commas between several', whole);
  const url = /^ssh:\/\/([^/]*)\/?$/.exec(hop);
  if (url === null && hop.startsWith('ssh://')) throw bad();
  const rest = url?.[1] ?? hop;
  const at = rest.lastIndexOf('@');
  const name = at < 0 ? undefined : url === null ? rest.slice(0, at) : decoded(rest.slice(0, at), bad);
  const target = /^(?:\[([^\]]*)\]|([^:/]*))(?::(.*))?$/.exec(rest.slice(at + 1));
  const host = target?.[1] ?? target?.[2] ?? '';
  if (host === '' || name === '') throw bad();
  if (!isSafeHost(host) || (name !== undefined && !isSafeUser(name))) throw bad();
  const port = target?.[3];
  if (port === undefined || port === '') return { host, user: name, port: undefined };
  const number = /^\d{1,5}$/.test(port) ? Number(port) : 0;
  if (number < 1 || number > 65_535) throw bad();
  return { host, user: name, port: number };
}

/** The user of a URL: percent-encoded, and without the parameters behind `;`. */
function decoded(text: string, bad: () => LineProblem): string {
  try {
    return decodeURIComponent(text.split(';')[0] ?? '');
  } catch {
    throw bad();
  }
}

/** As `ssh -G` prints it: the last hop taken apart and put together again, those before it as they were written. */
export function formatJump({ hops, text }: Jump): string {
  const before = text.lastIndexOf(',') + 1;
  const { host, user, port } = hops.at(-1) ?? { host: '', user: undefined, port: undefined };
  const numeric = host.includes(':') || /^[\d.]+$/.test(host);
  const name = numeric ? `[${host}]` : host;
  const last = `${user === undefined ? '' : `${user}@`}${name}${port === undefined ? '' : `:${port}`}`;
  return `${text.slice(0, before)}${last}`;
}

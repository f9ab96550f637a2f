import { badValue } from './errors.ts';
import { type JumpHop, MAX_HOPS, parseHop } from './hop.ts';

export interface Jump {
  /** In the order they are connected to. */
  readonly hops: readonly JumpHop[];
  readonly text: string;
}

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
  return { hops: hops.map((hop) => hopOf(hop, text)), text };
}

function hopOf(hop: string, whole: string): JumpHop {
  const parsed = parseHop(hop);
  if (parsed === undefined)
    throw badValue('it must be [user@]host[:port], with commas between several', whole);
  return parsed;
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

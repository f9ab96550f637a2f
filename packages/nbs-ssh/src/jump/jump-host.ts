import type { SSHConnectionOptions } from '../connection/options.ts';

/**
 * A host on the way, verified and logged in to by itself. What is not said here and is not about a person's identity
 * (known_hosts, policy, algorithms, crypto, limits of time) is as for the target; credentials never are: a password for
 * the target must not reach a host on the way. Default credentials: those of a connection without `auth`.
 */
export type JumpHost = Pick<
  SSHConnectionOptions,
  | 'host'
  | 'port'
  | 'username'
  | 'auth'
  | 'password'
  | 'clientKeys'
  | 'knownHosts'
  | 'hostKeyPolicy'
  | 'hostKeyAlias'
  | 'hashKnownHosts'
  | 'updateHostKeys'
  | 'onUnknownHostKey'
  | 'connectionAttempts'
  | 'bindAddress'
  | 'addressFamily'
  | 'algorithms'
  | 'strictKex'
  | 'proxyCommand'
>;

/** What says how to get to a target: `user@host:port`, several of them with commas, or hosts with options. */
export type ProxyJump = string | JumpHost | readonly (string | JumpHost)[];

/** Hosts in one chain. Every hop multiplies latency, and a list this long is a loop or a mistake. */
const MAX_HOPS = 16;

/**
 * The hosts on the way, first one first.
 *
 * @throws {TypeError | RangeError} in the caller's words.
 */
export function jumpHosts(proxyJump: ProxyJump): readonly JumpHost[] {
  const given = Array.isArray(proxyJump) ? proxyJump : [proxyJump];
  const hosts = given.flatMap((hop): readonly JumpHost[] => {
    if (typeof hop === 'string') return hop.split(',').map(parseJumpHost);
    if (typeof hop !== 'object' || hop === null || typeof hop.host !== 'string') {
      throw new TypeError('proxyJump must be text such as user@host:port, or an object with a host');
    }
    return [hop];
  });
  if (hosts.length > MAX_HOPS) throw new RangeError(`proxyJump names more than ${MAX_HOPS} hosts`);
  if (hosts.slice(1).some((hop) => hop.proxyCommand !== undefined)) {
    throw new TypeError('only the first host of proxyJump can be reached by a proxyCommand');
  }
  return hosts;
}

/** `[user@]host[:port]`, `[user@][v6]:port` or `ssh://…`, as ssh takes them after -J. @throws {RangeError} */
export function parseJumpHost(text: string): JumpHost {
  const rest = text.trim().replace(/^ssh:\/\/(.*?)\/?$/i, '$1');
  const at = rest.lastIndexOf('@');
  const username = at < 0 ? undefined : rest.slice(0, at);
  const address = rest.slice(at + 1);
  const [, bracketed, plain, tail] = /^(?:\[([^[\]]+)\]|([^[\]]*?))(?::(\d{1,5}))?$/.exec(address) ?? [];
  // Several colons without brackets are an address of IPv6, whole.
  const bare = address.split(':').length > 2 && !address.startsWith('[');
  const host = bare ? address : (bracketed ?? plain ?? '');
  const port = bare || tail === undefined ? undefined : Number(tail);
  if (host === '' || host.startsWith('-') || /[\s\p{Cc}[\]/]/u.test(host) || username === '') {
    throw new RangeError(`"${text}" is no jump host: write user@host:port`);
  }
  if (port !== undefined && (port < 1 || port > 65_535)) {
    throw new RangeError(`the port of the jump host "${text}" must be from 1 to 65535`);
  }
  return { host, ...(port === undefined ? {} : { port }), ...(username === undefined ? {} : { username }) };
}

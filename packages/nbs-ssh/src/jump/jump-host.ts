import type { SSHConnectionOptions } from '../connection/options.ts';
import { MAX_HOPS, parseHop } from '../ssh-config/hop.ts';

/**
 * A host on the way, verified and logged in to by itself. What is not said here and is not about a person's identity
 * (known_hosts, policy, algorithms, crypto, limits of time) is as for the target. Credentials never are, because a
 * password for the target must not reach a host on the way; nor is what is insecure, because it was opted into for the
 * target alone. Default credentials: those of a connection without `auth`.
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

/** As ssh takes it after -J, and an address of IPv6 also without brackets when no port is said. @throws {RangeError} */
export function parseJumpHost(text: string): JumpHost {
  const written = text.trim().replace(/^ssh:/i, 'ssh:');
  const hop = parseHop(written.replace(/^([^[\]/]*@)?([^@[\]/]*:[^@[\]/]*:[^@[\]/]*)$/, '$1[$2]'));
  if (hop === undefined) {
    throw new RangeError(`"${text}" is no jump host: write user@host:port, the port from 1 to 65535`);
  }
  const { host, user, port } = hop;
  return { host, ...(port === undefined ? {} : { port }), ...(user === undefined ? {} : { username: user }) };
}

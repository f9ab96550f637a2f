import { isEverywhere, isLoopback, LOCALHOST, parseHost } from './host.ts';
import type {
  ConnectTarget,
  ForwardingClient,
  ForwardingOptions,
  ForwardPolicy,
  ListenTarget,
  SocketTarget,
} from './policy.ts';

/** A policy, ready to be asked. */
export interface Rule<Target> {
  readonly permits: (target: Target, client: ForwardingClient) => boolean | Promise<boolean>;
  /** What to call it when it fails; `undefined` for one that cannot, and answers at once. */
  readonly handler: string | undefined;
}

/** Also says whether a name is worth asking for its addresses. */
export interface ConnectRule extends Rule<ConnectTarget> {
  readonly mayBe: (name: string, port: number) => boolean;
}

/** All policies; one that is missing permits nothing. */
export interface ForwardingRules {
  readonly local: ConnectRule | undefined;
  readonly remote: Rule<ListenTarget> | undefined;
  readonly gatewayPorts: boolean;
  readonly localPath: Rule<SocketTarget> | undefined;
  readonly remotePath: Rule<SocketTarget> | undefined;
}

/** Most patterns in one list. */
const MAX_PATTERNS = 1000;
/** Ports below are for services of the machine: most systems give them to root alone, which this process may be. */
const FIRST_ORDINARY_PORT = 1024;

interface Pattern {
  /** `undefined`: any. */
  readonly host: string | undefined;
  readonly port: number | undefined;
}

/** @throws {RangeError} for a pattern that is none. */
export function forwardingRules(options: ForwardingOptions = {}): ForwardingRules {
  const { local, remote, gatewayPorts = false, localPath, remotePath } = options;
  return {
    local: local === undefined ? undefined : connectRule(local),
    remote: remote === undefined ? undefined : listenRule(remote),
    gatewayPorts: gatewayPorts === true,
    localPath: localPath === undefined ? undefined : pathRule('localPath', localPath),
    remotePath: remotePath === undefined ? undefined : pathRule('remotePath', remotePath),
  };
}

function connectRule(policy: ForwardPolicy<ConnectTarget>): ConnectRule {
  if (typeof policy === 'function')
    return { permits: policy, handler: 'forwarding.local', mayBe: () => true };
  const patterns =
    policy === true ? [{ host: undefined, port: undefined }] : list('local', policy, connectPattern);
  return {
    permits: (target) =>
      patterns.some((pattern) => isPort(pattern, target.port) && isTarget(pattern, target)),
    handler: undefined,
    mayBe: (name, port) =>
      patterns.some(
        (pattern) => isPort(pattern, port) && (pattern.host === undefined || pattern.host === name),
      ),
  };
}

function listenRule(policy: ForwardPolicy<ListenTarget>): Rule<ListenTarget> {
  if (typeof policy === 'function') return { permits: policy, handler: 'forwarding.remote' };
  if (policy === true) {
    return { permits: ({ port }) => port === 0 || port >= FIRST_ORDINARY_PORT, handler: undefined };
  }
  const patterns = list('remote', policy, listenPattern);
  return {
    permits: ({ host, port }) =>
      patterns.some((pattern) => isPort(pattern, port) && isTarget(pattern, { host, address: host })),
    handler: undefined,
  };
}

function pathRule(name: string, policy: ForwardPolicy<SocketTarget>): Rule<SocketTarget> {
  if (typeof policy === 'function') return { permits: policy, handler: `forwarding.${name}` };
  if (policy === true) return { permits: () => true, handler: undefined };
  const paths = list(name, policy, (path) => (path.startsWith('/') ? path : undefined));
  return {
    permits: ({ path }) =>
      paths.some(
        (one) => path === one || (one.endsWith('/') && path.slice(0, path.lastIndexOf('/') + 1) === one),
      ),
    handler: undefined,
  };
}

const isPort = (pattern: Pattern, port: number): boolean =>
  pattern.port === undefined || pattern.port === port;

function isTarget({ host }: Pattern, target: { readonly host: string; readonly address: string }): boolean {
  if (host === undefined || host === target.host || host === target.address) return true;
  return host === LOCALHOST && isLoopback(target.address);
}

function list<T>(
  name: string,
  policy: readonly string[],
  parse: (text: string) => T | undefined,
): readonly T[] {
  if (!Array.isArray(policy) || policy.length > MAX_PATTERNS) {
    throw new RangeError(`forwarding.${name} must be true, a function or a list of at most ${MAX_PATTERNS}`);
  }
  return policy.map((text) => {
    const parsed = typeof text === 'string' ? parse(text) : undefined;
    if (parsed === undefined)
      throw new RangeError(`forwarding.${name}: ${JSON.stringify(text)} is no pattern`);
    return parsed;
  });
}

const connectPattern = (text: string): Pattern | undefined => pattern(text, 1, (host) => host === '*');

const listenPattern = (text: string): Pattern | undefined =>
  pattern(/^(?:\d+|\*)$/.test(text) ? `*:${text}` : text, 0, isEverywhere);

/** `host:port` or `[address]:port`. */
function pattern(text: string, least: 0 | 1, isAny: (host: string) => boolean): Pattern | undefined {
  const [, bracketed, plain, number] = /^(?:\[([^[\]]+)\]|([^:[\]]+)):(\d{1,5}|\*)$/.exec(text) ?? [];
  if (number === undefined) return undefined;
  const port = number === '*' ? undefined : Number(number);
  if (port !== undefined && (port < least || port > 65_535)) return undefined;
  const named = bracketed ?? plain ?? '';
  if (isAny(named)) return { host: undefined, port };
  const host = parseHost(named);
  if (host === undefined) return undefined;
  return { host: host.type === 'name' ? host.name : host.address, port };
}

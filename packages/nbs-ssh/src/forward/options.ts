import type { ForwardError } from '../errors/classes.ts';
import { expandPath } from '../platform/platform.ts';
import {
  type DynamicForwardIntent,
  LOOPBACK,
  type LocalEnd,
  type LocalForwardIntent,
  type RemoteDynamicForwardIntent,
  type RemoteEnd,
  type RemoteForwardIntent,
} from './intent.ts';

/** Connections at a time through one forward. A session has 1000 channels; so several forwards have room in it. */
const MAX_CONNECTIONS = 512;

/** What every kind of forward takes. */
export interface ForwardOptions {
  /** Connections at a time; more are reset. Default 512. */
  readonly maxConnections?: number;
  /** Called for each connection that could not be made, or broke. The forward goes on. */
  readonly onConnectionError?: (error: ForwardError) => void;
  /** Gives up setting up. Afterwards it has no effect. */
  readonly signal?: AbortSignal;
}

export interface LocalForwardOptions extends ForwardOptions {
  /** 0: one that is free, see {@link ForwardHandle.localPort}. */
  readonly localPort: number;
  /** Where to listen. Default loopback; `''` or `*` is every address. */
  readonly localHost?: string;
  /** Name or address that the server resolves and connects to. */
  readonly remoteHost: string;
  readonly remotePort: number;
}

export interface DynamicForwardOptions extends ForwardOptions {
  /** 0: one that is free, see {@link ForwardHandle.localPort}. */
  readonly localPort: number;
  /** Where to listen. Default loopback; `''` or `*` is every address: whoever reaches it can use the server's network. */
  readonly localHost?: string;
}

export interface RemoteForwardOptions extends ForwardOptions {
  /** 0: the server chooses, see {@link ForwardHandle.remotePort}. */
  readonly remotePort: number;
  /** Where the server listens. Default loopback; `''` is every address, as far as the server allows (`GatewayPorts`). */
  readonly remoteHost?: string;
  /** Where connections go on this side. Default loopback. */
  readonly localHost?: string;
  readonly localPort: number;
}

export interface RemoteDynamicForwardOptions extends ForwardOptions {
  /** 0: the server chooses, see {@link ForwardHandle.remotePort}. */
  readonly remotePort: number;
  /** Where the server listens. Default loopback; `''` is every address, as far as the server allows (`GatewayPorts`). */
  readonly remoteHost?: string;
  /** Whether clients there may go to a target of this side, by the name that they gave. Default: to every one. */
  readonly permitTarget?: (target: { readonly host: string; readonly port: number }) => boolean;
}

/** For the socket that a forward makes on this side. */
export interface SocketOptions {
  /** Take the place of a socket on which nobody listens any more. Other files are never replaced. Default false. */
  readonly replaceStale?: boolean;
}

/** One end of each side; at least one is a Unix socket. */
export type PathForwardOptions = ForwardOptions & PathOrLocalPort & PathOrRemotePort;
export type LocalPathForwardOptions = PathForwardOptions & SocketOptions;

type PathOrLocalPort =
  | { readonly localPath: string }
  | { readonly localPort: number; readonly localHost?: string };
type PathOrRemotePort =
  | { readonly remotePath: string }
  | { readonly remotePort: number; readonly remoteHost?: string };

/** What is left of the options when the ends are in the intent. */
export interface ForwardSettings {
  readonly maxConnections: number;
  readonly onConnectionError: ForwardOptions['onConnectionError'];
  readonly signal: AbortSignal | undefined;
  readonly replaceStale: boolean;
  readonly permitTarget: RemoteDynamicForwardOptions['permitTarget'];
}

/** @throws {TypeError | RangeError} when something makes no sense. */
export function forwardSettings(
  options: ForwardOptions & SocketOptions & Pick<RemoteDynamicForwardOptions, 'permitTarget'>,
): ForwardSettings {
  const { maxConnections = MAX_CONNECTIONS, replaceStale = false } = options;
  const { onConnectionError, signal, permitTarget } = options;
  if (!Number.isInteger(maxConnections) || maxConnections < 1) {
    throw new RangeError(`maxConnections must be a positive integer, got ${maxConnections}`);
  }
  if (permitTarget !== undefined && typeof permitTarget !== 'function') {
    throw new TypeError('permitTarget must be a function');
  }
  return { maxConnections, onConnectionError, signal, replaceStale, permitTarget };
}

/** @throws {TypeError | RangeError} */
export function localIntent(options: LocalForwardOptions | LocalPathForwardOptions): LocalForwardIntent {
  return { type: 'local', ...localEnd(options, 0), ...remoteEnd(options, 1, undefined) };
}

/** @throws {TypeError | RangeError} */
export function dynamicIntent({
  localPort,
  localHost = LOOPBACK,
}: DynamicForwardOptions): DynamicForwardIntent {
  return {
    type: 'dynamic',
    localHost: checkHost('localHost', localHost, true),
    localPort: checkPort('localPort', localPort, 0),
  };
}

/** @throws {TypeError | RangeError} */
export function remoteDynamicIntent({
  remotePort,
  remoteHost = LOOPBACK,
}: RemoteDynamicForwardOptions): RemoteDynamicForwardIntent {
  return {
    type: 'remote-dynamic',
    remoteHost: checkHost('remoteHost', remoteHost, true),
    remotePort: checkPort('remotePort', remotePort, 0),
  };
}

/** @throws {TypeError | RangeError} */
export function remoteIntent(options: RemoteForwardOptions | PathForwardOptions): RemoteForwardIntent {
  return { type: 'remote', ...localEnd(options, 1), ...remoteEnd(options, 0, LOOPBACK) };
}

type Given = Partial<Readonly<Record<'localPath' | 'localHost' | 'remotePath' | 'remoteHost', string>>> &
  Partial<Readonly<Record<'localPort' | 'remotePort', number>>>;

/** @param least - Smallest port: 0 where we listen, 1 where we connect. */
function localEnd(options: Given, least: 0 | 1): LocalEnd {
  const { localPath, localPort, localHost } = options;
  if (localPath !== undefined) {
    checkOne('local', localPort ?? localHost);
    return { localPath: expandPath(checkPath('localPath', localPath)) };
  }
  return {
    localHost: checkHost('localHost', localHost ?? LOOPBACK, least === 0),
    localPort: checkPort('localPort', localPort, least),
  };
}

function remoteEnd(options: Given, least: 0 | 1, fallback: string | undefined): RemoteEnd {
  const { remotePath, remotePort, remoteHost } = options;
  if (remotePath !== undefined) {
    checkOne('remote', remotePort ?? remoteHost);
    return { remotePath: checkPath('remotePath', remotePath) };
  }
  return {
    remoteHost: checkHost('remoteHost', remoteHost ?? fallback, least === 0),
    remotePort: checkPort('remotePort', remotePort, least),
  };
}

function checkOne(side: string, other: unknown): void {
  if (other === undefined) return;
  throw new TypeError(`the ${side} end is a path or a port, not both`);
}

function checkPath(name: string, path: unknown): string {
  if (typeof path !== 'string') throw new TypeError(`${name} must be a string`);
  if (path !== '' && !/\p{Cc}/u.test(path)) return path;
  throw new RangeError(`${name} must not be empty or have control characters in it`);
}

/** Every address, `''` or `*`, can be listened on and not be connected to. */
function checkHost(name: string, host: unknown, listens: boolean): string {
  if (typeof host !== 'string') throw new TypeError(`${name} must be a string`);
  if (/\p{Cc}/u.test(host) || host.length > 1024) throw new RangeError(`${name} is no host`);
  if (host !== '' && host !== '*') return host;
  if (listens) return '';
  throw new RangeError(`${name} must name a host`);
}

function checkPort(name: string, port: unknown, least: 0 | 1): number {
  if (typeof port !== 'number') throw new TypeError(`${name} must be a number`);
  if (Number.isInteger(port) && port >= least && port <= 65_535) return port;
  throw new RangeError(`${name} must be an integer from ${least} to 65535, got ${port}`);
}

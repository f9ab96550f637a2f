import { userInfo } from 'node:os';
import type { EventCollector } from '@nbs-ssh/evidence';
import type { ByteDuplex } from '@nbs-ssh/session';
import { DEFAULT_LIMITS, DEFAULT_REKEY, type StrictKexPolicy } from '@nbs-ssh/transport';
import type { CryptoProvider } from '@nbs-ssh/transport/crypto';
import { nobleProvider } from '@nbs-ssh/transport/crypto/noble';
import type { Secret } from '@nbs-ssh/transport/wire';
import {
  type AuthConfig,
  createKeyAuth,
  createPasswordAuth,
  type SecretSource,
} from '../auth/auth-config.ts';
import { defaultKnownHostsPaths, expandPath } from '../platform/platform.ts';
import { type AlgorithmPolicy, type ResolvedAlgorithms, resolveAlgorithms } from './algorithms.ts';

/**
 * What to do about a host key. `strict` takes known keys only; `accept-new` also writes unknown ones to the first
 * known_hosts file; `ask` calls `onUnknownHostKey`; `insecure` takes everything, which protects from nobody.
 * A changed or revoked key is refused by all but `insecure`.
 */
export type HostKeyPolicy = 'strict' | 'accept-new' | 'ask' | 'insecure';

export interface UnknownHostKey {
  readonly host: string;
  readonly port: number;
  readonly keyType: string;
  /** `SHA256:…` */
  readonly fingerprint: string;
}

/** When new keys are negotiated. RFC 4253 §9 recommends each gigabyte and each hour. */
export interface RekeyOptions {
  /** Bytes in one direction. Default 1 GiB. */
  readonly bytes?: number;
  /** Packets in one direction. Default 2^31. */
  readonly packets?: number;
  /** Default 3600. */
  readonly intervalSec?: number;
}

/** Bounds on what a peer may make us hold. */
export interface LimitOptions {
  /** Bytes of output one `exec` collects; more ends it with a `ChannelError`. Default 256 MiB. */
  readonly execOutputBytes?: number;
  /** Receive window of a channel in bytes. Default 2 MiB. */
  readonly channelWindowBytes?: number;
}

export interface SSHConnectionOptions {
  readonly host: string;
  /** Default 22. */
  readonly port?: number;
  /** Default: the user of this process. */
  readonly username?: string;
  /** Tried in order. Default: the default keys that exist. */
  readonly auth?: AuthConfig | readonly AuthConfig[];
  /** Legacy, ignored when `auth` is given: tried after `clientKeys`. */
  readonly password?: SecretSource;
  /** Legacy, ignored when `auth` is given: paths of private keys. */
  readonly clientKeys?: readonly string[];
  /** Path or paths of known_hosts files, `~` allowed. `null` knows no hosts. Default: the user's and the system's. */
  readonly knownHosts?: string | readonly string[] | null;
  /** Default `strict`, or `insecure` when `knownHosts` is `null` and nothing else is said. */
  readonly hostKeyPolicy?: HostKeyPolicy;
  /** For the policy `ask`. Only `true` accepts; the key is then written like with `accept-new`. */
  readonly onUnknownHostKey?: (key: UnknownHostKey) => boolean | Promise<boolean>;
  /** Called with each banner the server shows before login; escaped text. */
  readonly onBanner?: (text: string) => void;
  /** One deadline for everything until commands can run. Default 30. */
  readonly connectTimeoutSec?: number;
  readonly eventCollector?: EventCollector;
  /** File that gets one JSON event a line. */
  readonly eventLogPath?: string;
  /** Also record each packet's number, name, size and direction. Default false. */
  readonly tracePackets?: boolean;
  readonly algorithms?: AlgorithmPolicy;
  /** `require` refuses servers that are open to the Terrapin attack. Default `offer`. */
  readonly strictKex?: StrictKexPolicy;
  /** Default: noble, pure JavaScript. `nodeProvider` is faster where `node:crypto` exists. */
  readonly crypto?: CryptoProvider;
  /** A byte pipe to the server, or a function that dials one, in place of TCP. */
  readonly stream?:
    | ByteDuplex
    | ((target: { host: string; port: number; signal: AbortSignal }) => Promise<ByteDuplex>);
  readonly rekey?: RekeyOptions;
  readonly limits?: LimitOptions;
  /** Aborts connecting, and closes the connection later. */
  readonly signal?: AbortSignal;
}

/** What the rest of the code sees: nothing left to check. */
export interface ConnectionConfig {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  /** `undefined`: discover the default keys. */
  readonly auth: readonly AuthConfig[] | undefined;
  readonly knownHosts: readonly string[];
  readonly hostKeyPolicy: HostKeyPolicy;
  readonly onUnknownHostKey: SSHConnectionOptions['onUnknownHostKey'];
  readonly onBanner: SSHConnectionOptions['onBanner'];
  readonly connectTimeoutMs: number;
  readonly eventCollector: EventCollector | undefined;
  readonly eventLogPath: string | undefined;
  readonly tracePackets: boolean;
  readonly algorithms: ResolvedAlgorithms;
  readonly strictKex: StrictKexPolicy;
  readonly crypto: CryptoProvider;
  readonly stream: SSHConnectionOptions['stream'];
  readonly rekey: typeof DEFAULT_REKEY;
  readonly transportLimits: typeof DEFAULT_LIMITS;
  readonly execOutputBytes: number;
  readonly channelWindowBytes: number;
  readonly signal: AbortSignal | undefined;
}

/** @throws {TypeError | RangeError} in the caller's words, at once. */
export function resolveOptions(options: SSHConnectionOptions): ConnectionConfig {
  const { host, port = 22, crypto = nobleProvider, knownHosts, connectTimeoutSec = 30 } = options;
  if (typeof host !== 'string' || host === '') throw new TypeError('host must be a non-empty string');
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new RangeError(`port must be 1 to 65535, got ${port}`);
  positive('connectTimeoutSec', connectTimeoutSec);
  const hostKeyPolicy = options.hostKeyPolicy ?? (knownHosts === null ? 'insecure' : 'strict');
  if (!['strict', 'accept-new', 'ask', 'insecure'].includes(hostKeyPolicy)) {
    throw new RangeError(`unknown hostKeyPolicy "${hostKeyPolicy}"`);
  }
  if (hostKeyPolicy === 'ask' && options.onUnknownHostKey === undefined) {
    throw new TypeError('hostKeyPolicy "ask" needs onUnknownHostKey');
  }
  const { rekey = {}, limits = {} } = options;
  const { execOutputBytes = 256 * 1024 * 1024, channelWindowBytes = 2 * 1024 * 1024 } = limits;
  return {
    host,
    port,
    username: checkUsername(options.username ?? userInfo().username),
    auth: resolveAuth(options),
    knownHosts: resolveKnownHosts(knownHosts),
    hostKeyPolicy,
    onUnknownHostKey: options.onUnknownHostKey,
    onBanner: options.onBanner,
    connectTimeoutMs: connectTimeoutSec * 1000,
    eventCollector: options.eventCollector,
    eventLogPath: options.eventLogPath === undefined ? undefined : expandPath(options.eventLogPath),
    tracePackets: options.tracePackets ?? false,
    algorithms: resolveAlgorithms(crypto, options.algorithms),
    strictKex: options.strictKex ?? 'offer',
    crypto,
    stream: options.stream,
    rekey: {
      bytes: positive('rekey.bytes', rekey.bytes ?? DEFAULT_REKEY.bytes),
      packets: positive('rekey.packets', Math.min(rekey.packets ?? DEFAULT_REKEY.packets, 0xffff_0000)),
      milliseconds:
        positive('rekey.intervalSec', rekey.intervalSec ?? DEFAULT_REKEY.milliseconds / 1000) * 1000,
    },
    transportLimits: DEFAULT_LIMITS,
    execOutputBytes: positive('limits.execOutputBytes', execOutputBytes),
    channelWindowBytes: positive('limits.channelWindowBytes', channelWindowBytes),
    signal: options.signal,
  };
}

function resolveAuth(options: SSHConnectionOptions): readonly AuthConfig[] | undefined {
  const { auth, password, clientKeys } = options;
  if (auth !== undefined) return Array.isArray(auth) ? auth : [auth as AuthConfig];
  if (password === undefined && clientKeys === undefined) return undefined;
  const keys = (clientKeys ?? []).map((path) => createKeyAuth(path));
  return password === undefined ? keys : [...keys, createPasswordAuth(password)];
}

function resolveKnownHosts(knownHosts: SSHConnectionOptions['knownHosts']): readonly string[] {
  if (knownHosts === null) return [];
  if (knownHosts === undefined) return defaultKnownHostsPaths();
  return (typeof knownHosts === 'string' ? [knownHosts] : knownHosts).map((path) => expandPath(path));
}

/** RFC 4252 sets no limit; ours keeps control characters out of logs and of the server's. */
function checkUsername(username: string): string {
  if (username === '' || username.length > 255 || /[\u0000-\u001f\u007f]/.test(username)) {
    throw new TypeError('username must be 1 to 255 characters without control characters');
  }
  return username;
}

function positive(name: string, value: number): number {
  if (!(value > 0) || !Number.isFinite(value))
    throw new RangeError(`${name} must be a positive number, got ${value}`);
  return value;
}

export type { Secret };

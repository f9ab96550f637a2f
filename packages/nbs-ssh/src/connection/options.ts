import type { EventCollector } from '@nbs-ssh/evidence';
import type { ByteDuplex } from '@nbs-ssh/session';
import { DEFAULT_LIMITS, DEFAULT_REKEY, type StrictKexPolicy } from '@nbs-ssh/transport';
import type { CryptoProvider } from '@nbs-ssh/transport/crypto';
import { nobleProvider } from '@nbs-ssh/transport/crypto/noble';
import type { CertificateFacts } from '@nbs-ssh/transport/keys';
import { endpointOf } from '../agent/agent-keys.ts';
import type { AgentEndpoint } from '../agent/endpoint.ts';
import {
  type AuthConfig,
  createKeyAuth,
  createPasswordAuth,
  type SecretSource,
} from '../auth/auth-config.ts';
import type { InteractionHandler } from '../interaction/handler.ts';
import { type JumpHost, jumpHosts, type ProxyJump } from '../jump/jump-host.ts';
import { defaultKnownHostsPaths, expandPath, localUser } from '../platform/platform.ts';
import { type AlgorithmPolicy, type ResolvedAlgorithms, resolveAlgorithms } from './algorithms.ts';
import type { HostKeyChange } from './host-key-update.ts';
import type { KeepaliveConfig, KeepaliveOptions } from './keepalive.ts';
import { checkOptions, checkUsername } from './option-checks.ts';

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
  /** Present when the server showed a certificate that is not trusted, around this key. */
  readonly certificate?: CertificateFacts;
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
  /**
   * Bytes to which the receive window of a channel may grow: what the server may send beyond what was read, so a
   * round trip carries at most this. Default 16 MiB, which is 300 MB/s at 50 ms. A channel begins with 1 MiB (or with
   * this, when it is less), and its window grows only while its reader keeps up and the server uses it within a round
   * trip or two; all channels of a connection together grow by at most 64 MiB. A reader that stops holds its window.
   */
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
  /** Name to look the host up by in known_hosts in place of `host` and `port`, and to write it down by. */
  readonly hostKeyAlias?: string;
  /** For the policy `ask`. Only `true` accepts; the key is then written like with `accept-new`. */
  readonly onUnknownHostKey?: (key: UnknownHostKey) => boolean | Promise<boolean>;
  /** Hide names of hosts that are written to known_hosts, as `HashKnownHosts yes` does. Default false. */
  readonly hashKnownHosts?: boolean;
  /**
   * Keep the first known_hosts file up to date when a server that it knows tells its host keys: proven new ones are
   * learned, those that it has no more are forgotten. A function is asked first; only `true` changes the file.
   * Default false.
   */
  readonly updateHostKeys?: boolean | ((change: HostKeyChange) => boolean | Promise<boolean>);
  /** Called with each banner the server shows before login; escaped text. */
  readonly onBanner?: (text: string) => void;
  /** One deadline for everything until commands can run. Default 30. */
  readonly connectTimeoutSec?: number;
  /** Tries to open the TCP connection, a second apart, within `connectTimeoutSec`. Default 1. */
  readonly connectionAttempts?: number;
  /** Local address to connect from. */
  readonly bindAddress?: string;
  /** Which addresses of the host to use: 4, 6 or both. Default 0, both. */
  readonly addressFamily?: 0 | 4 | 6;
  /** Notices a server that is gone. Default: none, so that only the system notices. */
  readonly keepalive?: KeepaliveOptions;
  /** Environment of every command, sent as far as the server allows (`AcceptEnv`). */
  readonly env?: Readonly<Record<string, string>>;
  readonly eventCollector?: EventCollector;
  /** File that gets one JSON event a line. */
  readonly eventLogPath?: string;
  /** Also record each packet's number, name, size and direction. Default false. */
  readonly tracePackets?: boolean;
  readonly algorithms?: AlgorithmPolicy;
  /** `require` refuses servers that are open to the Terrapin attack. Default `offer`. */
  readonly strictKex?: StrictKexPolicy;
  /** Default: noble, pure JavaScript. `createNodeProvider()` is faster where `node:crypto` exists. */
  readonly crypto?: CryptoProvider;
  /** A byte pipe to the server, or a function that dials one, in place of TCP. */
  readonly stream?:
    | ByteDuplex
    | ((target: { host: string; port: number; signal: AbortSignal }) => Promise<ByteDuplex>);
  /**
   * Hosts to go through, in order: `user@host:port`, several with commas, or objects with options of their own. Each is
   * verified and logged in to by itself; credentials for the target are not shown to them.
   */
  readonly proxyJump?: ProxyJump;
  /** A program and its arguments, whose standard input and output reach the server. No shell is involved. */
  readonly proxyCommand?: readonly string[];
  /**
   * Lets the server use an agent while commands run: `true` for the one of `SSH_AUTH_SOCK`, or an agent. Whoever is root
   * there can then log in elsewhere as you. Default `false`.
   */
  readonly agentForward?: boolean | AgentEndpoint;
  /** Called with what `proxyCommand` writes to its standard error, as it is. */
  readonly onProxyStderr?: (bytes: Uint8Array) => void;
  /** Somebody who can be asked: about unknown host keys, passwords, passphrases and prompts. */
  readonly interaction?: InteractionHandler;
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
  readonly hostKeyAlias: string | undefined;
  readonly onUnknownHostKey: SSHConnectionOptions['onUnknownHostKey'];
  readonly hashKnownHosts: boolean;
  readonly updateHostKeys: NonNullable<SSHConnectionOptions['updateHostKeys']>;
  readonly onBanner: SSHConnectionOptions['onBanner'];
  readonly connectTimeoutMs: number;
  readonly connectionAttempts: number;
  readonly bindAddress: string | undefined;
  readonly addressFamily: 0 | 4 | 6;
  readonly keepalive: KeepaliveConfig | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly eventCollector: EventCollector | undefined;
  readonly eventLogPath: string | undefined;
  readonly tracePackets: boolean;
  readonly algorithms: ResolvedAlgorithms;
  /** As it was given, for jump hosts. */
  readonly algorithmPolicy: AlgorithmPolicy | undefined;
  /** Hosts on the way; empty when the target is reached directly. */
  readonly jumps: readonly JumpHost[];
  readonly proxyCommand: readonly string[] | undefined;
  /** `undefined`: nothing is handed on. */
  readonly agentForward: (() => AgentEndpoint) | undefined;
  readonly onProxyStderr: SSHConnectionOptions['onProxyStderr'];
  readonly interaction: InteractionHandler | undefined;
  readonly strictKex: StrictKexPolicy;
  readonly crypto: CryptoProvider;
  readonly stream: SSHConnectionOptions['stream'];
  readonly rekey: typeof DEFAULT_REKEY;
  readonly transportLimits: typeof DEFAULT_LIMITS;
  readonly execOutputBytes: number;
  readonly channelWindowBytes: number;
  readonly signal: AbortSignal | undefined;
}

/** Sequence numbers are 32 bits wide; a margin for what is on its way. */
const MAX_REKEY_PACKETS = 0xffff_0000;

/** @throws {TypeError | RangeError} in the caller's words, at once. */
export function resolveOptions(options: SSHConnectionOptions): ConnectionConfig {
  checkOptions(options);
  const { host, port = 22, crypto = nobleProvider, knownHosts, connectTimeoutSec = 30 } = options;
  const onUnknownHostKey =
    options.onUnknownHostKey ?? options.interaction?.hostKey?.bind(options.interaction);
  const fallback = options.interaction?.hostKey === undefined ? 'strict' : 'ask';
  const hostKeyPolicy = options.hostKeyPolicy ?? (knownHosts === null ? 'insecure' : fallback);
  const { rekey = {}, limits = {}, keepalive } = options;
  const { execOutputBytes = 256 * 1024 * 1024, channelWindowBytes = 16 * 1024 * 1024 } = limits;
  return {
    host,
    port,
    username: checkUsername(options.username ?? localUser()),
    auth: resolveAuth(options),
    knownHosts: resolveKnownHosts(knownHosts),
    hostKeyPolicy,
    hostKeyAlias: options.hostKeyAlias,
    onUnknownHostKey,
    hashKnownHosts: options.hashKnownHosts ?? false,
    updateHostKeys: options.updateHostKeys ?? false,
    onBanner: options.onBanner,
    connectTimeoutMs: connectTimeoutSec * 1000,
    connectionAttempts: options.connectionAttempts ?? 1,
    bindAddress: options.bindAddress,
    addressFamily: options.addressFamily ?? 0,
    keepalive:
      keepalive === undefined
        ? undefined
        : { intervalMs: keepalive.intervalSec * 1000, maxCount: keepalive.maxCount ?? 3 },
    env: options.env ?? {},
    eventCollector: options.eventCollector,
    eventLogPath: options.eventLogPath === undefined ? undefined : expandPath(options.eventLogPath),
    tracePackets: options.tracePackets ?? false,
    algorithms: resolveAlgorithms(crypto, options.algorithms),
    algorithmPolicy: options.algorithms,
    jumps: resolveJumps(options),
    proxyCommand: options.proxyCommand,
    agentForward: resolveAgentForward(options.agentForward),
    onProxyStderr: options.onProxyStderr,
    interaction: options.interaction,
    strictKex: options.strictKex ?? 'offer',
    crypto,
    stream: options.stream,
    rekey: {
      bytes: rekey.bytes ?? DEFAULT_REKEY.bytes,
      packets: Math.min(rekey.packets ?? DEFAULT_REKEY.packets, MAX_REKEY_PACKETS),
      milliseconds: (rekey.intervalSec ?? DEFAULT_REKEY.milliseconds / 1000) * 1000,
    },
    transportLimits: DEFAULT_LIMITS,
    execOutputBytes,
    channelWindowBytes,
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

/** Where the agent is, is found out when the server asks for it. */
function resolveAgentForward(given: boolean | AgentEndpoint | undefined): (() => AgentEndpoint) | undefined {
  if (given === undefined || given === false) return undefined;
  return () => endpointOf(given === true ? {} : { agent: given });
}

/** A proxyCommand beside jump hosts leads to the first of them, as in ssh_config it would be the first one's. */
function resolveJumps({ proxyJump, proxyCommand }: SSHConnectionOptions): readonly JumpHost[] {
  if (proxyJump === undefined) return [];
  const [first, ...rest] = jumpHosts(proxyJump);
  if (first === undefined) return [];
  return [proxyCommand === undefined ? first : { proxyCommand, ...first }, ...rest];
}

function resolveKnownHosts(knownHosts: SSHConnectionOptions['knownHosts']): readonly string[] {
  if (knownHosts === null) return [];
  if (knownHosts === undefined) return defaultKnownHostsPaths();
  return (typeof knownHosts === 'string' ? [knownHosts] : knownHosts).map((path) => expandPath(path));
}

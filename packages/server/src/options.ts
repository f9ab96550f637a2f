import type { ServerMethod } from '@nbs-ssh/auth';
import type { EventCollector } from '@nbs-ssh/evidence';
import type { Clock } from '@nbs-ssh/session';
import {
  type AlgorithmPreferences,
  allAlgorithms,
  DEFAULT_REKEY,
  type HostKey,
  type RekeyLimits,
  type StrictKexPolicy,
} from '@nbs-ssh/transport';
import { type CryptoProvider, insecureNames, insecureRisk, withInsecure } from '@nbs-ssh/transport/crypto';
import type { PublicKey } from '@nbs-ssh/transport/keys';
import type { SshError } from '@nbs-ssh/transport/wire';
import type { ForwardingOptions } from './forward/policy.ts';
import { type ForwardingRules, forwardingRules } from './forward/rules.ts';
import type { ServerAuthHandlers, SessionHandler } from './handlers.ts';
import { type HostKeySource, loadHostKeys } from './host-keys.ts';
import { trustedCas } from './user-certificates.ts';

/** Where an error happened. Text from the client is escaped. */
export interface ErrorPlace {
  readonly phase: string;
  readonly remoteAddress?: string;
  readonly username?: string;
}

export interface ServerLimits {
  /** Seconds until a client must have logged in. Default 30. */
  readonly loginGraceSec: number;
  /** Seconds a handler that decides about a login or a forward may take before it counts as a refusal. Default 10. */
  readonly authHandlerSec: number;
  /** Refused credentials before the client is sent away. Default 6. */
  readonly maxAuthTries: number;
  /** "Would you take this key?" questions before the client is sent away. Default 15. */
  readonly maxKeyQueries: number;
  /** Connections that have not logged in, in all. Default 30. */
  readonly maxUnauthenticated: number;
  /** The same from one address. Default 5. */
  readonly maxUnauthenticatedPerAddress: number;
  /** Sessions at one time on one connection. Default 10. */
  readonly maxSessions: number;
  /** Connections at one time. Default: no limit beyond those above. */
  readonly maxConnections: number;
  /** Ports and Unix sockets that this server listens on for one client. Default 32. */
  readonly maxForwards: number;
  /** Connections through all forwards of one client at one time. Default 512. */
  readonly maxForwardedConnections: number;
  /** The same through one port or Unix socket that the server listens on. Default 256. */
  readonly maxConnectionsPerForward: number;
  /** The same that are still being made: dialled, or not yet taken by the client. Default 256. */
  readonly maxPendingForwards: number;
  /** Seconds that making one may take. Default 15. */
  readonly forwardSec: number;
}

const LIMITS: ServerLimits = {
  loginGraceSec: 30,
  authHandlerSec: 10,
  maxAuthTries: 6,
  maxKeyQueries: 15,
  maxUnauthenticated: 30,
  maxUnauthenticatedPerAddress: 5,
  maxSessions: 10,
  maxConnections: Number.POSITIVE_INFINITY,
  maxForwards: 32,
  maxForwardedConnections: 512,
  maxConnectionsPerForward: 256,
  maxPendingForwards: 256,
  forwardSec: 15,
};

/** What a connection needs to know, however it came. */
export interface ConnectionOptions {
  /** Texts of unencrypted private key files, or keys, each with a certificate or without. Default: one Ed25519 key made on start. */
  readonly hostKeys?: readonly HostKeySource[];
  /** At least one handler. */
  readonly auth: ServerAuthHandlers;
  /** Runs commands. Default: refused. */
  readonly exec?: SessionHandler;
  /** Runs shells. Default: refused. */
  readonly shell?: SessionHandler;
  /** Runs subsystems, by name: `{ sftp: … }`. Default: all refused. */
  readonly subsystems?: Readonly<Record<string, SessionHandler>>;
  /** Environment variables that clients may set, by exact name. Default: none. */
  readonly acceptEnv?: readonly string[];
  /**
   * Whether terminals are granted. There is no pseudo-terminal here: the handler does what a terminal would, such
   * as echoing and turning LF into CR LF. Default `false`.
   */
  readonly allowPty?: boolean;
  /** What clients may have forwarded. Default: nothing. */
  readonly forwarding?: ForwardingOptions;
  readonly crypto?: CryptoProvider;
  /** Algorithms by name, most wanted first, in place of everything `crypto` has. */
  readonly algorithms?: Partial<AlgorithmPreferences> & {
    /** Signature algorithms accepted from users. */
    readonly publicKey?: readonly string[];
    /** Insecure algorithms to offer all the same, behind everything else of their kind. */
    readonly insecure?: readonly string[];
  };
  readonly rekey?: { readonly bytes?: number; readonly packets?: number; readonly intervalSec?: number };
  readonly strictKex?: StrictKexPolicy;
  readonly limits?: Partial<ServerLimits>;
  /** Text that clients show before they log in, at most 2 KiB. */
  readonly banner?: string;
  readonly eventCollector?: EventCollector;
  /** Hears of handlers that throw and connections that end badly. What it throws is dropped. */
  readonly onError?: (error: SshError, place: ErrorPlace) => void;
  /** Software version in the identification line. */
  readonly software?: string;
  readonly clock?: Clock;
}

/** Everything decided. */
export interface ServerConfig {
  readonly hostKeys: readonly HostKey[];
  readonly auth: ServerAuthHandlers;
  readonly methods: readonly ServerMethod[];
  readonly trustedCas: readonly PublicKey[];
  readonly exec: SessionHandler | undefined;
  readonly shell: SessionHandler | undefined;
  readonly subsystems: ReadonlyMap<string, SessionHandler>;
  readonly acceptEnv: ReadonlySet<string>;
  readonly allowPty: boolean;
  readonly forwarding: ForwardingRules;
  readonly crypto: CryptoProvider;
  readonly algorithms: AlgorithmPreferences;
  readonly serverSigAlgs: readonly string[];
  readonly rekey: RekeyLimits;
  readonly strictKex: StrictKexPolicy;
  readonly limits: ServerLimits;
  readonly banner: string | undefined;
  readonly eventCollector: EventCollector | undefined;
  readonly onError: (error: SshError, place: ErrorPlace) => void;
  readonly software: string;
  readonly clock: Clock;
}

/** Longest banner, in characters. */
const MAX_BANNER = 2048;

/**
 * @throws {RangeError} when nobody could log in, a name is unknown to the provider or a number is out of range.
 * @throws {PrivateKeyError} for an unusable host key. @throws {KeysError} for an unusable key of a CA.
 */
export function resolveOptions(
  options: ConnectionOptions,
  platform: { readonly crypto: CryptoProvider; readonly clock: Clock },
): ServerConfig {
  const { banner, rekey = {}, onError } = options;
  const limits = { ...LIMITS, ...options.limits };
  for (const [name, value] of Object.entries(limits)) {
    if (!(value > 0)) throw new RangeError(`limits.${name} must be positive, got ${value}`);
  }
  if (banner !== undefined && banner.length > MAX_BANNER) {
    throw new RangeError(`banner has ${banner.length} characters, limit ${MAX_BANNER}`);
  }
  const { publicKey: serverSigAlgs, insecure = [], ...chosen } = options.algorithms ?? {};
  const crypto = withInsecure(options.crypto ?? platform.crypto, insecure);
  const everything = allAlgorithms(crypto);
  const algorithms = { ...everything, ...chosen };
  for (const slot of ['kex', 'hostKey', 'ciphers', 'macs'] as const) {
    checkNames(slot, algorithms[slot], everything[slot], crypto);
  }
  const signatures = crypto.signatures.map((suite) => suite.name);
  if (serverSigAlgs !== undefined) checkNames('publicKey', serverSigAlgs, signatures, crypto);
  return {
    hostKeys: loadHostKeys(options.hostKeys, crypto),
    auth: options.auth,
    methods: methodsOf(options.auth),
    trustedCas: trustedCas(options.auth.trustedUserCAKeys ?? []),
    exec: options.exec,
    shell: options.shell,
    subsystems: new Map(Object.entries(options.subsystems ?? {})),
    acceptEnv: new Set(options.acceptEnv),
    allowPty: options.allowPty === true,
    forwarding: forwardingRules(options.forwarding),
    crypto,
    algorithms,
    serverSigAlgs: serverSigAlgs ?? signatures,
    rekey: {
      bytes: positive('rekey.bytes', rekey.bytes ?? DEFAULT_REKEY.bytes),
      packets: positive('rekey.packets', rekey.packets ?? DEFAULT_REKEY.packets),
      milliseconds: positive(
        'rekey.intervalSec',
        rekey.intervalSec === undefined ? DEFAULT_REKEY.milliseconds : rekey.intervalSec * 1000,
      ),
    },
    strictKex: options.strictKex ?? 'offer',
    limits,
    banner,
    eventCollector: options.eventCollector,
    onError: (error, place) => {
      try {
        onError?.(error, place);
      } catch {
        // A log that fails must not end a connection.
      }
    },
    software: options.software ?? 'nbs_ssh',
    clock: options.clock ?? platform.clock,
  };
}

function methodsOf(auth: ServerAuthHandlers): readonly ServerMethod[] {
  const methods: ServerMethod[] = [];
  if (auth.publicKey !== undefined || auth.trustedUserCAKeys !== undefined) methods.push('publickey');
  if (auth.password !== undefined) methods.push('password');
  if (auth.keyboardInteractive !== undefined) methods.push('keyboard-interactive');
  if (methods.length === 0) throw new RangeError('auth needs at least one handler: nobody could log in');
  const unknown = auth.required?.flat().find((method) => !methods.includes(method));
  if (unknown !== undefined) throw new RangeError(`auth.required names ${unknown}, which has no handler`);
  return methods;
}

function checkNames(
  slot: string,
  names: readonly string[],
  known: readonly string[],
  crypto: CryptoProvider,
): void {
  if (names.length === 0) throw new RangeError(`algorithms.${slot} must not be empty`);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  if (insecureNames(crypto).includes(unknown)) {
    throw new RangeError(
      `algorithms.${slot}: "${unknown}" is insecure, because ${insecureRisk(unknown)}; ` +
        `opt in with algorithms: { insecure: ['${unknown}'] }`,
    );
  }
  throw new RangeError(`algorithms.${slot}: "${unknown}" is unknown to provider "${crypto.name}"`);
}

function positive(name: string, value: number): number {
  if (value > 0) return value;
  throw new RangeError(`${name} must be positive, got ${value}`);
}

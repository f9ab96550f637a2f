import type { AuthAttempt } from '@nbs-ssh/auth';
import type { EvidenceBundle } from '@nbs-ssh/evidence/node';
import type { AlgorithmSlot } from '@nbs-ssh/transport';
import type { CertificateFacts } from '@nbs-ssh/transport/keys';
import type { Fault } from '@nbs-ssh/transport/wire';
import { plain } from './plain.ts';

/** What every error of this library carries. Safe to log: no secret ever gets in. */
export interface ErrorContext {
  readonly host?: string;
  readonly port?: number;
  readonly username?: string;
  /** Where the connection was: `tcp`, `identification`, `kex`, `host-key`, `new-keys`, `auth`, `open`, … */
  readonly phase?: string;
  /** The jump host that failed, `user@host:port`, when it was one; the other fields are then about it. */
  readonly hop?: string;
  /** The error below this one, as it was thrown. */
  readonly originalError?: unknown;
}

export interface ErrorInit<Context> {
  /** Stable, in capitals; prose may change, codes do not. */
  readonly code: string;
  readonly fault: Fault;
  readonly retryable: boolean;
  readonly context: Context;
}

/**
 * Base of every error that this library throws. Match on the class or on {@link code}, never on the message.
 */
export class SSHError<Context extends ErrorContext = ErrorContext> extends Error {
  readonly code: string;
  readonly fault: Fault;
  /** Whether trying the same again later can succeed. */
  readonly retryable: boolean;
  readonly context: Context;
  #evidence: EvidenceBundle | undefined;

  constructor(message: string, init: ErrorInit<Context>) {
    const { originalError } = init.context;
    super(message, originalError === undefined ? undefined : { cause: originalError });
    this.code = init.code;
    this.fault = init.fault;
    this.retryable = init.retryable;
    this.context = init.context;
    Object.defineProperty(this, 'name', { value: this.errorType, configurable: true });
  }

  /** Name of the class. Survives minification, because each class says its own. */
  get errorType(): string {
    return 'SSHError';
  }

  get phase(): string | undefined {
    return this.context.phase;
  }

  /** Everything that is known about the connection this error ended; the same as `getEvidenceBundle()`. */
  get evidence(): EvidenceBundle | undefined {
    return this.#evidence;
  }

  /** @internal The bundle of the outermost connection has the events of those inside. */
  attachEvidence(bundle: EvidenceBundle): this {
    if (this.#evidence === undefined || this.context.hop !== undefined) this.#evidence = bundle;
    return this;
  }

  /** Plain data for a log. The cause is reduced to its message, output of commands to its length. */
  toJSON(): Record<string, unknown> {
    const { originalError, ...known } = this.context;
    const context = Object.fromEntries(
      Object.entries(known).map(([key, value]) => [key, OUTPUT.has(key) ? lengthOf(value) : plain(value)]),
    );
    const cause = originalError instanceof Error ? { cause: originalError.message } : {};
    return {
      errorType: this.errorType,
      code: this.code,
      message: this.message,
      fault: this.fault,
      retryable: this.retryable,
      context,
      ...cause,
    };
  }
}

/** Fields that hold what a remote command printed: no log may get that without being asked. */
const OUTPUT: ReadonlySet<string> = new Set(['stdout', 'stderr']);

function lengthOf(output: unknown): unknown {
  return typeof output === 'string' ? `[${output.length} characters]` : plain(output);
}

export class SSHConnectionError<C extends ErrorContext = ErrorContext> extends SSHError<C> {
  override get errorType(): string {
    return 'SSHConnectionError';
  }
}

/** Nobody listens at the address, or a firewall says so. */
export class ConnectionRefused extends SSHConnectionError {
  override get errorType(): string {
    return 'ConnectionRefused';
  }
}

/** Our deadline passed, or the operating system's. `context.phase` says where. */
export class ConnectionTimeout extends SSHConnectionError {
  override get errorType(): string {
    return 'ConnectionTimeout';
  }
}

/** The name does not resolve, or no route leads to the address. */
export class HostUnreachable extends SSHConnectionError {
  override get errorType(): string {
    return 'HostUnreachable';
  }
}

export interface ConnectionLostContext extends ErrorContext {
  /** Bytes of output that had arrived, when a command was running. */
  readonly stdout?: string | Uint8Array;
  readonly stderr?: string | Uint8Array;
  /** Whether the command may have run, so that running it again could run it twice. */
  readonly maybeExecuted?: boolean;
}

/** The connection was up and is gone: reset, end of stream, or silence. */
export class ConnectionLost extends SSHConnectionError<ConnectionLostContext> {
  override get errorType(): string {
    return 'ConnectionLost';
  }
}

export interface ProtocolErrorContext extends ErrorContext {
  /** SSH_MSG_DISCONNECT reason, RFC 4253 §11.1, sent or received. */
  readonly disconnectReason?: number;
  readonly disconnectName?: string;
  /** What the layer that noticed it knows: message numbers, lengths, the first bytes of a foreign protocol. */
  readonly details?: unknown;
}

/** The peer broke the protocol, or does not speak SSH at all. */
export class ProtocolError extends SSHConnectionError<ProtocolErrorContext> {
  override get errorType(): string {
    return 'ProtocolError';
  }
}

/** The caller closed the connection, or used it after that. */
export class ConnectionClosed extends SSHConnectionError {
  override get errorType(): string {
    return 'ConnectionClosed';
  }
}

export class AuthenticationError<C extends ErrorContext = ErrorContext> extends SSHError<C> {
  override get errorType(): string {
    return 'AuthenticationError';
  }
}

export interface AuthFailedContext extends ErrorContext {
  readonly attempts: readonly AuthAttempt[];
  /** Methods the server would still take. */
  readonly remaining: readonly string[];
}

/** The server refused every credential that was configured. */
export class AuthFailed extends AuthenticationError<AuthFailedContext> {
  override get errorType(): string {
    return 'AuthFailed';
  }

  /** Each attempt in order: method, key, what the server answered, or why it was skipped. */
  get attempts(): readonly AuthAttempt[] {
    return this.context.attempts;
  }
}

/** A certificate of a CA that counts for this host was refused, and the key in it is not known by itself. */
export type CertificateReason =
  | 'certificate_ca_algorithm'
  | 'certificate_signature'
  | 'certificate_untrusted_ca'
  | 'certificate_revoked_ca'
  | 'certificate_wrong_type'
  | 'certificate_not_yet_valid'
  | 'certificate_expired'
  | 'certificate_no_principals'
  | 'certificate_comma_principal'
  | 'certificate_wrong_principal'
  | 'certificate_critical_option';

export type HostKeyMismatchReason =
  | 'unknown'
  | 'changed'
  | 'revoked'
  | 'declined'
  | CertificateReason
  | 'bad_signature'
  | 'malformed'
  | 'changed_in_rekey';

export interface KnownHostKey {
  readonly file: string;
  readonly line: number;
  readonly keyType: string;
  readonly fingerprint: string;
}

export interface HostKeyMismatchContext extends ErrorContext {
  readonly reason: HostKeyMismatchReason;
  /** `SHA256:…` of the key the server showed, or of the key in its certificate. */
  readonly fingerprint?: string;
  readonly keyType?: string;
  /** Present when the server showed a certificate. */
  readonly certificate?: CertificateFacts;
  /** The keys known for this host, each with file and line. */
  readonly known?: readonly KnownHostKey[];
  /** Of the entry that decided, when there is one. */
  readonly file?: string;
  readonly line?: number;
}

/** The server's identity is not proven. No credential was sent. */
export class HostKeyMismatch extends AuthenticationError<HostKeyMismatchContext> {
  override get errorType(): string {
    return 'HostKeyMismatch';
  }

  get reason(): HostKeyMismatchReason {
    return this.context.reason;
  }
}

export interface NoMutualKexContext extends ErrorContext {
  readonly slot: AlgorithmSlot;
  readonly client: readonly string[];
  readonly server: readonly string[];
  /** Algorithm of the server that this library knows and policy left out, if any. */
  readonly nearest?: string;
  /** Present when {@link nearest} is insecure: what opting in to it would give up, in words. */
  readonly risk?: string;
}

/** Client and server have no algorithm in common in some slot. */
export class NoMutualKex extends AuthenticationError<NoMutualKexContext> {
  override get errorType(): string {
    return 'NoMutualKex';
  }
}

export type KeyLoadReason =
  | 'file_not_found'
  | 'permission_denied'
  | 'wrong_passphrase'
  | 'passphrase_required'
  | 'invalid_format'
  | 'unsupported';

export interface KeyLoadContext extends ErrorContext {
  readonly reason: KeyLoadReason;
  readonly path?: string;
}

/** A private key could not be used. */
export class KeyLoadError extends AuthenticationError<KeyLoadContext> {
  override get errorType(): string {
    return 'KeyLoadError';
  }

  get reason(): KeyLoadReason {
    return this.context.reason;
  }
}

export type AgentErrorReason =
  /** Nothing says where an agent listens. */
  | 'no_agent'
  /** The socket is missing, or nobody listens there. */
  | 'unreachable'
  | 'permission_denied'
  | 'timeout'
  | 'closed'
  | 'aborted'
  /** It said what no agent says. */
  | 'protocol'
  /** It said no: the user did, it is locked, or the key may not be used for this server. */
  | 'refused'
  /** It signed with another key, or other data. */
  | 'bad_signature'
  /** It signed with another algorithm than the one it was asked for. */
  | 'wrong_algorithm'
  /** It holds no key, or is locked. */
  | 'empty'
  /** None of its keys is one that was asked for. */
  | 'no_match'
  /** A key of a type that is not known here. */
  | 'unsupported';

export interface AgentErrorContext extends ErrorContext {
  readonly reason: AgentErrorReason;
  /** Of the key in question. */
  readonly fingerprint?: string;
  /** Of the key in question, escaped. */
  readonly comment?: string;
}

/** An SSH agent could not be used, or one of its keys. Found in the attempts of `AuthFailed`. */
export class AgentError extends AuthenticationError<AgentErrorContext> {
  override get errorType(): string {
    return 'AgentError';
  }

  get reason(): AgentErrorReason {
    return this.context.reason;
  }
}

export interface ChannelErrorContext extends ErrorContext {
  readonly reason?: string;
  readonly stdout?: string | Uint8Array;
  readonly stderr?: string | Uint8Array;
}

/** The server refused a channel or a request on it, or a command went over one of its limits. */
export class ChannelError extends SSHError<ChannelErrorContext> {
  override get errorType(): string {
    return 'ChannelError';
  }
}

export type ForwardReason =
  /** The server does not allow it, or the policy of this side. */
  | 'prohibited'
  /** The target refused, or cannot be reached. */
  | 'connect_failed'
  | 'unknown_channel_type'
  /** The server has no resources left, or one of our own limits is reached. */
  | 'resource_shortage'
  | 'invalid_target'
  /** The target said nothing within the time that it has for taking a connection. */
  | 'timeout'
  /** Somebody listens there already. */
  | 'address_in_use'
  /** This machine has no such address. */
  | 'address_not_available'
  | 'permission_denied'
  /** The server did not begin to listen. It does not say why: the port is in use there, or it is not allowed. */
  | 'refused'
  /** The server said a port that cannot be one. */
  | 'bad_reply'
  /** A client of a dynamic forward did not say by SOCKS where it wants to go. */
  | 'bad_request'
  /** There is a file where the socket should be. */
  | 'path_exists'
  | 'path_too_long'
  /** The folder of the socket is missing, or others could put their own socket in its place. */
  | 'path_unsafe'
  /** A connection was on its way and broke: reset, or the session ended. */
  | 'broken'
  /** The forward was closed while a connection was being made. */
  | 'withdrawn'
  | 'other';

export interface ForwardErrorContext extends ErrorContext {
  readonly reason: ForwardReason;
  readonly localHost?: string;
  readonly localPort?: number;
  readonly localPath?: string;
  readonly remoteHost?: string;
  readonly remotePort?: number;
  readonly remotePath?: string;
  /** The server's own words, escaped. */
  readonly description?: string;
}

/** A forward could not be set up, or a connection through it could not be made or broke. */
export class ForwardError extends SSHError<ForwardErrorContext> {
  override get errorType(): string {
    return 'ForwardError';
  }

  get reason(): ForwardReason {
    return this.context.reason;
  }
}

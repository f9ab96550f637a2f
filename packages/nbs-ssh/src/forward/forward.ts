import type { Splice, Traffic } from '@nbs-ssh/session/node';
import type { TraceValue } from '@nbs-ssh/transport/wire';
import { ForwardError, type SSHError } from '../errors/classes.ts';
import { brokenConnection, tooManyConnections, withdrawnError } from './errors.ts';
import type { CloseForwardOptions, ForwardHandle, ForwardStats } from './handle.ts';
import type { ForwardIntent } from './intent.ts';
import type { ForwardSettings } from './options.ts';

/** What a forward needs of whoever holds it. */
export interface ForwardAround {
  readonly emit: (name: string, fields: Record<string, TraceValue>) => void;
  /** The public error for what made or used a connection fail. */
  readonly toPublic: (error: unknown) => SSHError;
  /** It is withdrawn and its last connection is over. */
  readonly onGone: (forward: Forward) => void;
}

/** One connection through a forward, while it is being made and while it lasts. */
interface Connection {
  /** Gives up making it. */
  readonly abort: AbortController;
  splice: Splice | undefined;
  fields: ConnectionFields | undefined;
}

/** What events say of a connection that goes where its client wants, and not where the forward says. */
export type ConnectionFields = { readonly protocol: string } & (
  | { readonly remote_host: string; readonly remote_port: number }
  | { readonly local_host: string; readonly local_port: number }
);

/** Tells where a connection goes, once that is known. */
export type About = (fields: ConnectionFields) => void;

/** Makes a connection. Rejects when there is none; it has then told both ends. */
export type MakeConnection = (signal: AbortSignal, about: About) => Promise<Splice>;

/**
 * A forward of any kind: what it is for, the connections through it and what went through them. Who listens, and how a
 * connection is made, is the business of its kind.
 */
export class Forward<Intent extends ForwardIntent = ForwardIntent> implements ForwardHandle<Intent> {
  readonly intent: Intent;
  readonly settings: ForwardSettings;
  readonly #around: ForwardAround;
  readonly #connections = new Set<Connection>();
  readonly #traffic: Traffic = { sent: 0, received: 0 };
  readonly closed: Promise<SSHError | undefined>;
  #settleClosed: (error: SSHError | undefined) => void = () => {};
  #state: 'establishing' | 'active' | 'closing' | 'gone' = 'establishing';
  #withdraw: () => Promise<void> = async () => {};
  #withdrawn: Promise<void> | undefined;
  #isWithdrawn = false;
  #actualPort: number | undefined;
  #error: SSHError | undefined;
  #count = 0;
  #failed = 0;

  constructor(intent: Intent, settings: ForwardSettings, around: ForwardAround) {
    this.intent = intent;
    this.settings = settings;
    this.#around = around;
    this.closed = new Promise((resolve) => {
      this.#settleClosed = resolve;
    });
    around.emit('session.forward.establishing', this.#fields());
  }

  get isActive(): boolean {
    return this.#state === 'active';
  }

  /** What ended it, when that was the end of the session. */
  get error(): SSHError | undefined {
    return this.#error;
  }

  /** Whether it was not withdrawn. */
  get isWanted(): boolean {
    return this.#state === 'establishing' || this.#state === 'active';
  }

  get localHost(): string | undefined {
    return 'localHost' in this.intent ? this.intent.localHost : undefined;
  }

  get localPort(): number | undefined {
    if (!('localPort' in this.intent)) return undefined;
    return this.intent.type === 'remote'
      ? this.intent.localPort
      : (this.#actualPort ?? this.intent.localPort);
  }

  get localPath(): string | undefined {
    return 'localPath' in this.intent ? this.intent.localPath : undefined;
  }

  get remoteHost(): string | undefined {
    return 'remoteHost' in this.intent ? this.intent.remoteHost : undefined;
  }

  get remotePort(): number | undefined {
    if (!('remotePort' in this.intent)) return undefined;
    return this.intent.type === 'local'
      ? this.intent.remotePort
      : (this.#actualPort ?? this.intent.remotePort);
  }

  get remotePath(): string | undefined {
    return 'remotePath' in this.intent ? this.intent.remotePath : undefined;
  }

  get stats(): ForwardStats {
    return {
      connections: this.#count,
      active: this.#connections.size,
      failed: this.#failed,
      bytesSent: this.#traffic.sent,
      bytesReceived: this.#traffic.received,
    };
  }

  /** Counts the bytes of every connection. */
  get traffic(): Traffic {
    return this.#traffic;
  }

  /**
   * Somebody listens from now on.
   *
   * @param port - The real one, where a port listens. @param withdraw - Ends that. Never rejects.
   */
  established(port: number | undefined, withdraw: () => Promise<void>): void {
    if (this.#state !== 'establishing') {
      // It was ended meanwhile, and nobody would ever withdraw what has just begun.
      void withdraw();
      return;
    }
    this.#withdraw = withdraw;
    this.#actualPort = port;
    this.#state = 'active';
    this.#around.emit('session.forward.established', {
      ...this.#fields(),
      ...(port === undefined ? {} : { actual_port: port }),
    });
  }

  /** It could not be set up. */
  failed(error: SSHError): void {
    if (this.#state !== 'establishing') return;
    this.#state = 'gone';
    this.#around.emit('session.forward.failed', { ...this.#fields(), ...errorFields(error) });
    this.#settleClosed(error);
    this.#around.onGone(this);
  }

  /** Makes a connection and keeps account of it. @returns whether there is room for it. */
  connect(make: MakeConnection): boolean {
    if (this.#state !== 'active') return false;
    this.#count += 1;
    const { maxConnections } = this.settings;
    if (this.#connections.size >= maxConnections) {
      this.#connectionFailed(tooManyConnections(maxConnections), {});
      return false;
    }
    const connection: Connection = { abort: new AbortController(), splice: undefined, fields: undefined };
    this.#connections.add(connection);
    void this.#run(connection, make);
    return true;
  }

  close({ connections = 'finish' }: CloseForwardOptions = {}): Promise<void> {
    this.#withdrawn ??= this.#close();
    if (connections === 'reset') this.#giveUp();
    return this.#withdrawn;
  }

  /** The session is over, and everything with it. */
  end(error: SSHError): void {
    if (this.#state === 'gone') return;
    this.#error ??= error;
    this.#withdrawn ??= this.#close();
    this.#giveUp();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close({ connections: 'reset' });
    await this.closed;
  }

  async #close(): Promise<void> {
    this.#state = 'closing';
    await this.#withdraw();
    this.#settleIfOver(true);
  }

  #giveUp(): void {
    for (const { abort, splice } of this.#connections) {
      abort.abort(this.#error ?? withdrawnError());
      splice?.giveUp();
    }
  }

  async #run(connection: Connection, make: MakeConnection): Promise<void> {
    const { emit } = this.#around;
    const { signal } = connection.abort;
    try {
      const splice = await make(signal, (fields) => {
        connection.fields = fields;
      });
      connection.splice = splice;
      if (signal.aborted) splice.giveUp();
      const fields = { ...connection.fields, channel: splice.channel.id };
      emit('session.forward.connection.opened', { ...this.#fields(), ...fields });
      const outcome = await splice.done;
      if (outcome.by === 'socket' || outcome.by === 'session') {
        const error = outcome.by === 'session' ? this.#around.toPublic(outcome.error) : outcome.error;
        this.#connectionFailed(brokenConnection(outcome.by, error), fields);
      } else {
        emit('session.forward.connection.closed', { ...this.#fields(), ...fields });
      }
    } catch (error) {
      this.#connectionFailed(this.#around.toPublic(error), { ...connection.fields });
    }
    this.#connections.delete(connection);
    this.#settleIfOver(false);
  }

  /** What the caller's function throws is its own trouble. */
  #connectionFailed(cause: SSHError, fields: Readonly<Record<string, TraceValue>>): void {
    if (!('channel' in fields)) this.#failed += 1;
    const error = cause instanceof ForwardError ? cause : brokenConnection('session', cause);
    this.#around.emit('session.forward.connection.failed', {
      ...this.#fields(),
      ...fields,
      ...errorFields(error),
    });
    try {
      this.settings.onConnectionError?.(error);
    } catch {
      // The forward goes on.
    }
  }

  #settleIfOver(withdrawn: boolean): void {
    if (withdrawn && this.#state === 'closing') this.#isWithdrawn = true;
    if (!this.#isWithdrawn || this.#connections.size > 0 || this.#state === 'gone') return;
    this.#state = 'gone';
    const { connections, bytesSent, bytesReceived } = this.stats;
    this.#around.emit('session.forward.closed', {
      ...this.#fields(),
      connections,
      bytes_sent: bytesSent,
      bytes_received: bytesReceived,
    });
    this.#settleClosed(this.#error);
    this.#around.onGone(this);
  }

  #fields(): Record<string, TraceValue> {
    return { forward_type: this.intent.type, ...endFields(this.intent) };
  }
}

/** Both ends, by the names that events have for them. */
function endFields(intent: ForwardIntent): Record<string, TraceValue> {
  return {
    ...('localPath' in intent ? { local_path: intent.localPath } : {}),
    ...('localPort' in intent ? { local_host: intent.localHost, local_port: intent.localPort } : {}),
    ...('remotePath' in intent ? { remote_path: intent.remotePath } : {}),
    ...('remotePort' in intent ? { remote_host: intent.remoteHost, remote_port: intent.remotePort } : {}),
  };
}

function errorFields(error: SSHError): Record<string, TraceValue> {
  return {
    error_type: error.errorType,
    code: error.code,
    reason: error instanceof ForwardError ? error.reason : null,
    error: error.message,
  };
}

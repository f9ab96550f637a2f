import type { EvidenceBundle } from '@nbs-ssh/evidence/node';
import type { ByteDuplex } from '@nbs-ssh/session';
import { systemClock } from '@nbs-ssh/session/node';
import type { NegotiatedAlgorithms } from '@nbs-ssh/transport';
import { printable, type SshError } from '@nbs-ssh/transport/wire';
import { ConnectionClosed, ConnectionLost, type ErrorContext, type SSHError } from '../errors/classes.ts';
import { localError } from '../errors/local.ts';
import { toPublicError } from '../errors/mapping.ts';
import { ForwardManager } from '../forward/manager.ts';
import { Forwarding } from '../forward/methods.ts';
import { type OpenTcpOptions, openTcp } from '../forward/open-tcp.ts';
import type { RemoteLink } from '../forward/remote.ts';
import type { Ask } from '../interaction/credentials.ts';
import { Route } from '../jump/route.ts';
import { type ExecOptions, type ExecResult, exec } from '../process/exec.ts';
import type { RemoteProcesses } from '../process/remote-process.ts';
import { type ShellOptions, type ShellStream, shell } from '../process/shell.ts';
import { type ExecStream, type StreamExecOptions, streamExec } from '../process/stream-exec.ts';
import { type Subsystem, type SubsystemOptions, subsystem } from '../process/subsystem.ts';
import { type ClientSession, createClientSession } from './client-session.ts';
import { Deadline } from './deadline.ts';
import { isGraceful, tellEnd } from './ending.ts';
import { ConnectionEvidence } from './evidence.ts';
import { Liveness } from './liveness.ts';
import { type ConnectionConfig, resolveOptions, type SSHConnectionOptions } from './options.ts';
import { discard, type Preparation, prepare } from './preparation.ts';
import { remoteProcesses } from './processes.ts';
import type { Seat } from './seat.ts';
import { Waiters } from './waiters.ts';

type State = 'new' | 'connecting' | 'open' | 'closed';

/** What was negotiated, in force now. */
export interface ConnectionAlgorithms extends NegotiatedAlgorithms {
  readonly strictKex: boolean;
}

/**
 * One SSH connection to one server.
 *
 * `await SSHConnection.connect({ host, username, auth })` or `new SSHConnection(…)` and `connect()`. It does not
 * reconnect. Close it with `close()` or `await using`.
 */
export class SSHConnection extends Forwarding {
  readonly forwardManager: ForwardManager;
  readonly #config: ConnectionConfig;
  readonly #clock = systemClock;
  readonly #evidence: ConnectionEvidence;
  readonly #abort = new AbortController();
  readonly #seat: Seat | undefined;
  readonly #route: Route;
  #deadline: Deadline | undefined;
  #state: State = 'new';
  #error: SSHError | undefined;
  /** Where the connection was when `close()` was called. */
  #closedIn = 'open';
  #session: ClientSession | undefined;
  #connected: { resolve: () => void; reject: (error: unknown) => void } | undefined;
  #finished: Promise<SSHError | undefined>;
  #settleFinished: (error: SSHError | undefined) => void = () => {};
  readonly #liveness: Liveness;
  readonly #waiters = new Waiters<'rekey'>();
  readonly #onAbort = (): void => this.#aborted();
  /** Asks a person: meanwhile the deadline stands still, and that of a connection which goes through this one. */
  readonly #ask: Ask = (question) => {
    const asked = this.#seat === undefined ? question : () => (this.#seat as Seat).ask(question);
    return this.#deadline === undefined ? asked() : this.#deadline.pausedFor(asked);
  };

  /** @throws {TypeError | RangeError} when an option makes no sense. Nothing is opened yet. */
  constructor(options: SSHConnectionOptions);
  /** @internal */
  constructor(options: SSHConnectionOptions, seat: Seat | undefined);
  constructor(options: SSHConnectionOptions, seat?: Seat) {
    super();
    this.#config = resolveOptions(options);
    this.#seat = seat;
    this.#evidence = new ConnectionEvidence(this.#config, this.#clock, seat);
    const createHop = (hop: SSHConnectionOptions, inner: Seat): SSHConnection =>
      new SSHConnection(hop, inner);
    this.#route = new Route(this.#config, this.#evidence, this.#ask, createHop);
    this.#liveness = new Liveness({
      clock: this.#clock,
      emit: (name, fields) => this.#evidence.emit(name, fields),
      session: () => this.#open(),
      dead: (missed) => {
        const { intervalMs = 0 } = this.#config.keepalive ?? {};
        this.#stop(localError('KEEPALIVE_TIMEOUT', { missed, intervalMs }));
      },
    });
    this.forwardManager = new ForwardManager({
      clock: this.#clock,
      emit: (name, fields) => this.#evidence.emit(name, fields),
      context: () => this.#context(),
      toPublic: (error) => this.#error ?? this.#public(error),
      check: () => void this.#open(),
      link: () => this.#link(),
    });
    this.#finished = new Promise((resolve) => {
      this.#settleFinished = resolve;
    });
  }

  /** Connects and logs in. @throws {SSHError} with the evidence of the attempt attached. */
  static async connect(options: SSHConnectionOptions): Promise<SSHConnection> {
    const connection = new SSHConnection(options);
    await connection.connect();
    return connection;
  }

  get host(): string {
    return this.#config.host;
  }

  get port(): number {
    return this.#config.port;
  }

  get username(): string {
    return this.#config.username;
  }

  get isConnected(): boolean {
    return this.#state === 'open';
  }

  /** The server's identification line, escaped for display. */
  get serverVersion(): string | undefined {
    return this.#session?.machine.transport.peerLine;
  }

  /** `undefined` until the first key exchange has negotiated. */
  get algorithms(): ConnectionAlgorithms | undefined {
    const transport = this.#session?.machine.transport;
    if (transport?.algorithms === undefined) return undefined;
    return { ...transport.algorithms, strictKex: transport.strictKex };
  }

  /** Resolves when the connection is over, with the error unless `close()` ended it. Never rejects. */
  get closed(): Promise<SSHError | undefined> {
    return this.#finished;
  }

  /**
   * Connects and logs in, within `connectTimeoutSec` for everything together.
   *
   * @throws {SSHError} a subclass that names the cause; `signal.reason` when aborted. At once: the socket may take
   *   some tenths of a second longer to say goodbye.
   */
  async connect(): Promise<void> {
    if (this.#state !== 'new')
      throw this.#closedError(`connect() can be called once; the connection is ${this.#state}`);
    this.#state = 'connecting';
    const { host, port, username, connectTimeoutMs, signal } = this.#config;
    const startedAt = this.#clock.now();
    const established = new Promise<void>((resolve, reject) => {
      this.#connected = { resolve, reject };
    });
    // Whoever ends the attempt (deadline, abort, peer) does it through #end, which rejects `established`.
    established.catch(() => {});
    const deadline = new Deadline(this.#clock, connectTimeoutMs, () => {
      const { current } = this.#route;
      const where = current ?? { phase: this.phase };
      const late = localError('CONNECT_TIMEOUT', { ...where, limitMs: connectTimeoutMs });
      this.#stop(this.#session?.machine.transport.foreignPeer ?? late);
    });
    this.#deadline = deadline;
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    try {
      this.#evidence.openLog();
      this.#evidence.emit('session.connect.started', {
        host: printable(host),
        port,
        username: printable(username),
      });
      if (signal?.aborted === true) this.#aborted();
      await Promise.race([this.#establish(), established]);
      await established;
      this.#evidence.emit('session.ready', { duration_ms: this.#clock.now() - startedAt });
    } catch (error) {
      this.#end(error);
      throw this.#error?.code === 'CONNECT_ABORTED' ? signal?.reason : (this.#error ?? error);
    } finally {
      deadline.cancel();
    }
  }

  /** Runs a command and collects its output. A non-zero exit is a normal result. */
  exec<E extends 'utf8' | 'bytes' = 'utf8'>(
    command: string | Uint8Array,
    options: ExecOptions<E> = {},
  ): Promise<ExecResult<E>> {
    return exec(this.#processes(), command, options, this.#config.execOutputBytes);
  }

  /** Runs a command and hands out its output as it arrives. */
  streamExec<E extends 'utf8' | 'bytes' = 'utf8'>(
    command: string | Uint8Array,
    options: StreamExecOptions<E> = {},
  ): ExecStream<E> {
    return streamExec(this.#processes(), command, options);
  }

  /** Starts the user's shell, with a terminal unless `pty` is `false`. */
  shell<E extends 'utf8' | 'bytes' = 'utf8'>(options: ShellOptions<E> = {}): ShellStream<E> {
    return shell(this.#processes(), options);
  }

  /** Starts a subsystem, for example `sftp`. @throws {ChannelError} when the server does not have it. */
  async subsystem(name: string, options: SubsystemOptions = {}): Promise<Subsystem> {
    return subsystem(this.#processes(), name, options);
  }

  /**
   * Promises the server that no command, shell or subsystem follows those that run, so that nobody who gets at this
   * connection can start one. From then on starting one throws. Only OpenSSH knows this: @returns whether it was told.
   */
  noMoreSessions(): boolean {
    const { machine, driver } = this.#open();
    const told = machine.mux.noMoreSessions();
    driver.wake();
    return told;
  }

  /**
   * Opens a TCP connection from the server to `host:port`, which the server resolves, as a byte pipe. Each direction
   * can be ended by itself.
   *
   * @throws {ForwardError} when the server refuses, or cannot connect; `context.reason` says which.
   */
  async openTcp(host: string, port: number, options: OpenTcpOptions = {}): Promise<ByteDuplex> {
    return openTcp(this.#link(), host, port, options);
  }

  /** Asks the server for a sign of life; resolves with the round trip in milliseconds. */
  async ping({ signal }: { readonly signal?: AbortSignal } = {}): Promise<number> {
    return this.#liveness.ping(signal);
  }

  /** Negotiates new keys now. Resolves when they are in use; joins an exchange that is already running. */
  async rekey({ signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    signal?.throwIfAborted();
    const { machine, driver } = this.#open();
    const done = this.#waiters.wait('rekey', signal);
    machine.rekey();
    driver.wake();
    await done;
  }

  /** The evidence so far: while connected, after a failed connect, and after the end. */
  getEvidenceBundle(options: { readonly transcript?: unknown } = {}): EvidenceBundle {
    return this.#evidence.bundle(options.transcript as Parameters<ConnectionEvidence['bundle']>[0]);
  }

  /** Says goodbye and closes. Legal in every state; running commands reject. */
  async close(): Promise<void> {
    if (this.#state !== 'closed') {
      this.#closedIn = this.phase;
      if (this.#session === undefined) this.#end(localError('CONNECT_CLOSED', { phase: this.#closedIn }));
      else void this.#session.driver.close(11, 'closed by user');
    }
    await this.#session?.driver.closed;
    await this.#session?.hostKeyUpdate.settled;
    await this.forwardManager.settled();
    await this.#route.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Where the connection is, also when the machine has just failed and only knows that it is closed. */
  get phase(): string {
    if (this.#state === 'open') return 'open';
    if (this.#session === undefined) return 'tcp';
    if (this.#session.auth() !== undefined) return 'auth';
    const { phaseName, transport } = this.#session.machine;
    if (phaseName !== 'closed') return phaseName;
    return transport.peerLine === undefined ? 'identification' : 'kex';
  }

  /** Everything up to handing the byte pipe to the driver. */
  async #establish(): Promise<void> {
    const way = { route: this.#route, ask: this.#ask };
    const prepared = await prepare(this.#config, this.#evidence, this.#clock, this.#abort.signal, way);
    if (this.#state === 'connecting') this.#run(prepared);
    else await discard(prepared.duplex);
  }

  #run(prepared: Preparation): void {
    this.#session = createClientSession(this.#config, prepared, this.#evidence.sink, this.#clock, {
      onAuthenticated: () => this.#opened(),
      onRekeyed: () => this.#waiters.resolve('rekey'),
      onGlobalReply: (request) => this.#liveness.replied(request),
      onReceived: () => this.#liveness.alive(),
      opens: new Map(this.forwardManager.handlers),
      onEnd: (error) => this.#end(error ?? localError('CONNECT_CLOSED', { phase: this.#closedIn })),
    });
    this.#session.driver.start();
  }

  #opened(): void {
    if (this.#state !== 'connecting') return;
    this.#state = 'open';
    this.#connected?.resolve();
    this.#liveness.watch(this.#config.keepalive);
  }

  #processes(): RemoteProcesses {
    return remoteProcesses({
      config: this.#config,
      clock: this.#clock,
      evidence: this.#evidence,
      session: () => this.#open(),
      toPublic: (error) => this.#error ?? this.#public(error),
      context: () => this.#context(),
    });
  }

  #link(): RemoteLink {
    const toPublic = (error: unknown): SSHError => this.#error ?? this.#public(error);
    const { channels, questions } = this.#open();
    const ask: RemoteLink['ask'] = (name, data, onAnswer) => questions.ask(name, data, onAnswer);
    return { channels, context: this.#context(), toPublic, ask };
  }

  #open(): ClientSession {
    if (this.#state !== 'open' || this.#session === undefined) {
      if (this.#error instanceof ConnectionLost) throw this.#error;
      throw this.#closedError(`the connection is ${this.#state === 'new' ? 'not connected' : this.#state}`);
    }
    return this.#session;
  }

  #closedError(message: string): ConnectionClosed {
    return new ConnectionClosed(message, {
      code: 'CONNECT_CLOSED',
      fault: 'caller',
      retryable: false,
      context: this.#context(),
    });
  }

  #context(): ErrorContext {
    const { host, port, username, phase } = this;
    return { host, port, username, phase, ...(this.#seat === undefined ? {} : { hop: this.#seat.hop }) };
  }

  #aborted(): void {
    this.#stop(localError('CONNECT_ABORTED', { phase: this.phase }));
  }

  /** Ends what is going on now: dialling, handshake or an open connection. */
  #stop(error: SshError): void {
    if (this.#state === 'closed') return;
    if (this.#session === undefined) this.#end(error);
    else this.#session.driver.fail(error);
  }

  #public(error: unknown): SSHError {
    return toPublicError(error, {
      ...this.#context(),
      phase: this.phase,
      attempts: this.#session?.auth()?.attempts ?? [],
      optIn: this.#config.algorithms.optIn,
    });
  }

  /** The one place where a connection ends, whatever ended it. */
  #end(cause: unknown): void {
    if (this.#state === 'closed') return;
    const error = this.#public(cause);
    const wasOpen = this.#state === 'open';
    this.#state = 'closed';
    this.#config.signal?.removeEventListener('abort', this.#onAbort);
    this.#error = error;
    this.#abort.abort(error);
    tellEnd(error, (name, fields) => this.#evidence.emit(name, fields));
    error.attachEvidence(this.#evidence.bundle());
    this.#liveness.end(error);
    this.#waiters.rejectAll(error);
    this.#session?.channels.endAll(cause as SshError);
    this.forwardManager.end(error);
    // Commands report their end in later turns, so the log stays open until the socket is gone.
    void (this.#session?.driver.closed ?? Promise.resolve()).then(() => {
      this.#evidence.close();
      return this.#route.close();
    });
    this.#connected?.reject(error);
    this.#settleFinished(isGraceful(error) && wasOpen ? undefined : error);
  }
}

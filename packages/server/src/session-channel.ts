import type { ReceivedSessionRequest, SessionRequest } from '@nbs-ssh/channels';
import type { Channel, ChannelListener } from '@nbs-ssh/session';
import { EMPTY, fromUtf8, fromUtf8Lossy, printable, type SshError, utf8 } from '@nbs-ssh/transport/wire';
import { isServerError, serverError } from './errors.ts';
import type { SessionHandler } from './handlers.ts';
import type { ServerConfig } from './options.ts';
import type { Restrictions } from './restrictions.ts';
import type { Pty, ServerSession, SessionKind, SessionOutput, TerminalSize } from './session.ts';
import { SessionInput } from './stdin.ts';

/** Variables one session may set, and bytes of each value: what shells export is far below. */
const MAX_ENV = 128;
const MAX_ENV_VALUE = 32_768;
/** Listeners are the application's; this only bounds a mistake. */
const MAX_LISTENERS = 100;
/** Signals and breaks that may come before the handler has begun. One is usual. */
const MAX_EARLY = 16;
/** Milliseconds within which a break is kept, RFC 4335 §3. */
const BREAK = { least: 500, most: 3000 };

export interface SessionChannelContext {
  readonly config: ServerConfig;
  readonly username: string;
  readonly restrictions: Restrictions;
  readonly trace: (name: string, fields: Readonly<Record<string, string | number | null>>) => void;
  readonly onError: (error: SshError) => void;
  /** The handler begins; the promise settles when it has returned. */
  readonly onStarted: (finished: Promise<void>) => void;
  readonly onClosed: () => void;
}

/** One session channel: its requests, and the handler that serves it. RFC 4254 §6. */
export class SessionChannel implements ServerSession {
  readonly #context: SessionChannelContext;
  readonly #channel: Channel;
  readonly #abort = new AbortController();
  readonly #input: SessionInput;
  readonly #env = new Map<string, string>();
  readonly #signalListeners: ((name: string) => void)[] = [];
  readonly #resizeListeners: ((size: TerminalSize) => void)[] = [];
  readonly #breakListeners: ((lengthMs: number | undefined) => void)[] = [];
  readonly stdout: SessionOutput;
  readonly stderr: SessionOutput;
  #kind: SessionKind | undefined;
  #subsystem: string | undefined;
  #command: Uint8Array = EMPTY;
  #original: Uint8Array | undefined;
  #pty: Pty | undefined;
  #startedAt = 0;
  /** The exit was said, or the channel is gone: nothing more is written. */
  #ended = false;
  #running = false;
  /** What came for the handler before it had begun; `undefined` from then on. */
  #early: (() => void)[] | undefined = [];

  /** @param accept - Grants the channel, with this listener. */
  constructor(context: SessionChannelContext, accept: (listener: ChannelListener) => Channel) {
    this.#context = context;
    this.#input = new SessionInput(
      (bytes) => this.#channel.consumed(bytes),
      () => this.#channel.stopReading(),
    );
    this.#channel = accept({
      onData: (stream, bytes) => {
        // A client has no second stream to send on, RFC 4254 §5.2.
        if (stream === 'stdout') this.#input.push(bytes);
        else this.#channel.consumed(bytes.length);
      },
      onEof: () => this.#input.end(),
      onRequest: (request, token) => this.#channel.reply(token, this.#grant(request)),
      onClosed: () => this.#closed(),
    });
    this.stdout = this.#output('stdout');
    this.stderr = this.#output('stderr');
  }

  get kind(): SessionKind {
    return this.#kind ?? 'shell';
  }

  get subsystem(): string | undefined {
    return this.#subsystem;
  }

  get commandBytes(): Uint8Array {
    return this.#command;
  }

  get command(): string | undefined {
    if (this.#kind !== 'exec') return undefined;
    try {
      return fromUtf8(this.#command);
    } catch {
      return undefined;
    }
  }

  get originalCommand(): string | undefined {
    return this.#original === undefined ? undefined : fromUtf8Lossy(this.#original);
  }

  get username(): string {
    return this.#context.username;
  }

  get env(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#env);
  }

  get pty(): Pty | undefined {
    return this.#pty;
  }

  get stdin(): AsyncIterable<Uint8Array> {
    return this.#input;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  onSignal(listener: (name: string) => void): void {
    add(this.#signalListeners, listener);
  }

  onBreak(listener: (lengthMs: number | undefined) => void): void {
    add(this.#breakListeners, listener);
  }

  onResize(listener: (size: TerminalSize) => void): void {
    add(this.#resizeListeners, listener);
  }

  exit(status: number): void {
    if (!Number.isInteger(status) || status < 0 || status > 0xffff_ffff) {
      throw new RangeError(`an exit status is 0–4294967295, got ${status}`);
    }
    this.#end({ type: 'exit-status', status });
  }

  exitSignal(name: string, options: { coreDumped?: boolean; message?: string } = {}): void {
    const { coreDumped = false, message = '' } = options;
    if (!/^[A-Z0-9]{1,16}(@[\x21-\x7e]{1,40})?$/.test(name)) {
      throw new RangeError('a signal name has no SIG and no other characters than A-Z and 0-9');
    }
    this.#end({ type: 'exit-signal', signal: name, coreDumped, message });
  }

  /** @returns whether the request is granted. What arrives in the wrong order is not. */
  #grant(request: ReceivedSessionRequest): boolean {
    const { config, restrictions } = this.#context;
    const fresh = this.#kind === undefined;
    switch (request.type) {
      case 'exec':
        return fresh && this.#begin('exec', config.exec, request.command);
      case 'shell':
        return fresh && this.#begin('shell', config.shell, EMPTY);
      case 'subsystem':
        return fresh && this.#beginSubsystem(request.name);
      case 'pty-req': {
        if (!fresh || !config.allowPty || !restrictions.pty || this.#pty !== undefined) return false;
        const { type: _, ...pty } = request;
        this.#pty = pty;
        return true;
      }
      case 'env':
        return fresh && this.#setEnv(request.name, request.value);
      case 'window-change': {
        if (this.#pty === undefined) return false;
        const { type: _, ...size } = request;
        this.#pty = { ...this.#pty, ...size };
        this.#tell(this.#resizeListeners, size);
        return true;
      }
      case 'signal':
        return this.#deliver(this.#signalListeners, request.signal);
      case 'break':
        return this.#deliver(this.#breakListeners, breakLength(request.lengthMs));
      default:
        return false;
    }
  }

  /** Clients send these right behind the command, and the handler begins only in a later turn. */
  #deliver<T>(listeners: readonly ((value: T) => void)[], value: T): boolean {
    if (!this.#running) return false;
    if (this.#early !== undefined) {
      if (this.#early.length >= MAX_EARLY) return false;
      this.#early.push(() => this.#tell(listeners, value));
      return true;
    }
    this.#tell(listeners, value);
    return listeners.length > 0;
  }

  #setEnv(name: string, value: Uint8Array): boolean {
    const { acceptEnv } = this.#context.config;
    if (!acceptEnv.has(name) || this.#env.size >= MAX_ENV || value.length > MAX_ENV_VALUE) return false;
    if (value.includes(0)) return false;
    this.#env.set(name, fromUtf8Lossy(value));
    return true;
  }

  /** A forced command takes the place of whatever the client asked for, and needs the handler of commands. */
  #begin(kind: 'exec' | 'shell', handler: SessionHandler | undefined, command: Uint8Array): boolean {
    const { config, restrictions } = this.#context;
    const { forceCommand } = restrictions;
    if (forceCommand === undefined) return this.#start(kind, handler, command);
    if (typeof forceCommand !== 'string') return false;
    this.#original = command.slice();
    return this.#start('exec', config.exec, utf8(forceCommand));
  }

  /** Nothing of it runs where a command is forced: that takes its place, as at sshd. */
  #beginSubsystem(name: string): boolean {
    const { config, restrictions } = this.#context;
    if (restrictions.forceCommand !== undefined) return this.#begin('exec', undefined, utf8(name));
    const handler = config.subsystems.get(name);
    if (handler === undefined) return false;
    this.#subsystem = name;
    return this.#start('subsystem', handler, EMPTY);
  }

  #start(kind: SessionKind, handler: SessionHandler | undefined, command: Uint8Array): boolean {
    if (handler === undefined) return false;
    this.#kind = kind;
    // A copy: the view would keep a whole received chunk alive.
    this.#command = command.slice();
    this.#running = true;
    const { config, trace, onStarted } = this.#context;
    this.#startedAt = config.clock.now();
    trace(`session.${kind}.started`, this.#described());
    // In a later turn, so that the client has its answer before the first output and no callback runs in here.
    onStarted(Promise.resolve().then(() => this.#run(handler)));
    return true;
  }

  async #run(handler: SessionHandler): Promise<void> {
    try {
      const running = handler(this);
      const early = this.#early ?? [];
      this.#early = undefined;
      for (const deliver of early) deliver();
      const result: unknown = await running;
      if (this.#ended) return;
      if (result === undefined) this.exit(0);
      else if (typeof result === 'number') this.exit(result);
      else throw serverError('SERVER_EXIT_STATUS', { received: typeof result });
    } catch (cause) {
      // A handler whose client went away, or reads no more, may well fail at that.
      if (!this.#abort.signal.aborted && !isUnread(cause)) {
        this.#context.onError(serverError('SERVER_HANDLER_FAILED', { handler: this.kind }, { cause }));
      }
      this.#end({ type: 'exit-status', status: 1 });
    } finally {
      this.#running = false;
    }
  }

  #end(request: SessionRequest & { readonly type: 'exit-status' | 'exit-signal' }): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#traceDone(
      request.type === 'exit-status' ? request.status : null,
      request.type === 'exit-signal' ? request.signal : null,
    );
    this.#input.discard();
    try {
      this.#channel.notify(request);
      this.#channel.end();
      this.#channel.close('flush');
    } catch {
      // The channel went away in this very turn, and nobody is left to tell.
    }
  }

  #closed(): void {
    if (this.#kind !== undefined && !this.#ended) this.#traceDone(null, null);
    this.#ended = true;
    this.#input.break();
    if (this.#running) this.#abort.abort(serverError('SERVER_SESSION_ENDED', { operation: 'run' }));
    this.#context.onClosed();
  }

  #traceDone(exitCode: number | null, signal: string | null): void {
    const { config, trace } = this.#context;
    trace(`session.${this.kind}.done`, {
      ...this.#described(),
      duration_ms: config.clock.now() - this.#startedAt,
      exit_code: exitCode,
      signal,
      stdout_len: this.stdout.bytesWritten,
      stderr_len: this.stderr.bytesWritten,
    });
  }

  #output(stream: 'stdout' | 'stderr'): SessionOutput {
    let bytesWritten = 0;
    const write = async (bytes: Uint8Array): Promise<void> => {
      if (this.#ended) throw serverError('SERVER_SESSION_ENDED', { operation: 'write' });
      bytesWritten += bytes.length;
      await this.#channel.write(bytes, stream);
      if (this.#channel.isClosed) throw serverError('SERVER_SESSION_ENDED', { operation: 'write' });
      if (this.#channel.isUnread) throw serverError('SERVER_OUTPUT_UNREAD', {});
    };
    return {
      write: (data) => {
        const written = write(typeof data === 'string' ? utf8(data) : data);
        // Whoever does not wait for room does not have to hear that there is none.
        written.catch(() => {});
        return written;
      },
      get bytesWritten() {
        return bytesWritten;
      },
    };
  }

  #described(): { readonly channel: number; readonly command: string; readonly subsystem?: string } {
    const described = { channel: this.#channel.id, command: printable(this.#command) };
    return this.#subsystem === undefined
      ? described
      : { ...described, subsystem: printable(this.#subsystem, 64) };
  }

  #tell<T>(listeners: readonly ((value: T) => void)[], value: T): void {
    for (const listener of listeners) {
      try {
        listener(value);
      } catch (cause) {
        this.#context.onError(serverError('SERVER_HANDLER_FAILED', { handler: 'listener' }, { cause }));
      }
    }
  }
}

const isUnread = (error: unknown): boolean => isServerError(error) && error.code === 'SERVER_OUTPUT_UNREAD';

function add<T>(listeners: T[], listener: T): void {
  if (listeners.length >= MAX_LISTENERS) throw new RangeError(`more than ${MAX_LISTENERS} listeners`);
  listeners.push(listener);
}

/** @returns `undefined` for 0, by which a client leaves it to the server. */
function breakLength(lengthMs: number): number | undefined {
  return lengthMs === 0 ? undefined : Math.min(Math.max(lengthMs, BREAK.least), BREAK.most);
}

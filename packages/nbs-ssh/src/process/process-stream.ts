import { isChannelsError } from '@nbs-ssh/channels';
import type { Channel } from '@nbs-ssh/session';
import { fromUtf8Lossy, printable, type Secret, type TraceValue } from '@nbs-ssh/transport/wire';
import type { SSHError } from '../errors/classes.ts';
import { connectionLost, endProcess } from './exec.ts';
import { inputBytes } from './input.ts';
import type { Encoding, StreamEvent } from './output.ts';
import { OutputQueue } from './output-queue.ts';
import {
  type ProcessExit,
  type ProcessOptions,
  type ProcessStart,
  type RemoteProcesses,
  startProcess,
} from './remote-process.ts';
import { checkSignal, type ProcessSignal } from './signals.ts';
import { checkSize, type PixelSize } from './terminal.ts';

/** Milliseconds a process has to end after TERM or HUP before it gets KILL. */
const GRACE = 2000;
/** Milliseconds of a break when nothing is said, as long as that of `ssh`. */
const BREAK_LENGTH = 1000;

export interface StreamOptions<E extends Encoding = 'utf8'> extends ProcessOptions {
  readonly encoding?: E;
  /** Ends the process; the iteration then throws `signal.reason`. */
  readonly signal?: AbortSignal;
}

export interface StreamResult extends ProcessExit {
  readonly durationMs: number;
}

/**
 * A process at the server whose output comes as it arrives. Iterate it once; leaving the loop closes the channel.
 *
 * Every byte comes, in order per stream. What is not taken stays at the server: the channel's window is the only
 * buffer, so a slow reader costs no memory beyond it.
 */
export interface ProcessStream<E extends Encoding = 'utf8'>
  extends AsyncIterable<StreamEvent<E>>,
    AsyncDisposable {
  /**
   * Sends input. Resolves when there is room for more, and at once when the process has ended.
   *
   * @throws {ChannelError} after {@link end}.
   */
  write(data: string | Uint8Array | Secret): Promise<void>;
  /** Ends the input. */
  end(): void;
  /** TERM (HUP for a shell, which ignores TERM), and KILL after 2 s. Resolves when the channel is gone. */
  cancel(): Promise<void>;
  /** Sends the same signal and gives the channel up at once. What was not read is dropped. Legal at any time. */
  close(): Promise<void>;
  /** Tells the size of the terminal, in characters. @throws {RangeError} when that is no size. */
  resize(columns: number, rows: number, pixels?: PixelSize): void;
  /**
   * Sends a signal. No server says whether it delivered one: OpenSSH does so since 7.9, for the user it runs as, and
   * only to what it started itself.
   *
   * @throws {TypeError} when it is no name of a signal.
   */
  sendSignal(name: ProcessSignal): void;
  /**
   * Sends the break of a serial line, RFC 4335.
   *
   * @param lengthMs - Default 1000. Servers keep it within 500 and 3000.
   * @returns whether the server did it; `false` also when the process has ended. @throws {RangeError}
   */
  sendBreak(lengthMs?: number): Promise<boolean>;
  /** Resolves when the process has ended and its output was taken; rejects like the iteration. */
  readonly done: Promise<StreamResult>;
}

type StreamedStart = Exclude<ProcessStart, { readonly type: 'subsystem' }>;

/** A command or a shell. @throws what `options.signal` was aborted with, or {@link startProcess} says. */
export class RunningProcess<E extends Encoding> implements ProcessStream<E> {
  readonly #processes: RemoteProcesses;
  readonly #queue: OutputQueue<E>;
  readonly #channel: Channel;
  readonly #startedAt: number;
  readonly #kind: StreamedStart['type'];
  readonly #described: Readonly<Record<string, TraceValue>>;
  readonly #signal: AbortSignal | undefined;
  readonly done: Promise<StreamResult>;
  #exit: ProcessExit | undefined;
  #cancelled = false;
  #iterated = false;

  constructor(processes: RemoteProcesses, start: StreamedStart, options: StreamOptions<E>) {
    options.signal?.throwIfAborted();
    this.#processes = processes;
    this.#startedAt = processes.now();
    this.#signal = options.signal;
    this.#kind = start.type;
    const queue = new OutputQueue<E>(options.encoding ?? ('utf8' as E), (bytes) =>
      this.#channel.consumed(bytes),
    );
    this.#queue = queue;
    const { channel, started } = startProcess(processes, start, options, {
      onData: (stream, bytes) => queue.push(stream, bytes),
      onRequest: (request, token) => {
        if (request.type === 'exit-status') this.#exit ??= { exitCode: request.status, signal: null };
        if (request.type === 'exit-signal') this.#exit ??= { exitCode: null, signal: request.signal };
        this.#channel.reply(token, false);
      },
    });
    this.#channel = channel;
    const pty = options.pty !== undefined && options.pty !== false;
    this.#described = {
      command: commandOf(start),
      streaming: true,
      channel: channel.id,
      ...(start.type === 'shell' ? { pty } : {}),
    };
    processes.emit(`session.${this.#kind}.started`, this.#described);
    const abort = (): void => void this.cancel();
    this.#signal?.addEventListener('abort', abort, { once: true });
    this.done = this.#finish(started).finally(() => this.#signal?.removeEventListener('abort', abort));
    // Whoever only iterates hears of a failure there; not looking at `done` must not be an unhandled rejection.
    this.done.catch(() => {});
  }

  async write(data: string | Uint8Array | Secret): Promise<void> {
    if (this.#channel.isClosed) return;
    const bytes = inputBytes(data, this.#processes.register);
    try {
      await this.#channel.write(bytes);
    } catch (error) {
      throw isChannelsError(error) ? this.#processes.toPublic(error) : error;
    }
  }

  end(): void {
    this.#channel.end();
  }

  async cancel(): Promise<void> {
    if (!this.#channel.isClosed && !this.#cancelled) {
      this.#cancelled = true;
      this.#channel.notify({ type: 'signal', signal: this.#farewell });
      // Output that nobody reads must not keep the process from ending.
      this.#queue.discard();
      const cancelKill = this.#processes.after(GRACE, () => {
        this.#channel.notify({ type: 'signal', signal: 'KILL' });
        this.#channel.abandon();
      });
      await this.#channel.closed;
      cancelKill();
    }
    await this.#channel.closed;
  }

  async close(): Promise<void> {
    if (!this.#channel.isClosed) this.#cancelled = true;
    this.#queue.discard();
    endProcess(this.#channel, this.#farewell);
    await this.#channel.closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  resize(columns: number, rows: number, { widthPixels = 0, heightPixels = 0 }: PixelSize = {}): void {
    const size = { columns, rows, widthPixels, heightPixels };
    checkSize(size);
    this.#channel.notify({ type: 'window-change', ...size });
  }

  sendSignal(name: ProcessSignal): void {
    this.#channel.notify({ type: 'signal', signal: checkSignal(name) });
  }

  async sendBreak(lengthMs: number = BREAK_LENGTH): Promise<boolean> {
    checkSize({ lengthMs });
    return this.#channel.request({ type: 'break', lengthMs });
  }

  [Symbol.asyncIterator](): AsyncIterator<StreamEvent<E>> {
    if (this.#iterated) throw new TypeError('the output of a process can be iterated once');
    this.#iterated = true;
    return {
      next: () => this.#queue.next(),
      return: async () => {
        await this.close();
        return { done: true, value: undefined };
      },
    };
  }

  /** What a process gets whose terminal is gone, or TERM where there is no terminal to lose. */
  get #farewell(): ProcessSignal {
    return this.#kind === 'shell' ? 'HUP' : 'TERM';
  }

  async #finish(started: Promise<SSHError | undefined>): Promise<StreamResult> {
    const [notStarted, lost] = await Promise.all([started, this.#channel.closed]);
    const exit = this.#exit ?? { exitCode: null, signal: null };
    const failure = this.#failure(notStarted, lost);
    await this.#queue.end(exit, failure, () => this.#processes.unixNow());
    const durationMs = this.#processes.now() - this.#startedAt;
    this.#processes.emit(`session.${this.#kind}.done`, {
      ...this.#described,
      duration_ms: durationMs,
      exit_code: exit.exitCode,
      signal: exit.signal,
      stdout_len: this.#queue.received.stdout,
      stderr_len: this.#queue.received.stderr,
      cancelled: this.#cancelled,
    });
    if (failure !== undefined) throw failure.reason;
    return { ...exit, durationMs };
  }

  #failure(notStarted: SSHError | undefined, lost: unknown): { readonly reason: unknown } | undefined {
    if (this.#signal?.aborted === true) return { reason: this.#signal.reason };
    if (lost !== undefined) return { reason: connectionLost(this.#processes, lost, '', '') };
    if (notStarted === undefined || this.#cancelled) return undefined;
    return { reason: notStarted.attachEvidence(this.#processes.evidence()) };
  }
}

function commandOf(start: StreamedStart): string {
  if (start.type === 'shell') return '';
  const { command } = start;
  return printable(typeof command === 'string' ? command : fromUtf8Lossy(command), 1024);
}

import type { Channel } from '@nbs-ssh/session';
import { fromUtf8Lossy, printable, type Secret } from '@nbs-ssh/transport/wire';
import type { SSHError } from '../errors/classes.ts';
import { connectionLost, endProcess } from './exec.ts';
import { inputBytes } from './input.ts';
import type { Encoding, StreamEvent } from './output.ts';
import { OutputQueue } from './output-queue.ts';
import {
  type ProcessExit,
  type ProcessOptions,
  type RemoteProcesses,
  startProcess,
} from './remote-process.ts';

/** Milliseconds a process has to end after TERM before it gets KILL. */
const TERM_GRACE = 2000;

export interface StreamExecOptions<E extends Encoding = 'utf8'> extends ProcessOptions {
  readonly encoding?: E;
  /** Ends the command; the iteration then throws `signal.reason`. */
  readonly signal?: AbortSignal;
}

export interface StreamResult extends ProcessExit {
  readonly durationMs: number;
}

/**
 * A command whose output comes as it arrives. Iterate it once; leaving the loop closes the channel.
 *
 * Every byte comes, in order per stream. What is not taken stays at the server: the channel's window is the only
 * buffer, so a slow reader costs no memory beyond it.
 */
export interface ExecStream<E extends Encoding = 'utf8'> extends AsyncIterable<StreamEvent<E>> {
  /** Sends input. Resolves when there is room for more. */
  write(data: string | Uint8Array | Secret): Promise<void>;
  /** Ends the input. */
  end(): void;
  /** TERM, and KILL after 2 s. Resolves when the channel is gone. */
  cancel(): Promise<void>;
  /** Tells the size of the terminal, in characters. */
  resize(columns: number, rows: number): void;
  /** Resolves when the command has ended and its output was taken; rejects like the iteration. */
  readonly done: Promise<StreamResult>;
}

export function streamExec<E extends Encoding>(
  processes: RemoteProcesses,
  command: string | Uint8Array,
  options: StreamExecOptions<E>,
): ExecStream<E> {
  options.signal?.throwIfAborted();
  return new RunningCommand(processes, command, options);
}

class RunningCommand<E extends Encoding> implements ExecStream<E> {
  readonly #processes: RemoteProcesses;
  readonly #queue: OutputQueue<E>;
  readonly #channel: Channel;
  readonly #startedAt: number;
  readonly #command: string;
  readonly #signal: AbortSignal | undefined;
  readonly done: Promise<StreamResult>;
  #exit: ProcessExit | undefined;
  #cancelled = false;
  #iterated = false;

  constructor(processes: RemoteProcesses, command: string | Uint8Array, options: StreamExecOptions<E>) {
    this.#processes = processes;
    this.#startedAt = processes.now();
    this.#signal = options.signal;
    this.#command = printable(typeof command === 'string' ? command : fromUtf8Lossy(command), 1024);
    const queue = new OutputQueue<E>(options.encoding ?? ('utf8' as E), (bytes) =>
      this.#channel.consumed(bytes),
    );
    this.#queue = queue;
    const { channel, started } = startProcess(processes, command, options, {
      onData: (stream, bytes) => queue.push(stream, bytes),
      onRequest: (request, token) => {
        if (request.type === 'exit-status') this.#exit ??= { exitCode: request.status, signal: null };
        if (request.type === 'exit-signal') this.#exit ??= { exitCode: null, signal: request.signal };
        this.#channel.reply(token, false);
      },
    });
    this.#channel = channel;
    processes.emit('session.exec.started', { command: this.#command, streaming: true, channel: channel.id });
    const abort = (): void => void this.cancel();
    this.#signal?.addEventListener('abort', abort, { once: true });
    this.done = this.#finish(started).finally(() => this.#signal?.removeEventListener('abort', abort));
    // Whoever only iterates hears of a failure there; not looking at `done` must not be an unhandled rejection.
    this.done.catch(() => {});
  }

  async write(data: string | Uint8Array | Secret): Promise<void> {
    if (this.#channel.isClosed) return;
    await this.#channel.write(inputBytes(data, this.#processes.register));
  }

  end(): void {
    this.#channel.end();
  }

  async cancel(): Promise<void> {
    if (!this.#channel.isClosed && !this.#cancelled) {
      this.#cancelled = true;
      this.#channel.notify({ type: 'signal', signal: 'TERM' });
      // Output that nobody reads must not keep the process from ending.
      this.#queue.discard();
      const cancelKill = this.#processes.after(TERM_GRACE, () => {
        this.#channel.notify({ type: 'signal', signal: 'KILL' });
        this.#channel.abandon();
      });
      await this.#channel.closed;
      cancelKill();
    }
    await this.#channel.closed;
  }

  resize(columns: number, rows: number): void {
    this.#channel.notify({ type: 'window-change', columns, rows, widthPixels: 0, heightPixels: 0 });
  }

  [Symbol.asyncIterator](): AsyncIterator<StreamEvent<E>> {
    if (this.#iterated) throw new TypeError('the output of a command can be iterated once');
    this.#iterated = true;
    return {
      next: () => this.#queue.next(),
      return: async () => {
        this.#queue.discard();
        endProcess(this.#channel);
        await this.#channel.closed;
        return { done: true, value: undefined };
      },
    };
  }

  async #finish(started: Promise<SSHError | undefined>): Promise<StreamResult> {
    const [notStarted, lost] = await Promise.all([started, this.#channel.closed]);
    const exit = this.#exit ?? { exitCode: null, signal: null };
    const failure = this.#failure(notStarted, lost);
    await this.#queue.end(exit, failure, () => this.#processes.unixNow());
    const durationMs = this.#processes.now() - this.#startedAt;
    this.#processes.emit('session.exec.done', {
      command: this.#command,
      streaming: true,
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

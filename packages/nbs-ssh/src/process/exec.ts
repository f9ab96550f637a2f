import type { Channel } from '@nbs-ssh/session';
import { fromUtf8Lossy, printable } from '@nbs-ssh/transport/wire';
import { ChannelError, ConnectionLost, type SSHError } from '../errors/classes.ts';
import { Collected } from './collected.ts';
import { type ExecInput, feed } from './input.ts';
import type { Encoding, Output } from './output.ts';
import {
  type ProcessExit,
  type ProcessOptions,
  type RemoteProcesses,
  startProcess,
} from './remote-process.ts';
import type { ProcessSignal } from './signals.ts';

export interface ExecOptions<E extends Encoding = 'utf8'> extends ProcessOptions {
  /** Given to the command, then end of file. Default: end of file at once. */
  readonly stdin?: ExecInput;
  /** After this the command gets SIGTERM, its channel is closed, and `exec` rejects. */
  readonly timeoutSec?: number;
  readonly encoding?: E;
  /** Ends the command and rejects with `signal.reason`. */
  readonly signal?: AbortSignal;
}

export interface ExecResult<E extends Encoding = 'utf8'> extends ProcessExit {
  readonly stdout: Output<E>;
  readonly stderr: Output<E>;
  readonly durationMs: number;
}

/**
 * Runs one command to its end.
 *
 * @param limit - Bytes of stdout and stderr together.
 * @throws {ConnectionLost} with the output so far when the link breaks; {@link ChannelError} when the server refuses,
 *   or a limit is passed.
 */
export async function exec<E extends Encoding>(
  processes: RemoteProcesses,
  command: string | Uint8Array,
  options: ExecOptions<E>,
  limit: number,
): Promise<ExecResult<E>> {
  const { encoding = 'utf8' as E, signal, stdin, timeoutSec } = options;
  if (timeoutSec !== undefined && !(timeoutSec > 0)) {
    throw new RangeError(`timeoutSec must be more than 0 seconds, got ${timeoutSec}`);
  }
  signal?.throwIfAborted();
  const startedAt = processes.now();
  const stdout = new Collected();
  const stderr = new Collected();
  let exit: ProcessExit = { exitCode: null, signal: null };
  let exited = false;
  let stop: SSHError | undefined;
  let inputError: { readonly reason: unknown } | undefined;

  const { channel, started } = startProcess(processes, { type: 'exec', command }, options, {
    onData: (stream, bytes) => {
      (stream === 'stderr' ? stderr : stdout).add(bytes);
      channel.consumed(bytes.length);
      if (stdout.bytes + stderr.bytes > limit)
        giveUp('EXEC_OUTPUT_LIMIT', `more than ${limit} bytes of output`);
    },
    onRequest: (request, token) => {
      if (!exited && request.type === 'exit-status') exit = { exitCode: request.status, signal: null };
      else if (!exited && request.type === 'exit-signal') exit = { exitCode: null, signal: request.signal };
      exited ||= request.type === 'exit-status' || request.type === 'exit-signal';
      channel.reply(token, false);
    },
  });
  const shown = printable(typeof command === 'string' ? command : fromUtf8Lossy(command), 1024);
  processes.emit('session.exec.started', { command: shown, streaming: false, channel: channel.id });

  const giveUp = (code: string, message: string): void => {
    const context = { ...processes.context(), stdout: stdout.as(encoding), stderr: stderr.as(encoding) };
    stop ??= new ChannelError(message, { code, fault: 'caller', retryable: false, context });
    endProcess(channel);
  };
  const cancelTimer =
    timeoutSec === undefined
      ? undefined
      : processes.after(timeoutSec * 1000, () =>
          giveUp('EXEC_TIMEOUT', `the command did not end within ${timeoutSec} s`),
        );
  const abort = (): void => endProcess(channel);
  signal?.addEventListener('abort', abort, { once: true });
  try {
    feed(channel, stdin, processes.register, (reason) => {
      inputError = { reason };
      endProcess(channel);
    });
    const [notStarted, lost] = await Promise.all([started, channel.closed]);
    signal?.throwIfAborted();
    if (stop !== undefined) throw stop.attachEvidence(processes.evidence());
    if (lost !== undefined) {
      throw connectionLost(processes, lost, stdout.as(encoding), stderr.as(encoding));
    }
    if (inputError !== undefined) throw inputError.reason;
    if (notStarted !== undefined) throw notStarted.attachEvidence(processes.evidence());
    return {
      stdout: stdout.as(encoding),
      stderr: stderr.as(encoding),
      ...exit,
      durationMs: processes.now() - startedAt,
    };
  } finally {
    cancelTimer?.();
    signal?.removeEventListener('abort', abort);
    processes.emit('session.exec.done', {
      command: shown,
      streaming: false,
      duration_ms: processes.now() - startedAt,
      exit_code: exit.exitCode,
      signal: exit.signal,
      stdout_len: stdout.bytes,
      stderr_len: stderr.bytes,
      cancelled: stop !== undefined || signal?.aborted === true,
    });
  }
}

/** The link broke while a command ran: nobody knows whether it finished. */
export function connectionLost(
  processes: RemoteProcesses,
  cause: unknown,
  stdout: string | Uint8Array,
  stderr: string | Uint8Array,
): SSHError {
  const error = processes.toPublic(cause);
  const context = { ...error.context, stdout, stderr, maybeExecuted: true };
  const { code, fault, retryable } = error;
  const lost = new ConnectionLost(error.message, { code, fault, retryable, context });
  return error.evidence === undefined ? lost : lost.attachEvidence(error.evidence);
}

/** Asks the process to end, and does not wait for it. */
export function endProcess(channel: Channel, signal: ProcessSignal = 'TERM'): void {
  if (channel.isClosed) return;
  channel.notify({ type: 'signal', signal });
  channel.abandon();
}

import { type ByteDuplex, type Channel, type ChannelListener, pipeOver } from '@nbs-ssh/session';
import { printable } from '@nbs-ssh/transport/wire';
import { connectionLost, endProcess } from './exec.ts';
import type { StreamResult } from './process-stream.ts';
import {
  type ProcessExit,
  type ProcessOptions,
  type RemoteProcesses,
  startProcess,
} from './remote-process.ts';
import { SideOutput } from './side-output.ts';

export interface SubsystemOptions extends Pick<ProcessOptions, 'env'> {
  /** Gives it up: while it is being asked for, and later. */
  readonly signal?: AbortSignal;
}

/**
 * A subsystem that runs: the two directions of its protocol as a byte pipe. Ending the one leaves the other open; the
 * server closes the channel when its program has ended.
 */
export interface Subsystem extends ByteDuplex, AsyncDisposable {
  /**
   * What it complains about; OpenSSH's server passes nothing of it on. May be left unread: then the first 64 KiB are kept
   * and the rest is dropped.
   */
  readonly stderr: AsyncIterable<Uint8Array>;
  /** Resolves when the channel is gone, with how it ended; rejects when the connection broke, or with `signal.reason`. */
  readonly done: Promise<StreamResult>;
  /** Gives it up. Legal at any time. */
  close(): Promise<void>;
}

/**
 * Asks for a subsystem, for example `sftp`, RFC 4254 §6.5, and resolves once the server has granted it.
 *
 * @throws {ChannelError} when the server does not have it; `signal.reason` when aborted.
 */
export async function subsystem(
  processes: RemoteProcesses,
  name: string,
  { env, signal }: SubsystemOptions,
): Promise<Subsystem> {
  if (typeof name !== 'string') throw new TypeError('a subsystem has a text as its name');
  signal?.throwIfAborted();
  const startedAt = processes.now();
  const stderr = new SideOutput((bytes) => channel.consumed(bytes));
  let stdoutLength = 0;
  let exit: ProcessExit = { exitCode: null, signal: null };
  let closedByUs = false;
  let begun: ReturnType<typeof startProcess> | undefined;
  const start = (listener: ChannelListener): Channel => {
    begun = startProcess(processes, { type: 'subsystem', name }, env === undefined ? {} : { env }, {
      ...listener,
      onData: (stream, bytes) => {
        if (stream === 'stderr') {
          stderr.push(bytes);
          return;
        }
        stdoutLength += bytes.length;
        listener.onData?.(stream, bytes);
      },
      onRequest: (request, token) => {
        if (request.type === 'exit-status') exit = { exitCode: request.status, signal: null };
        if (request.type === 'exit-signal') exit = { exitCode: null, signal: request.signal };
        channel.reply(token, false);
      },
    });
    return begun.channel;
  };
  const { channel, duplex } = pipeOver(start, processes.toPublic, 'peer');
  const described = { subsystem: printable(name, 64), command: '', channel: channel.id };
  processes.emit('session.subsystem.started', described);
  const close = async (): Promise<void> => {
    if (!channel.isClosed) closedByUs = true;
    endProcess(channel);
    await channel.closed;
  };
  const abort = (): void => void close();
  signal?.addEventListener('abort', abort, { once: true });

  const finish = async (): Promise<StreamResult> => {
    const lost = await channel.closed;
    signal?.removeEventListener('abort', abort);
    stderr.end();
    const durationMs = processes.now() - startedAt;
    processes.emit('session.subsystem.done', {
      ...described,
      duration_ms: durationMs,
      exit_code: exit.exitCode,
      signal: exit.signal,
      stdout_len: stdoutLength,
      stderr_len: stderr.received,
      cancelled: closedByUs,
    });
    if (signal?.aborted === true && closedByUs) throw signal.reason;
    if (lost !== undefined) throw connectionLost(processes, lost, '', '');
    return { ...exit, durationMs };
  };
  const done = finish();
  // Whoever only uses the pipe hears of a failure there.
  done.catch(() => {});

  const refusal = await begun?.started;
  signal?.throwIfAborted();
  if (refusal !== undefined) {
    // A connection that broke refuses nothing: then that is the reason.
    await done;
    throw refusal.attachEvidence(processes.evidence());
  }
  return { ...duplex, stderr, done, close, [Symbol.asyncDispose]: close };
}

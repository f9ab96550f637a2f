import type { Encoding } from './output.ts';
import { type ProcessStream, RunningProcess, type StreamOptions } from './process-stream.ts';
import type { RemoteProcesses } from './remote-process.ts';
import type { PtyOptions } from './terminal.ts';

export interface ShellOptions<E extends Encoding = 'utf8'> extends StreamOptions<E> {
  /** Default `true`: a terminal with defaults. `false` gives a shell that reads commands from its input. */
  readonly pty?: boolean | PtyOptions;
}

/** A shell that runs: what is written to it is typed there. */
export type ShellStream<E extends Encoding = 'utf8'> = ProcessStream<E>;

/** Starts the user's shell, RFC 4254 §6.5. */
export function shell<E extends Encoding>(
  processes: RemoteProcesses,
  options: ShellOptions<E>,
): ShellStream<E> {
  return new RunningProcess(processes, { type: 'shell' }, { ...options, pty: options.pty ?? true });
}

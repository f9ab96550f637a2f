import type { Encoding } from './output.ts';
import { type ProcessStream, RunningProcess, type StreamOptions } from './process-stream.ts';
import type { RemoteProcesses } from './remote-process.ts';

export type StreamExecOptions<E extends Encoding = 'utf8'> = StreamOptions<E>;

/** A command that runs. */
export type ExecStream<E extends Encoding = 'utf8'> = ProcessStream<E>;

export function streamExec<E extends Encoding>(
  processes: RemoteProcesses,
  command: string | Uint8Array,
  options: StreamExecOptions<E>,
): ExecStream<E> {
  return new RunningProcess(processes, { type: 'exec', command }, options);
}

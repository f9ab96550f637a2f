import process from 'node:process';
import type { ByteDuplex } from '@nbs-ssh/session';
import { destroy, endOf } from '@nbs-ssh/session';
import type { Subsystem } from '../process/subsystem.ts';
import { Output } from './pump.ts';
import type { Ending } from './task.ts';

/**
 * Joins standard input and output with a pipe through the connection, as `-W` does. Over when the other end has ended
 * its output, as with ssh; the end of standard input ends only the way there.
 *
 * @param input - Whether standard input is read.
 * @throws {OutputClosed} when nobody reads the output any more; {SSHError} what broke the pipe.
 */
export async function runPipe(duplex: ByteDuplex, input: boolean, signal: AbortSignal): Promise<Ending> {
  await pump(duplex, input, signal, async () => {});
  return { exitCode: signal.aborted ? null : 0, signal: null };
}

/** The same with a subsystem, which may also complain and have an exit status. @throws as {@link runPipe} */
export async function runSubsystem(
  subsystem: Subsystem,
  input: boolean,
  signal: AbortSignal,
): Promise<Ending> {
  void copyErrors(subsystem);
  const { done } = subsystem;
  // The end of the pipe tells the same failure.
  done.catch(() => {});
  await pump(subsystem, input, signal, () => done);
  if (signal.aborted) return { exitCode: null, signal: null };
  const { exitCode, signal: killer } = await done;
  // Many servers tell no status of a subsystem: one that has closed in order has ended well.
  return exitCode === null && killer === null ? { exitCode: 0, signal: null } : { exitCode, signal: killer };
}

/** @param over - Resolves when the pipe may be given up, once its other end has ended its output. */
async function pump(
  duplex: ByteDuplex,
  input: boolean,
  signal: AbortSignal,
  over: () => Promise<unknown>,
): Promise<void> {
  const end = endOf(duplex);
  const stop = (): void => void destroy(end);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const { stdin } = process;
  void feed(input ? stdin : [], end.writer);
  try {
    const output = new Output(process.stdout);
    for (let read = await end.reader.read(); !read.done; read = await end.reader.read()) {
      if (read.value !== undefined) await output.write(read.value);
    }
    await over();
  } finally {
    signal.removeEventListener('abort', stop);
    stdin.destroy();
    await destroy(end);
  }
}

async function copyErrors({ stderr }: Subsystem): Promise<void> {
  const output = new Output(process.stderr);
  try {
    for await (const bytes of stderr) await output.write(bytes);
  } catch {
    // Nobody reads what it complains about, or the connection is gone, which the pipe tells.
  }
}

/** Never rejects: a pipe that breaks is told by its other half. */
async function feed(
  input: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  writer: ReturnType<typeof endOf>['writer'],
): Promise<void> {
  try {
    for await (const chunk of input) await writer.write(chunk);
  } catch {
    // Input that cannot be read, such as a folder, is input that is over.
  }
  await writer.close().catch(() => {});
}

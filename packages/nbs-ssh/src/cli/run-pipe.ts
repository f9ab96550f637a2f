import process from 'node:process';
import type { ByteDuplex } from '@nbs-ssh/session';
import { destroy, endOf } from '@nbs-ssh/session';
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
  const end = endOf(duplex);
  const stop = (): void => void destroy(end);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const { stdin } = process;
  void feed(input ? stdin : [], end.writer);
  try {
    const output = new Output(process.stdout);
    for (;;) {
      const { done, value } = await end.reader.read();
      if (done || value === undefined) return { exitCode: signal.aborted ? null : 0, signal: null };
      await output.write(value);
    }
  } finally {
    signal.removeEventListener('abort', stop);
    stdin.destroy();
    await destroy(end);
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

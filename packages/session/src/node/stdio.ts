import type { Readable, Writable } from 'node:stream';
import { plainBytes } from '@nbs-ssh/transport/wire';
import type { ByteDuplex } from '../byte-duplex.ts';
import { Incoming } from '../incoming.ts';
import { deliver, take } from './flow.ts';

/** A byte pipe over the standard input and output of a process. */
export interface StdioPipe {
  readonly duplex: ByteDuplex;
  /** Ends reading, with an error when the process failed. What it wrote before can still be read. */
  readonly finish: (error?: unknown) => void;
}

/** Milliseconds after a broken pipe in which a process should have ended. */
const END_PATIENCE = 1000;

/**
 * Makes a byte pipe of what a process reads and writes. Backpressure follows both streams.
 *
 * The end of `stdout` alone does not end reading: whoever owns the process knows how it ended, and says so.
 *
 * @param giveUp - Called when nobody reads or writes any more, at the latest when the process should end.
 */
export function fromStdio(stdin: Writable, stdout: Readable, giveUp: () => void): StdioPipe {
  const incoming = new Incoming();
  let settleEnded: (error: unknown) => void = () => {};
  const ended = new Promise<unknown>((resolve) => {
    settleEnded = resolve;
  });
  /** A broken pipe is only the sign that the process went; why it did is known a moment later. */
  const cause = (error: Error): Promise<unknown> =>
    new Promise((resolve) => {
      const patience = setTimeout(() => resolve(error), END_PATIENCE);
      void ended.then((why) => {
        clearTimeout(patience);
        resolve(why ?? error);
      });
    });
  stdout.on('data', (chunk: Uint8Array) => {
    if (!deliver(incoming, plainBytes(chunk))) stdout.pause();
  });
  // The process went away: whoever writes is told by the write, and reading ends with the process.
  stdin.on('error', () => {});
  stdout.on('error', () => {});
  const destroy = async (): Promise<void> => {
    settleEnded(undefined);
    incoming.drop();
    stdin.destroy();
    stdout.destroy();
    giveUp();
  };
  const duplex: ByteDuplex = {
    readable: {
      getReader: () => ({ read: () => take(incoming, () => stdout.resume()), cancel: destroy }),
    },
    writable: {
      getWriter: () => ({
        write: (chunk) =>
          new Promise<void>((resolve, reject) => {
            stdin.write(chunk, (error) => {
              if (error) void cause(error).then(reject);
              else resolve();
            });
          }),
        close: () => new Promise<void>((resolve) => stdin.end(() => resolve())),
        abort: destroy,
      }),
    },
  };
  const finish = (error?: unknown): void => {
    settleEnded(error);
    incoming.finish(error);
  };
  return { duplex, finish };
}

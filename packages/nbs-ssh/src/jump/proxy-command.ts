import { type ChildProcess, spawn } from 'node:child_process';
import type { ByteDuplex } from '@nbs-ssh/session';
import { fromStdio } from '@nbs-ssh/session/node';
import { fromUtf8Lossy, printable } from '@nbs-ssh/transport/wire';
import { localError } from '../errors/local.ts';

export interface DialCommandOptions {
  /** Ends the program, also when it runs already. */
  readonly signal?: AbortSignal;
  /** Called with what the program writes to its standard error, as it is: escape it before it reaches a terminal. */
  readonly onStderr?: (bytes: Uint8Array) => void;
  /** Takes secrets out of what an error quotes of that. */
  readonly mask?: (text: string) => string;
}

/** The end of standard error that an error quotes, in bytes: the last lines say why a program gave up. */
const STDERR_TAIL = 2048;
/** Milliseconds between SIGTERM and SIGKILL. */
const KILL_AFTER = 2000;
/** Milliseconds a program that has closed its output may take to say how it ended. */
const EXIT_PATIENCE = 1000;

/**
 * Starts a program and makes a byte pipe of its standard input and output, as ssh's ProxyCommand does. No shell is
 * involved: `argv` reaches the program word by word.
 *
 * The program ends with the pipe: its input is closed, and when reading and writing are given up it gets SIGTERM, then
 * SIGKILL. Reading rejects when it ended with another status than 0, or by a signal that was not ours.
 *
 * @throws {LocalError} `PROXY_COMMAND_START` when it cannot be started; `signal.reason` when aborted.
 */
export function dialCommand(
  argv: readonly string[],
  { signal, onStderr, mask = (text) => text }: DialCommandOptions = {},
): Promise<ByteDuplex> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const [program = '', ...words] = argv;
    const command = printable(program);
    let child: ChildProcess;
    try {
      // Not in a session of its own: a program such as ssh may have to ask for a password on the terminal.
      child = spawn(program, words, { stdio: ['pipe', 'pipe', 'pipe'] });
    } catch (cause) {
      reject(localError('PROXY_COMMAND_START', { command }, { cause }));
      return;
    }
    const { stdin, stdout, stderr } = child;
    if (stdin === null || stdout === null || stderr === null) {
      child.once('error', (cause) => reject(localError('PROXY_COMMAND_START', { command }, { cause })));
      return;
    }
    const end = endOf(child);
    const abort = (): void => end.kill();
    signal?.addEventListener('abort', abort, { once: true });
    const pipe = fromStdio(stdin, stdout, () => end.kill());
    let tail: Uint8Array = new Uint8Array(0);
    stderr.on('data', (chunk: Uint8Array) => {
      tail = new Uint8Array(Buffer.concat([tail, chunk]).subarray(-STDERR_TAIL));
      onStderr?.(new Uint8Array(chunk));
    });
    stderr.on('error', () => {});
    const finish = (exitCode: number | null, exitSignal: NodeJS.Signals | null): void => {
      signal?.removeEventListener('abort', abort);
      if (end.asked || (exitCode === 0 && exitSignal === null)) {
        pipe.finish();
        return;
      }
      const words = mask(fromUtf8Lossy(tail).trim());
      const context = { command, exitCode, signal: exitSignal, stderr: printable(words, STDERR_TAIL) };
      pipe.finish(localError('PROXY_COMMAND_ENDED', context));
    };
    stdout.once('end', () => {
      // Most programs are gone a moment later. One that stays has still nothing more to say.
      const patience = setTimeout(() => pipe.finish(), EXIT_PATIENCE);
      child.once('close', () => clearTimeout(patience));
    });
    child.once('close', finish);
    // Also a signal that may not be sent to a program of another user's is told here, and more than once.
    child.on('error', (cause) => {
      if (child.pid !== undefined) return;
      reject(localError('PROXY_COMMAND_START', { command }, { cause }));
      finish(0, null);
    });
    child.once('spawn', () => {
      if (signal?.aborted === true) reject(signal.reason);
      else resolve(pipe.duplex);
    });
  });
}

/** How a program is ended by us, and whether it was. */
function endOf(child: ChildProcess): { readonly asked: boolean; readonly kill: () => void } {
  let asked = false;
  const isOver = (): boolean =>
    child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
  return {
    get asked() {
      return asked;
    },
    kill: () => {
      if (asked || isOver()) return;
      asked = true;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER);
      child.once('exit', () => clearTimeout(timer));
    },
  };
}

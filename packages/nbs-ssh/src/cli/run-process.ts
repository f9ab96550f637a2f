import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import type { SSHConnection } from '../connection/connection.ts';
import type { ExecStream } from '../process/stream-exec.ts';
import type { Interrupts } from './interrupts.ts';
import { LAST_WORDS } from './limits.ts';
import type { Plan } from './plan.ts';
import { feed, Output, OutputClosed } from './pump.ts';
import type { Report } from './report.ts';
import type { Ending, Task } from './task.ts';
import { takeKeyboard, terminalOptions, wantsTerminal } from './terminal.ts';

/** Runs a command, with standard input, output and error, and with the terminal if it gets one. */
export async function runProcess(
  connection: SSHConnection,
  { command }: Task & { readonly type: 'command' },
  { target }: Plan,
  report: Report,
  interrupts: Interrupts,
): Promise<Ending> {
  const terminal = wantsTerminal(target, process.stdin.isTTY);
  if (target.requestTty === 'yes' && !terminal) {
    report.warning('no terminal is asked for, because standard input is none; -tt asks all the same');
  }
  const running = connection.streamExec(command, {
    encoding: 'bytes',
    ...(terminal ? { pty: terminalOptions() } : {}),
  });
  const giveBack = terminal ? takeKeyboard((columns, rows) => running.resize(columns, rows)) : undefined;
  const stopFeeding = target.stdinNull ? undefined : feed(process.stdin, running);
  if (target.stdinNull) running.end();
  try {
    return await Promise.race([copyOutput(running), interrupted(running, interrupts.signal)]);
  } finally {
    giveBack?.();
    stopFeeding?.();
  }
}

async function copyOutput(running: ExecStream<'bytes'>): Promise<Ending> {
  const output = { stdout: new Output(process.stdout), stderr: new Output(process.stderr) };
  try {
    for await (const event of running) {
      if (event.stream === 'exit') return event;
      await output[event.stream].write(event.data);
    }
  } catch (error) {
    if (error instanceof OutputClosed) await Promise.race([running.cancel(), delay(LAST_WORDS)]);
    throw error;
  }
  throw new Error('the output ended without an exit event');
}

/** Ends the remote command when we are told to end. Settles only then. */
function interrupted(running: ExecStream<'bytes'>, signal: AbortSignal): Promise<Ending> {
  return new Promise((resolve) => {
    const stop = (): void => {
      const gone = running.cancel().catch(() => {});
      void Promise.race([gone, delay(LAST_WORDS)]).then(() => resolve({ exitCode: null, signal: null }));
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}

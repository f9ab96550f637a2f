import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { ConnectionLost } from '../errors/classes.ts';
import type { ProcessStream } from '../process/process-stream.ts';
import type { ProcessOptions } from '../process/remote-process.ts';
import type { HostSettings } from '../ssh-config/settings.ts';
import { interact } from './interactive.ts';
import { LAST_WORDS } from './limits.ts';
import { feed, Output, OutputClosed } from './pump.ts';
import type { Report } from './report.ts';
import type { Ending, Task, Workplace } from './task.ts';
import { terminalOptions, wantsTerminal } from './terminal.ts';
import { inUsersWords } from './usage.ts';

type ProcessTask = Task & { readonly type: 'command' | 'shell' };

/**
 * Runs a command or a shell, with standard input, output and error, and with the terminal if it gets one.
 *
 * @throws {Left} when the user leaves; {OutputClosed} when nobody reads the output any more; {SSHError}
 */
export async function runProcess(task: ProcessTask, workplace: Workplace): Promise<Ending> {
  const { connection, plan, report, interrupts, forwards } = workplace;
  const { target } = plan;
  const terminal = wantsTerminal(target, task.type, process.stdin.isTTY);
  if (target.requestTty === 'yes' && !terminal) {
    report.warning('no terminal is asked for, because standard input is none; -tt asks all the same');
  }
  const running = start(task, workplace, terminal);
  const input = !target.stdinNull;
  const { escapeChar } = target;
  const interaction = terminal
    ? interact({ connection, running, report, escapeChar, input, forwards: () => forwards.lines })
    : undefined;
  const stopFeeding = input && interaction === undefined ? feed(process.stdin, running) : undefined;
  if (!input) running.end();
  try {
    return await Promise.race([
      copyOutput(running, (bytes) => {
        report.midLine = terminal && bytes.at(-1) !== LF;
      }),
      interrupted(running, task, interrupts.signal),
      ...(interaction === undefined ? [] : [interaction.left]),
    ]);
  } catch (error) {
    throw task.type === 'shell' && error instanceof ConnectionLost ? withoutCommand(error) : error;
  } finally {
    interaction?.end();
    stopFeeding?.();
  }
}

function start(
  task: ProcessTask,
  { connection, plan, report }: Workplace,
  terminal: boolean,
): ProcessStream<'bytes'> {
  const x11 = x11Options(plan.target, report);
  const options = { encoding: 'bytes', pty: terminal ? terminalOptions() : false, ...x11 } as const;
  // A display that is none is the user's mistake.
  return inUsersWords(() =>
    task.type === 'shell' ? connection.shell(options) : connection.streamExec(task.command, options),
  );
}

/** As ssh: without a display here there is nothing to let anybody use. */
function x11Options(target: HostSettings, report: Report): Pick<ProcessOptions, 'x11'> {
  if (!target.forwardX11) return {};
  if ((process.env['DISPLAY'] ?? '') === '') {
    report.warning('X11 is not forwarded, because there is no display here: DISPLAY is not set');
    return {};
  }
  const { forwardX11Trusted: trusted, forwardX11TimeoutSec: cookieTimeoutSec, xauthLocation } = target;
  const program = xauthLocation === undefined ? {} : { xauthProgram: xauthLocation };
  return { x11: { trusted, cookieTimeoutSec, ...program } };
}

const LF = 0x0a;

async function copyOutput(
  running: ProcessStream<'bytes'>,
  seen: (bytes: Uint8Array) => void,
): Promise<Ending> {
  const output = { stdout: new Output(process.stdout), stderr: new Output(process.stderr) };
  try {
    for await (const event of running) {
      if (event.stream === 'exit') return event;
      seen(event.data);
      await output[event.stream].write(event.data);
    }
  } catch (error) {
    if (error instanceof OutputClosed) await Promise.race([running.cancel(), delay(LAST_WORDS)]);
    throw error;
  }
  throw new Error('the output ended without an exit event');
}

/** A shell has no command whose fate somebody must find out. */
function withoutCommand(error: ConnectionLost): ConnectionLost {
  const { message, code, fault, retryable, context, evidence } = error;
  const lost = new ConnectionLost(message, {
    code,
    fault,
    retryable,
    context: { ...context, phase: 'open', maybeExecuted: false },
  });
  return evidence === undefined ? lost : lost.attachEvidence(evidence);
}

/** Ends the remote process when we are told to end. Settles only then. */
function interrupted(
  running: ProcessStream<'bytes'>,
  { type }: ProcessTask,
  signal: AbortSignal,
): Promise<Ending> {
  return new Promise((resolve) => {
    const stop = (): void => {
      // A shell is not waited for: its terminal hangs up.
      const gone = (type === 'shell' ? running.close() : running.cancel()).catch(() => {});
      void Promise.race([gone, delay(LAST_WORDS)]).then(() => resolve({ exitCode: null, signal: null }));
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}

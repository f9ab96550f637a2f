import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, watch, writeFileSync } from 'node:fs';
import { firstLine } from './first-line.ts';
import { descendants, isRunning, signalAll, stopTree } from './process-tree.ts';

export interface SshdProcess {
  readonly pid: number;
  readonly port: number;
  readonly identification: string;
  readonly log: () => string;
  readonly waitForLog: (pattern: RegExp, timeoutMs?: number) => Promise<RegExpExecArray>;
  readonly kill: (signal?: NodeJS.Signals) => void;
  readonly killSessions: (signal?: NodeJS.Signals) => void;
  readonly stop: () => Promise<void>;
}

/** The port was free when it was chosen and is not any more. */
export class PortTakenError extends Error {
  override readonly name = 'PortTakenError';
}

/** sshd is ready in well under a second; a loaded machine gets more. */
const START_DEADLINE_MS = 15_000;

/** Starts sshd in the foreground and resolves once it has identified itself to a first connection. */
export async function startSshdProcess(
  program: string,
  configFile: string,
  port: number,
  env: NodeJS.ProcessEnv,
): Promise<SshdProcess> {
  const logFile = `${configFile}.log`;
  writeFileSync(logFile, '');
  // A file and not -e: with that, what a session's process logs ends up in its command's stderr.
  // Not detached: Ctrl-C ends it together with the test run.
  const child = spawn(program, ['-D', '-E', logFile, '-f', configFile], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const log = followLog(child, logFile);
  const stop = async (): Promise<void> => {
    await stopTree(child);
    log.keep();
  };
  try {
    await log.waitFor(/^Server listening on /m, START_DEADLINE_MS);
    const { identification, localPort } = await firstLine(port);
    // The probe's own traces are not part of what the tests look at.
    await log.waitFor(new RegExp(`(closed|reset|disconnect).* port ${localPort}`, 'i'), START_DEADLINE_MS);
    log.forget();
    const pid = child.pid as number;
    return {
      pid,
      port,
      identification,
      log: log.text,
      waitForLog: (pattern, timeoutMs = 5000) => log.waitFor(pattern, timeoutMs),
      kill: (signal = 'SIGKILL') =>
        signalAll([...(isRunning(child) ? [pid] : []), ...descendants(pid)], signal),
      killSessions: (signal = 'SIGKILL') => signalAll(descendants(pid), signal),
      stop,
    };
  } catch (error) {
    await stop();
    if (/Address already in use/i.test(log.text())) throw new PortTakenError(`port ${port} is taken`);
    throw error;
  }
}

interface Log {
  readonly text: () => string;
  readonly forget: () => void;
  /** Reads what there is a last time: the file goes away with its folder. */
  readonly keep: () => void;
  readonly waitFor: (pattern: RegExp, timeoutMs: number) => Promise<RegExpExecArray>;
}

function followLog(child: ChildProcess, file: string): Log {
  let stderr = '';
  let start = 0;
  let ended: string | undefined;
  // Nothing but what went wrong before the log was open, for example a missing library.
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  child.on('error', (error) => {
    ended ??= error.message;
  });
  child.on('exit', (code, signal) => {
    ended ??= `sshd ended with ${code ?? signal}`;
  });
  let kept: string | undefined;
  const whole = (): string => kept ?? readFileSync(file, 'utf8').replaceAll('\r\n', '\n');
  const text = (): string => whole().slice(start);

  const waitFor = (pattern: RegExp, timeoutMs: number): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        watcher.close();
        child.off('exit', look).off('error', look);
        act();
      };
      const fail = (why: string): void =>
        settle(() => reject(new Error(`${why} (awaiting ${pattern}):\n${stderr}${text()}`)));
      const look = (): void => {
        const match = pattern.exec(text());
        if (match !== null) settle(() => resolve(match));
        // Its last words on stderr may arrive just after its exit is known.
        else if (ended !== undefined) setImmediate(() => fail(ended as string));
      };
      const timer = setTimeout(() => fail(`nothing matched within ${timeoutMs} ms`), timeoutMs);
      // Watched before the first look, so that no line falls in between.
      const watcher = watch(file, look);
      child.on('exit', look).on('error', look);
      look();
    });
  return {
    text,
    forget: () => {
      start = whole().length;
    },
    keep: () => {
      kept ??= whole();
    },
    waitFor,
  };
}

import { spawn } from 'node:child_process';
import process from 'node:process';
import { exitCodeOf, type Interrupts } from './interrupts.ts';
import type { Report } from './report.ts';
import type { EnvironmentSecrets } from './secrets.ts';
import type { Task } from './task.ts';
import { UsageError } from './usage.ts';

/** Set for the copy of this program that stays. */
const MARK = 'NBS_SSH_BACKGROUND';
const READY = 'ready';

/** The copy's side: how it tells whoever started it that it is logged in. */
export interface Background {
  /** Lets the program that was started first end, and stays when the terminal is closed. */
  readonly ready: () => void;
}

/** @returns `undefined` unless this is a copy that another one started to stay. */
export function background(interrupts: Interrupts): Background | undefined {
  const marked = process.env[MARK] !== undefined;
  delete process.env[MARK];
  if (!marked || process.send === undefined) return undefined;
  // Whoever started it went away before the login: nobody knows of this process.
  const orphaned = (): void => void process.kill(process.pid, 'SIGTERM');
  process.once('disconnect', orphaned);
  return {
    ready: () => {
      process.off('disconnect', orphaned);
      interrupts.ignoreHangUp();
      process.send?.(READY, () => {
        if (process.connected) process.disconnect();
      });
    },
  };
}

export interface BackgroundOptions {
  readonly task: Task['type'];
  readonly secrets: EnvironmentSecrets;
  readonly interrupts: Interrupts;
  readonly report: Report;
  /** Whether somebody may be asked: the copy then keeps the terminal. */
  readonly asks: boolean;
}

/**
 * Starts this program again, to stay in the background: a process of Node cannot be split in two once it is logged in. The
 * copy asks its questions on the terminal, logs in and sets up the forwards.
 *
 * @returns 0 when it has, or its exit status when it has not. @throws {UsageError} when there is nothing to stay for.
 */
export async function goToBackground(options: BackgroundOptions): Promise<number> {
  const { task, secrets, interrupts, report, asks } = options;
  if (task === 'shell' || task === 'pipe') {
    throw new UsageError(
      'There is nothing to do in the background: -f needs a command, or -N for forwards only.',
      'Add a command, or -N.',
    );
  }
  const { password, passphrase } = secrets;
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    // Without a command there is no output, and whoever reads ours must not wait for it.
    stdio: ['ignore', task === 'none' ? 'ignore' : 'inherit', 'inherit', 'ipc'],
    // With a session of its own it could not ask on the terminal.
    detached: !asks,
    env: {
      ...process.env,
      [MARK]: '1',
      ...(password === undefined ? {} : { NBS_SSH_PASSWORD: password }),
      ...(passphrase === undefined ? {} : { NBS_SSH_PASSPHRASE: passphrase }),
    },
  });
  interrupts.signal.addEventListener('abort', () => {
    const { received } = interrupts;
    // What the keyboard sends has reached the copy too, unless it has a session of its own.
    if (received === 'SIGTERM' || !asks) child.kill(received ?? 'SIGTERM');
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.on('message', (message) => {
      if (message !== READY) return;
      if (report.verbosity > 0) report.trace(`goes on in the background as process ${child.pid ?? '?'}`);
      child.unref();
      resolve(0);
    });
    child.once('exit', (code, signal) => resolve(signal === null ? (code ?? 255) : exitCodeOf(signal)));
  });
}

import { spawnSync } from 'node:child_process';
import type { PtyOptions } from '../process/terminal.ts';
import type { HostSettings } from '../ssh-config/settings.ts';
import { localModes } from './stty.ts';
import type { Task } from './task.ts';

/**
 * Whether there is a remote terminal: with `-tt` always; otherwise only when standard input is one, for a shell unless
 * `-T` says no, for a command when `-t` says so.
 */
export function wantsTerminal(
  { requestTty, stdinNull }: HostSettings,
  task: Task['type'],
  inputIsTerminal: boolean,
): boolean {
  if (requestTty === 'force') return true;
  const asked = requestTty === 'yes' || (requestTty === 'auto' && task === 'shell');
  return asked && inputIsTerminal && !stdinNull;
}

/** The local terminal, as the remote one is to be. */
export function terminalOptions(): PtyOptions {
  const [columns, rows] = terminalSize() ?? [80, 24];
  return { term: process.env['TERM'] ?? 'dumb', columns, rows, modes: localModes() };
}

function terminalSize(): readonly [number, number] | undefined {
  const { columns, rows } = screen() ?? {};
  return columns === undefined || rows === undefined || columns < 1 || rows < 1 ? undefined : [columns, rows];
}

function screen(): NodeJS.WriteStream | undefined {
  return [process.stdout, process.stderr].find((stream) => stream.isTTY);
}

export interface TerminalListener {
  /** The local window has another size. */
  readonly onResize: (columns: number, rows: number) => void;
  /** Whether keys and output go through as they are from now on, so that lines must end in CR LF. */
  readonly onRaw: (raw: boolean) => void;
}

/** The local terminal while all its keys go to the remote one, also those that make signals. */
export interface TakenTerminal {
  /** Stops this process until the shell continues it; meanwhile the terminal is as it was. */
  readonly suspend: () => void;
  /** Gives the terminal back. Idempotent. It is also given back when the process exits in any other way. */
  readonly giveBack: () => void;
}

/** Takes the terminal that is standard input, if it is one. */
export function takeTerminal({ onResize, onRaw }: TerminalListener): TakenTerminal {
  const { stdin } = process;
  const raw = (on: boolean): void => {
    if (!stdin.isTTY || stdin.destroyed) return;
    stdin.setRawMode(on);
    // Node's raw mode goes on turning LF into CR LF, which the remote terminal has done already.
    if (on) spawnSync('stty', ['-opost'], { stdio: ['inherit', 'ignore', 'ignore'] });
    onRaw(on);
  };
  const release = (): void => raw(false);
  // After being stopped and continued from outside, the shell has changed the terminal's mode; Node does not know it,
  // and would leave a mode alone that it thinks is on. A window that changed meanwhile was told to others.
  const again = (): void => {
    raw(false);
    raw(true);
    process.kill(process.pid, 'SIGWINCH');
  };
  const resized = (): void => {
    const size = terminalSize();
    if (size !== undefined) onResize(...size);
  };
  const watched = screen();
  raw(true);
  process.once('exit', release);
  process.on('SIGCONT', again);
  watched?.on('resize', resized);
  return {
    suspend: () => {
      release();
      // Returns when the process goes on, or at once where nobody could continue it: then it is not stopped.
      process.kill(process.pid, 'SIGTSTP');
      raw(true);
    },
    giveBack: () => {
      watched?.off('resize', resized);
      process.off('SIGCONT', again);
      process.off('exit', release);
      release();
    },
  };
}

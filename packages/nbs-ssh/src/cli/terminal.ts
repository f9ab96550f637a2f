import { spawnSync } from 'node:child_process';
import type { PtyOptions } from '../process/terminal.ts';
import type { HostSettings } from '../ssh-config/settings.ts';

/** Whether the command gets a terminal: with `-t` when standard input is one, with `-tt` always. */
export function wantsTerminal({ requestTty, stdinNull }: HostSettings, inputIsTerminal: boolean): boolean {
  return requestTty === 'force' || (requestTty === 'yes' && inputIsTerminal && !stdinNull);
}

/** The local terminal, as the remote one is to be. */
export function terminalOptions(): PtyOptions {
  const [columns, rows] = terminalSize() ?? [80, 24];
  return { term: process.env['TERM'] ?? 'dumb', columns, rows };
}

function terminalSize(): readonly [number, number] | undefined {
  const { columns, rows } = screen() ?? {};
  return columns === undefined || rows === undefined || columns < 1 || rows < 1 ? undefined : [columns, rows];
}

function screen(): NodeJS.WriteStream | undefined {
  return [process.stdout, process.stderr].find((stream) => stream.isTTY);
}

/**
 * Hands the keyboard over to the remote terminal: every key goes there, also those that make signals.
 *
 * @param resize - Called when the local window has another size.
 * @returns a function that gives it back. It is also given back when the process exits in any other way.
 */
export function takeKeyboard(resize: (columns: number, rows: number) => void): () => void {
  const { stdin } = process;
  const raw = (on: boolean): void => {
    if (!stdin.isTTY || stdin.destroyed) return;
    stdin.setRawMode(on);
    // Node's raw mode goes on turning LF into CR LF, which the remote terminal has done already.
    if (on) spawnSync('stty', ['-opost'], { stdio: ['inherit', 'ignore', 'ignore'] });
  };
  const giveBack = (): void => raw(false);
  // After being stopped and continued from outside, the shell has changed the terminal's mode.
  const again = (): void => raw(true);
  const onResize = (): void => {
    const size = terminalSize();
    if (size !== undefined) resize(...size);
  };
  const watched = screen();
  raw(true);
  process.once('exit', giveBack);
  process.on('SIGCONT', again);
  watched?.on('resize', onResize);
  return () => {
    watched?.off('resize', onResize);
    process.off('SIGCONT', again);
    process.off('exit', giveBack);
    giveBack();
  };
}

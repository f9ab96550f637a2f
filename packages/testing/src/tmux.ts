import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findProgram, runOk } from './command.ts';
import { stopTree } from './process-tree.ts';
import { scratchDir } from './scratch-dir.ts';

/** A shell in a real terminal multiplexer, which draws what programs write as a terminal does. */
export interface Tmux extends AsyncDisposable {
  /** Types text as it is. */
  type(text: string): Promise<void>;
  /** Types text and Enter. */
  enter(text: string): Promise<void>;
  /** Presses keys by tmux's names for them, for example `C-c`, `Enter`, `Escape`. */
  press(...keys: readonly string[]): Promise<void>;
  /** What the screen shows now: a line for each row, without blanks at its end. */
  screen(): Promise<string>;
  /** Resolves with the screen once it matches. @throws {Error} with the screen when it does not in time. */
  shows(pattern: RegExp): Promise<string>;
  /** Gives the window another size. */
  resize(columns: number, rows: number): Promise<void>;
  stop(): Promise<void>;
}

/** Milliseconds until what is waited for must be on the screen; machines of tests can be slow. */
const PATIENCE = 15_000;
/** Milliseconds between two looks at the screen: tmux tells nobody when it changes. */
const LOOK = 40;

export function tmuxAvailable(): boolean {
  const available = findProgram('tmux') !== undefined && findProgram('bash') !== undefined;
  if (!available && !told)
    console.warn('tests in a terminal multiplexer are skipped: there is no tmux, or no bash');
  told ||= !available;
  return available;
}
let told = false;

/**
 * Starts a tmux of its own with bash in a window of 80 columns and 24 rows. Its prompt is `local$ `.
 *
 * @param env - All that the shell's environment has, besides what tmux adds.
 */
export async function startTmux(env: NodeJS.ProcessEnv): Promise<Tmux> {
  const scratch = scratchDir('tmux');
  const socket = join(scratch.path, 'socket');
  const own = { ...env, PS1: 'local$ ', TERM: 'xterm', LC_ALL: 'C.UTF-8', SHELL: '/bin/sh' };
  const base = ['-S', socket, '-f', '/dev/null'];
  const tmux = (...args: readonly string[]): Promise<string> =>
    runOk('tmux', [...base, ...args], { env: own }).then(({ stdout }) => stdout);
  const server = spawn('tmux', [...base, '-D'], { env: own, stdio: 'ignore' });
  const stop = async (): Promise<void> => {
    await stopTree(server);
    scratch.remove();
  };
  try {
    await listening(server, socket);
    await tmux('new-session', '-d', '-x', '80', '-y', '24', 'bash --norc --noprofile -i');
    const screen = (): Promise<string> => tmux('capture-pane', '-p');
    const terminal: Tmux = {
      type: async (text) => void (await tmux('send-keys', '-l', '--', text)),
      enter: async (text) => {
        await terminal.type(text);
        await terminal.press('Enter');
      },
      press: async (...keys) => void (await tmux('send-keys', ...keys)),
      screen,
      shows: async (pattern) => {
        const until = Date.now() + PATIENCE;
        for (;;) {
          const shown = await screen();
          if (pattern.test(shown)) return shown;
          if (Date.now() > until) throw new Error(`the screen does not show ${pattern}:\n${shown}`);
          await delay(LOOK);
        }
      },
      resize: async (columns, rows) => {
        await tmux('resize-window', '-x', String(columns), '-y', String(rows));
      },
      stop,
      [Symbol.asyncDispose]: stop,
    };
    await terminal.shows(/^local\$/m);
    return terminal;
  } catch (error) {
    await stop();
    throw error;
  }
}

async function listening(server: ChildProcess, socket: string): Promise<void> {
  const ended = once(server, 'exit').then(() => {
    throw new Error('tmux ended at once');
  });
  ended.catch(() => {});
  const until = Date.now() + PATIENCE;
  while (!existsSync(socket)) {
    if (Date.now() > until) throw new Error('tmux does not listen');
    await Promise.race([ended, delay(LOOK)]);
  }
}

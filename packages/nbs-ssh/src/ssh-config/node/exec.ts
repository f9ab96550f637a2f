import { spawn } from 'node:child_process';
import { printable } from '@nbs-ssh/transport/wire';
import { ConfigError } from '../errors.ts';
import { EXEC_TIMEOUT } from '../limits.ts';

/**
 * Runs the command of a `Match exec` with the user's shell, as ssh does, and without input or output.
 *
 * @returns its exit status; 255 when a signal ended it.
 * @throws {ConfigError} `CONFIG_EXEC` when it cannot be started, and when it does not end.
 */
export function runInShell(command: string, env: NodeJS.ProcessEnv, windows: boolean): Promise<number> {
  const [shell, args] = windows
    ? [env['ComSpec'] ?? 'cmd.exe', ['/d', '/s', '/c', `"${command}"`]]
    : // `exec` makes the shell become the command, so that ending one ends the other.
      [env['SHELL'] || '/bin/sh', ['-c', `exec ${command}`]];
  return new Promise((resolve, reject) => {
    const child = spawn(shell, args, { stdio: 'ignore', env, windowsVerbatimArguments: windows });
    const failed = (what: string, originalError?: unknown): void => {
      const text = `Match exec "${printable(command, 256)}" ${what}`;
      reject(new ConfigError('CONFIG_EXEC', text, { option: 'Match', originalError }));
    };
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      failed(`did not end within ${EXEC_TIMEOUT / 1000} s`);
    }, EXEC_TIMEOUT);
    child.once('error', (error) => {
      clearTimeout(timer);
      failed('could not be started', error);
    });
    child.once('exit', (code) => {
      clearTimeout(timer);
      resolve(code ?? 255);
    });
  });
}

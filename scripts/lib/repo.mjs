// Where things are, and how the scripts run commands.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** @param {string} path @returns {any} */
export const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

/**
 * Runs a command to its end with its output on ours, or collected.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, quiet?: boolean, limitMs?: number }} [options] - `quiet` collects
 *   the output. After `limitMs` the command is killed.
 * @returns {Promise<{ code: number, output: string }>} A signal counts as 128. A missing program as 127.
 */
export function run(command, args, { cwd = root, env = process.env, quiet = false, limitMs = 0 } = {}) {
  return new Promise((resolve) => {
    const stdio = quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit';
    const child = spawn(command, args, { cwd, env, stdio, timeout: limitMs, killSignal: 'SIGKILL' });
    let output = '';
    child.stdout?.on('data', (chunk) => (output += chunk));
    child.stderr?.on('data', (chunk) => (output += chunk));
    child.on('error', (error) => resolve({ code: 127, output: error.message }));
    child.on('close', (code) => resolve({ code: code ?? 128, output }));
  });
}

/** Like {@link run}, quiet, and throws with the command's own words unless it exits with 0. */
export async function runOk(command, args, options = {}) {
  const { code, output } = await run(command, args, { ...options, quiet: true });
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}\n${output.trim()}`);
  return output;
}

/** A program of the root's devDependencies. @param {string} name */
export const bin = (name) => join(root, 'node_modules', '.bin', name);

/** @param {string} name @returns {string | undefined} */
export function findProgram(name) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** Ends the script with a message instead of a stack when its work fails. @param {() => Promise<void>} main */
export async function script(main) {
  try {
    await main();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}

/** True when this module is what `node` was asked to run. @param {string} url - `import.meta.url`. */
export const isMain = (url) => process.argv[1] !== undefined && fileURLToPath(url) === process.argv[1];

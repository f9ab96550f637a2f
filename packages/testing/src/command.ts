import { type SpawnOptions, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** What a finished command left behind. */
export interface CommandResult {
  /** `null` when a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a command is run. */
export interface RunOptions {
  readonly stdin?: string | Uint8Array;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** As whom; only root may choose. Default: as who we are. */
  readonly uid?: number;
  readonly gid?: number;
}

/** Runs a command to its end. A non-zero exit is a result, not an error; a missing program rejects. */
export async function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<CommandResult> {
  const { stdout, ...rest } = await runBytes(command, args, options);
  return { ...rest, stdout: Buffer.from(stdout).toString() };
}

/** Like {@link run}, for output that is no text. */
export function runBytes(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Omit<CommandResult, 'stdout'> & { readonly stdout: Uint8Array }> {
  const { stdin, ...rest } = options;
  return new Promise((resolve, reject) => {
    const spawnOptions: SpawnOptions = { ...rest, stdio: ['pipe', 'pipe', 'pipe'] };
    const child = spawn(command, args, spawnOptions);
    const chunks = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
    child.stdout?.on('data', (chunk: Buffer) => chunks.stdout.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => chunks.stderr.push(chunk));
    child.on('error', reject);
    child.on('close', (exitCode, signal) => {
      const stdout = new Uint8Array(Buffer.concat(chunks.stdout));
      resolve({ exitCode, signal, stdout, stderr: Buffer.concat(chunks.stderr).toString() });
    });
    // A program may exit without reading its input; the exit code tells then.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(stdin);
  });
}

/** Like {@link run}. @throws {Error} with the command's own words when it does not exit with 0. */
export async function runOk(...args: Parameters<typeof run>): Promise<CommandResult> {
  const result = await run(...args);
  if (result.exitCode === 0) return result;
  const [command, list] = args;
  const said = `${result.stderr}${result.stdout}`.trim();
  throw new Error(`${command} ${list.join(' ')} ended with ${result.exitCode ?? result.signal}: ${said}`);
}

/** Absolute path of a program, also looked for in the sbin folders, which a user's PATH often lacks. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  return folders
    .filter((folder) => folder.startsWith('/'))
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ScratchDir, type Sshd, scratchDir } from '@nbs-ssh/testing';
import { build } from 'esbuild';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

export interface Finished {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Lines of standard error without their ending. */
  readonly lines: readonly string[];
  /** SHA-256 of stdout, hexadecimal. */
  readonly sha256: string;
  readonly stdoutBytes: number;
}

export interface RunOptions {
  readonly stdin?: Uint8Array | string;
  readonly env?: Readonly<Record<string, string>>;
  /** Sees the process while it runs. */
  readonly during?: (child: ChildProcess) => void;
}

/** The command as users run it: one file, in a process of its own, with a home folder of its own. */
export interface Cli extends Disposable {
  readonly file: string;
  readonly scratch: ScratchDir;
  readonly env: NodeJS.ProcessEnv;
  /** Runs it without a terminal, so that nothing can be asked. */
  run(args: readonly string[], options?: RunOptions): Promise<Finished>;
  start(args: readonly string[], env?: Readonly<Record<string, string>>): ChildProcess;
}

export async function builtCli(): Promise<Cli> {
  const scratch = scratchDir('cli');
  await build({
    entryPoints: { cli: MAIN },
    outdir: scratch.path,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    conditions: ['@nbs-ssh/source'],
    logLevel: 'warning',
  });
  const file = join(scratch.path, 'cli.mjs');
  const env = { PATH: process.env['PATH'], HOME: scratch.path, TERM: 'xterm' };
  const start: Cli['start'] = (args, more = {}) =>
    // A session of its own has no controlling terminal.
    spawn(process.execPath, [file, ...args], {
      env: { ...env, ...more },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
  return {
    file,
    scratch,
    env,
    start,
    run: (args, options = {}) => {
      const child = start(args, options.env);
      options.during?.(child);
      child.stdin?.on('error', () => {});
      if (options.during === undefined || options.stdin !== undefined) child.stdin?.end(options.stdin ?? '');
      return finished(child);
    },
    [Symbol.dispose]: scratch.remove,
  };
}

/** Everything a process leaves. A process that hangs is ended after 20 s. */
export function finished(child: ChildProcess): Promise<Finished> {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  const hash = createHash('sha256');
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout.push(chunk);
    hash.update(chunk);
  });
  child.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk));
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
    child.once('error', reject);
    child.once('close', (exitCode, signal) => {
      clearTimeout(timer);
      const errors = Buffer.concat(stderr).toString();
      resolve({
        exitCode,
        signal,
        stdout: Buffer.concat(stdout).toString(),
        stderr: errors,
        lines: errors.split('\n').filter((line) => line !== ''),
        sha256: hash.digest('hex'),
        stdoutBytes: stdout.reduce((sum, chunk) => sum + chunk.length, 0),
      });
    });
  });
}

/** Resolves with everything so far once `pattern` matches what `child` has written. */
export function shows(
  child: ChildProcess,
  pattern: RegExp,
  stream: 'stdout' | 'stderr' = 'stdout',
): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const output = child[stream];
    output?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (pattern.test(text)) resolve(text);
    });
    child.once('close', () => reject(new Error(`ended before ${pattern}: ${text}`)));
  });
}

/** Arguments that log in to `sshd` with its first key and trust its host key. */
export function loginArgs(sshd: Sshd, ...more: readonly string[]): readonly string[] {
  return [...trustArgs(sshd), '-i', sshd.clientKey(), ...more, `${sshd.username}@${sshd.host}`];
}

export function trustArgs(sshd: Sshd): readonly string[] {
  return ['-p', String(sshd.port), ...knownHostsArgs(sshd.writeKnownHosts())];
}

export function knownHostsArgs(file: string): readonly string[] {
  return ['-o', `UserKnownHostsFile=${file}`, '-o', 'GlobalKnownHostsFile=none'];
}

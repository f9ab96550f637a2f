import { type ChildProcessByStdio, type SpawnOptions, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { isRunning } from './process-tree.ts';

/** What is kept of a program's own words. One that logs each packet must not fill the memory. */
const LOG_CHARACTERS = 1_000_000;

/** A program whose words are kept, and which may have failed to start at all. */
export interface WatchedProcess {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  /** The end of what it wrote, on both streams. */
  readonly log: () => string;
  /** Whether it was started and has not ended. */
  readonly isAlive: () => boolean;
  /** Why it is of no use. @param running - What is wrong if it runs. */
  readonly trouble: (running: string) => string;
}

/** Starts a program without input. */
export function watchProcess(
  program: string,
  args: readonly string[],
  options: Pick<SpawnOptions, 'cwd' | 'env' | 'uid' | 'gid'> = {},
): WatchedProcess {
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  let failed: string | undefined;
  const keep = (chunk: string): void => {
    log = (log + chunk).slice(-LOG_CHARACTERS);
  };
  child.stdout.setEncoding('utf8').on('data', keep);
  child.stderr.setEncoding('utf8').on('data', keep);
  child.on('error', (error) => {
    failed = error.message;
  });
  return {
    child,
    log: () => log,
    isAlive: () => failed === undefined && isRunning(child),
    trouble: (running) => failed ?? (isRunning(child) ? running : `ended with ${child.exitCode}`),
  };
}

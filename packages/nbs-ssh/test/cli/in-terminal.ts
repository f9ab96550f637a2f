import { spawn } from 'node:child_process';
import { expect } from 'vitest';
import { finished } from './cli.ts';

/** What is typed, or done, when a question appears. */
export type Typing = readonly [question: RegExp, answer: string | (() => void)];

export interface Shown {
  readonly shown: string;
  readonly exitCode: number | null;
}

/**
 * Runs a command with a terminal, which `script` makes. Types each answer, or does what it says, when its question
 * appears.
 *
 * @returns all that the terminal showed.
 */
export async function terminal(
  script: string,
  env: NodeJS.ProcessEnv,
  command: string,
  typing: readonly Typing[] = [],
): Promise<Shown> {
  const child = spawn(script, ['-qec', command, '/dev/null'], { env, stdio: 'pipe' });
  const left = [...typing];
  let shown = '';
  let since = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    shown += chunk.toString();
    const next = left[0];
    if (next === undefined || !next[0].test(shown.slice(since))) return;
    since = shown.length;
    left.shift();
    if (typeof next[1] === 'string') child.stdin.write(next[1]);
    else next[1]();
  });
  const { exitCode } = await finished(child);
  expect(left.map(([question]) => String(question))).toEqual([]);
  return { shown: shown.replaceAll('\r\n', '\n'), exitCode };
}

export const shellWords = (words: readonly string[]): string =>
  words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');

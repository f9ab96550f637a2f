import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { ReadStream } from 'node:tty';

/** Longest answer in bytes. Passwords are far shorter; a stuck key must not fill the memory. */
const MAX_ANSWER = 4096;

/** Asks on the terminal of the user, wherever standard input and output lead. */
export interface Prompter {
  /** @throws {NoAnswer} when there is no terminal, or the user ends the input. */
  readonly ask: (question: string, options: { readonly echo: boolean }) => Promise<string>;
}

export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

/** @returns `undefined` when there is no terminal to ask on. */
export function openPrompter(): Prompter | undefined {
  try {
    closeSync(openTerminal());
  } catch {
    return undefined;
  }
  // One question at a time: two at once could not be told apart.
  let last: Promise<unknown> = Promise.resolve();
  return {
    ask: (question, { echo }) => {
      const answer = last.then(() => askTerminal(question, echo));
      last = answer.catch(() => {});
      return answer;
    },
  };
}

function openTerminal(): number {
  if (process.platform === 'win32') return openSync('CONIN$', 'r+');
  return openSync('/dev/tty', constants.O_RDWR | (constants.O_NOCTTY ?? 0));
}

function askTerminal(question: string, echo: boolean): Promise<string> {
  const input = new ReadStream(openTerminal());
  const restore = (): void => {
    if (input.isRaw) input.setRawMode(false);
  };
  process.once('exit', restore);
  // Echo is turned off before the question is seen: whoever answers at once is not shown.
  if (!echo) input.setRawMode(true);
  tell(question);
  return new Promise<string>((resolve, reject) => {
    const typed: number[] = [];
    const onData = (chunk: Uint8Array): void => {
      for (const byte of chunk) {
        const end = take(typed, byte);
        if (end === undefined) continue;
        finish(() => (end instanceof NoAnswer ? reject(end) : resolve(end)));
        // The terminal sends no signal in raw mode; the one way out is the signal handler.
        if (end === INTERRUPTED) process.kill(process.pid, 'SIGINT');
        return;
      }
    };
    const finish = (settle: () => void): void => {
      restore();
      process.off('exit', restore);
      input.off('data', onData);
      input.destroy();
      typed.fill(0);
      if (!echo) tell('\n');
      settle();
    };
    input.on('data', onData);
    input.once('error', () => finish(() => reject(new NoAnswer('the terminal is gone'))));
    input.once('end', () => finish(() => reject(new NoAnswer('the input was ended'))));
  });
}

const INTERRUPTED = new NoAnswer('interrupted');

/** One key. @returns the answer or why there is none, when this key ends it. */
function take(typed: number[], byte: number): string | NoAnswer | undefined {
  if (byte === 0x0a || byte === 0x0d) return decode(typed);
  if (byte === 0x04 && typed.length === 0) return new NoAnswer('the input was ended');
  if (byte === 0x03 || byte === 0x1c) return INTERRUPTED;
  edit(typed, byte);
  return typed.length > MAX_ANSWER ? new NoAnswer('the answer is too long') : undefined;
}

/** In raw mode the editing keys are ours: backspace, and Ctrl-U for everything. */
function edit(typed: number[], byte: number): void {
  if (byte === 0x7f || byte === 0x08) {
    let removed = typed.pop();
    while (removed !== undefined && (removed & 0xc0) === 0x80) removed = typed.pop();
  } else if (byte === 0x15) typed.length = 0;
  else if (byte >= 0x20) typed.push(byte);
}

function tell(text: string): void {
  const terminal = process.platform === 'win32' ? openSync('CONOUT$', 'r+') : openTerminal();
  try {
    writeSync(terminal, text);
  } finally {
    closeSync(terminal);
  }
}

const decode = (typed: readonly number[]): string => new TextDecoder().decode(new Uint8Array(typed));

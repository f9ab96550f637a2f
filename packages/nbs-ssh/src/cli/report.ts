import { stderr } from 'node:process';
import { printable } from '@nbs-ssh/transport/wire';
import { SSHError } from '../errors/classes.ts';
import { explain } from './explain.ts';

/** Everything that the command itself says, on standard error. */
export class Report {
  readonly #quiet: boolean;
  readonly #json: boolean;

  constructor(options: { readonly quiet: boolean; readonly json: boolean }) {
    this.#quiet = options.quiet;
    this.#json = options.json;
  }

  warning(text: string): void {
    if (!this.#quiet) this.trace(text);
  }

  trace(text: string): void {
    stderr.write(`nbs-ssh: ${text}\n`);
  }

  /** What the server shows before the login. `text` is escaped; its line breaks are given back. */
  banner(text: string): void {
    if (this.#quiet) return;
    const lines = text.replace(/\\(\\|r|n|t)/g, (_, letter: string) => UNESCAPED[letter] ?? '');
    stderr.write(lines.endsWith('\n') ? lines : `${lines}\n`);
  }

  failure(error: unknown): void {
    const { cause, remedy } = explain(error);
    if (!this.#json) {
      stderr.write(`nbs-ssh: ${cause}\nnbs-ssh: ${remedy}\n`);
      return;
    }
    const facts =
      error instanceof SSHError
        ? { type: error.errorType, code: error.code, phase: error.phase ?? null, retryable: error.retryable }
        : { type: error instanceof Error ? error.name : 'Error', code: null, phase: null, retryable: false };
    stderr.write(`${JSON.stringify({ ok: false, exit_code: 255, error: { ...facts, cause, remedy } })}\n`);
  }

  result(facts: Readonly<Record<string, unknown>>): void {
    if (this.#json) stderr.write(`${JSON.stringify({ ok: true, ...facts })}\n`);
  }
}

const UNESCAPED: Readonly<Record<string, string>> = { '\\': '\\', r: '', n: '\n', t: '\t' };

export const shown = (text: string): string => printable(text, 512);

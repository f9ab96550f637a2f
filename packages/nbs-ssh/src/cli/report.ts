import { stderr } from 'node:process';
import { printable } from '@nbs-ssh/transport/wire';
import { SSHError } from '../errors/classes.ts';
import { explain } from './explain.ts';
import { type Failure, failureLine, plainFailure } from './outcome.ts';

/** More would tell each packet, which is decided when the connection is made. */
const MAX_VERBOSITY = 3;

/** Everything that the command itself says, on standard error. */
export class Report {
  /** 0 tells what went wrong only, 3 tells each packet; below 0 neither banners nor warnings are told. */
  verbosity = 0;
  /** The terminal is the remote one's: lines must end in CR LF. */
  raw = false;
  /** What a terminal shows of a process ends in the middle of a line. */
  midLine = false;
  readonly #json: boolean;
  #lastLine: string | undefined;
  #ended = false;

  constructor(options: { readonly json: boolean }) {
    this.#json = options.json;
  }

  get quiet(): boolean {
    return this.verbosity < 0;
  }

  /** Tells more of what happens, or less, within what can be told. */
  louder(by: 1 | -1): void {
    this.verbosity = Math.min(Math.max(this.verbosity + by, 0), MAX_VERBOSITY);
    this.trace(`verbosity is ${this.verbosity} now`);
  }

  warning(text: string): void {
    if (!this.quiet) this.trace(text);
  }

  trace(text: string): void {
    this.lines([`nbs-ssh: ${text}`]);
  }

  /** What the user has asked to see. */
  lines(lines: readonly string[]): void {
    if (this.#ended) return;
    const end = this.raw ? '\r\n' : '\n';
    const before = this.midLine ? end : '';
    this.midLine = false;
    stderr.write(`${before}${lines.map((line) => `${line}${end}`).join('')}`);
  }

  /** What the server shows before the login. `text` is escaped; its line breaks are given back. */
  banner(text: string): void {
    if (this.quiet || this.#ended) return;
    const lines = text.replace(/\\(\\|r|n|t)/g, (_, letter: string) => UNESCAPED[letter] ?? '');
    stderr.write(lines.endsWith('\n') ? lines : `${lines}\n`);
  }

  /** What a program that we started says on its standard error. It may have any bytes: only text is shown. */
  aside(bytes: Uint8Array): void {
    if (this.quiet || this.#ended) return;
    for (const line of new TextDecoder().decode(bytes).split('\n')) {
      if (line.trim() !== '') this.trace(shown(line.trimEnd()));
    }
  }

  /** Tells why there is no exit status of the command. */
  failure(error: unknown): void {
    this.failed(factsOf(error));
  }

  failed(failure: Failure): void {
    if (this.#json) this.#lastLine = failureLine(255, failure);
    else this.lines([`nbs-ssh: ${failure.cause}`, `nbs-ssh: ${failure.remedy}`]);
  }

  /** For endings that whoever caused them knows about: only a program wants to read of them. */
  abandoned(exitCode: number, failure: Failure): void {
    if (this.#json) this.#lastLine = failureLine(exitCode, failure);
  }

  result(facts: Readonly<Record<string, unknown>>): void {
    if (this.#json) this.#lastLine = `${JSON.stringify({ ok: true, ...facts })}\n`;
  }

  /** Writes the line of JSON, if one was asked for. Nothing is told after it. */
  end(): void {
    this.#ended = true;
    if (this.#lastLine !== undefined) stderr.write(this.#lastLine);
    this.#lastLine = undefined;
  }
}

function factsOf(error: unknown): Failure {
  const { cause, remedy } = explain(error);
  if (!(error instanceof SSHError)) {
    return plainFailure(error instanceof Error ? error.name : 'Error', cause, remedy);
  }
  const { errorType: type, code, phase = null, retryable } = error;
  return { type, code, phase, retryable, cause, remedy };
}

const UNESCAPED: Readonly<Record<string, string>> = { '\\': '\\', r: '', n: '\n', t: '\t' };

export const shown = (text: string): string => printable(text, 512);

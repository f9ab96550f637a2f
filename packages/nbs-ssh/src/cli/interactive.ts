import process from 'node:process';
import type { SSHConnection } from '../connection/connection.ts';
import type { ProcessStream } from '../process/process-stream.ts';
import { type EscapeCommand, escapeHelp, showEscape } from './escapes.ts';
import { feedKeys } from './keyboard.ts';
import type { Report } from './report.ts';
import { takeTerminal } from './terminal.ts';

/** The user has left by an escape. */
export class Left extends Error {
  override readonly name = 'Left';
}

/** The local terminal, while it belongs to a process at the server. */
export interface Interaction {
  /** Rejects with {@link Left} when the user leaves; never settles otherwise. */
  readonly left: Promise<never>;
  /** Gives terminal and keyboard back. */
  readonly end: () => void;
}

export interface InteractionOptions {
  readonly connection: SSHConnection;
  readonly running: ProcessStream<'bytes'>;
  readonly report: Report;
  readonly escapeChar: number | undefined;
  /** Whether standard input is read. */
  readonly input: boolean;
  /** The forwards, a line each. */
  readonly forwards: () => readonly string[];
}

/** Joins the local terminal with that of a process. */
export function interact(options: InteractionOptions): Interaction {
  const { connection, running, report, escapeChar } = options;
  const terminal = takeTerminal({
    onResize: (columns, rows) => running.resize(columns, rows),
    onRaw: (raw) => {
      report.raw = raw;
    },
  });
  let leave: (error: Left) => void = () => {};
  const left = new Promise<never>((_, reject) => {
    leave = reject;
  });
  left.catch(() => {});
  const actions: { readonly [C in EscapeCommand]: () => void } = {
    leave: () => leave(new Left('the connection was left by an escape')),
    suspend: () => terminal.suspend(),
    help: () => report.lines(escapeHelp(escapeChar ?? 0)),
    forwards: () => {
      const lines = options.forwards();
      report.lines(lines.length === 0 ? ['There are no forwards.'] : lines);
    },
    break: () => {
      const refused = (): void => report.trace('the server sends no breaks');
      void running.sendBreak().then((done) => done || refused(), refused);
    },
    rekey: () => void connection.rekey().catch(() => {}),
    'more-verbose': () => report.louder(1),
    'less-verbose': () => report.louder(-1),
  };
  const act = (command: EscapeCommand): void => {
    // What was typed is not seen otherwise, and what is told begins on a line of its own.
    report.lines([`${showEscape(escapeChar ?? 0)}${KEYS[command]}`]);
    actions[command]();
  };
  const stop = options.input ? feedKeys(process.stdin, running, escapeChar, act) : undefined;
  if (!options.input) running.end();
  return {
    left,
    end: () => {
      terminal.giveBack();
      stop?.();
    },
  };
}

const KEYS: { readonly [C in EscapeCommand]: string } = {
  leave: '.',
  suspend: '^Z [suspended]',
  help: '?',
  forwards: '#',
  break: 'B [break]',
  rekey: 'R [new keys]',
  'more-verbose': 'v',
  'less-verbose': 'V',
};

import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { EventCollector } from '@nbs-ssh/evidence';
import { SSHConnection } from '../connection/connection.ts';
import { discoverKeys } from '../platform/keys.ts';
import { expandPath, localUser } from '../platform/platform.ts';
import type { ExecStream } from '../process/stream-exec.ts';
import type { RunInvocation } from './args.ts';
import { connectOptions } from './connect-options.ts';
import { describeEvent, describeOffers } from './events-verbose.ts';
import { explain } from './explain.ts';
import { exitCodeOf, Interrupts } from './interrupts.ts';
import { loginConfigs } from './login.ts';
import { plainFailure } from './outcome.ts';
import { openPrompter } from './prompt.ts';
import { feed, Output, OutputClosed } from './pump.ts';
import { Report, shown } from './report.ts';
import type { EnvironmentSecrets } from './secrets.ts';
import { takeKeyboard, terminalOptions, wantsTerminal } from './terminal.ts';
import { inUsersWords, UsageError } from './usage.ts';

/** Milliseconds that ending cleanly may take after a signal; a dead network must not keep anybody waiting. */
const LAST_WORDS = 3000;
/** 128 + SIGPIPE: what a local command would end with whose reader went away. */
const BROKEN_PIPE = 141;
const FIND_OUT = 'Find out how far the command got before you run it again.';
const AGAIN = 'Run it again when you want all of its output.';

interface Ending {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/** Connects, runs the command, and says how it ended. @returns the exit status of this process. */
export async function runCommand(invocation: RunInvocation, secrets: EnvironmentSecrets): Promise<number> {
  const { settings } = invocation;
  const report = new Report(settings);
  const interrupts = new Interrupts();
  let connection: SSHConnection | undefined;
  try {
    const command = commandOf(invocation);
    connection = await prepare(invocation, secrets, report, interrupts);
    const ending = await connectAndRun(connection, command, invocation, report, interrupts);
    const { received } = interrupts;
    if (received === undefined && ending.exitCode === null && ending.signal === null) {
      report.failed(
        plainFailure('NoExitStatus', 'The server ended the command without saying how.', FIND_OUT),
      );
      return 255;
    }
    const code = received === undefined ? statusOf(ending) : exitCodeOf(received);
    report.result({
      exit_code: code,
      remote_exit_code: ending.exitCode,
      remote_signal: ending.signal,
      interrupted_by: received ?? null,
      algorithms: connection.algorithms ?? null,
    });
    return code;
  } catch (error) {
    if (error instanceof OutputClosed) {
      report.abandoned(BROKEN_PIPE, plainFailure('OutputClosed', 'Nobody reads the output any more.', AGAIN));
      return BROKEN_PIPE;
    }
    const { received } = interrupts;
    if (received !== undefined) {
      const code = exitCodeOf(received);
      report.abandoned(code, plainFailure('Interrupted', `${received} ended nbs-ssh.`, AGAIN));
      return code;
    }
    report.failure(error);
    return 255;
  } finally {
    if (connection !== undefined) {
      await Promise.race([connection.close(), delay(LAST_WORDS)]);
      await saveEvidence(connection, settings.evidence, report);
    }
    interrupts.stop();
    report.end();
    // Whoever ends us does not wait for a reader that has stalled.
    if (interrupts.received !== undefined) process.stdout.destroy();
  }
}

function commandOf({ command }: RunInvocation): string {
  if (command !== undefined && command !== '') return command;
  throw new UsageError(
    'No command was given, and interactive shells are not supported yet.',
    'Write the command behind the host, for example: nbs-ssh user@host uname -a.',
  );
}

async function prepare(
  invocation: RunInvocation,
  secrets: EnvironmentSecrets,
  report: Report,
  interrupts: Interrupts,
): Promise<SSHConnection> {
  const { settings, host } = invocation;
  const username = settings.user ?? invocation.user ?? inUsersWords(() => localUser());
  const prompter = settings.batch === true ? undefined : openPrompter();
  const collector = new EventCollector({ capacity: 1 });
  let verdict = '';
  collector.on((event) => {
    if (event.eventType === 'HOST_KEY') {
      verdict = event.data.verdict ?? '';
      const place = `${host} (${event.data.fingerprint ?? '?'})`;
      if (verdict === 'unknown-accepted')
        report.warning(`the unknown host key of ${shown(place)} was accepted`);
      if (untrusted(verdict))
        report.warning(`the host key of ${shown(place)} is not the known one; no password is sent`);
    }
    if (settings.verbosity === 0) return;
    for (const line of describeEvent(event, settings.verbosity)) report.trace(line);
  });
  const keys =
    settings.identityFiles.length > 0
      ? settings.identityFiles.map((path) => expandPath(path))
      : await discoverKeys();
  const auth = loginConfigs({
    settings,
    secrets,
    prompter,
    keys,
    who: shown(`${username}@${host}`),
    assertTrusted: () => {
      if (untrusted(verdict)) throw new Error('the host key is not the known one');
    },
  });
  const onBanner = (text: string): void => report.banner(text);
  const sources = { invocation, username, prompter, auth, collector, onBanner };
  return inUsersWords(
    () => new SSHConnection(connectOptions({ ...sources, signal: interrupts.whileConnecting })),
  );
}

/** Accepted only because the policy accepts everything: a password would go to whoever that is. */
const untrusted = (verdict: string): boolean => /^(?:changed|revoked)-accepted$/.test(verdict);

async function connectAndRun(
  connection: SSHConnection,
  command: string,
  invocation: RunInvocation,
  report: Report,
  interrupts: Interrupts,
): Promise<Ending> {
  const { settings } = invocation;
  await connection.connect();
  interrupts.connected();
  if (settings.verbosity >= 2) {
    const { offers } = connection.getEvidenceBundle().algorithms;
    for (const line of describeOffers(offers)) report.trace(line);
  }
  const terminal = wantsTerminal(settings, process.stdin.isTTY);
  if (settings.tty === 'yes' && !terminal) {
    report.warning('no terminal is asked for, because standard input is none; -tt asks all the same');
  }
  const running = connection.streamExec(command, {
    encoding: 'bytes',
    ...(terminal ? { pty: terminalOptions() } : {}),
  });
  const giveBack = terminal ? takeKeyboard((columns, rows) => running.resize(columns, rows)) : undefined;
  const stopFeeding = settings.emptyInput ? undefined : feed(process.stdin, running);
  if (settings.emptyInput) running.end();
  try {
    return await Promise.race([copyOutput(running), interrupted(running, interrupts.signal)]);
  } finally {
    giveBack?.();
    stopFeeding?.();
  }
}

async function copyOutput(running: ExecStream<'bytes'>): Promise<Ending> {
  const output = { stdout: new Output(process.stdout), stderr: new Output(process.stderr) };
  try {
    for await (const event of running) {
      if (event.stream === 'exit') return event;
      await output[event.stream].write(event.data);
    }
  } catch (error) {
    if (error instanceof OutputClosed) await Promise.race([running.cancel(), delay(LAST_WORDS)]);
    throw error;
  }
  throw new Error('the output ended without an exit event');
}

/** Ends the remote command when we are told to end. Settles only then. */
function interrupted(running: ExecStream<'bytes'>, signal: AbortSignal): Promise<Ending> {
  return new Promise((resolve) => {
    const stop = (): void => {
      const gone = running.cancel().catch(() => {});
      void Promise.race([gone, delay(LAST_WORDS)]).then(() => resolve({ exitCode: null, signal: null }));
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}

function statusOf({ exitCode, signal }: Ending): number {
  if (exitCode !== null) return exitCode & 0xff;
  return signal === null ? 255 : exitCodeOf(`SIG${signal}`);
}

async function saveEvidence(
  connection: SSHConnection,
  path: string | undefined,
  report: Report,
): Promise<void> {
  if (path === undefined) return;
  try {
    await connection.getEvidenceBundle().toFile(expandPath(path));
  } catch (error) {
    const { cause, remedy } = explain(error);
    report.trace(`${cause} ${remedy}`);
  }
}

import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { EventCollector } from '@nbs-ssh/evidence';
import type { AuthConfig } from '../auth/auth-config.ts';
import { SSHConnection } from '../connection/connection.ts';
import { hopLabel } from '../jump/route.ts';
import { expandPath } from '../platform/platform.ts';
import type { ExecStream } from '../process/stream-exec.ts';
import type { HostSettings } from '../ssh-config/settings.ts';
import type { RunInvocation } from './args.ts';
import { connectOptions } from './connect-options.ts';
import { describeEvent, describeOffers } from './events-verbose.ts';
import { explain } from './explain.ts';
import { HostKeyQuestion } from './host-key-question.ts';
import { exitCodeOf, Interrupts } from './interrupts.ts';
import { loginConfigs } from './login.ts';
import { plainFailure } from './outcome.ts';
import { describeWarning, makePlan, type Plan } from './plan.ts';
import { openPrompter, type Prompter } from './prompt.ts';
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
  let question: HostKeyQuestion | undefined;
  let ended = false;
  try {
    const plan = await makePlan(invocation);
    report.quiet = plan.verbosity < 0;
    const command = commandOf(plan);
    tellWarnings(plan, report);
    const prompter = plan.target.batchMode ? undefined : openPrompter();
    question = prompter === undefined ? undefined : questionOf(plan, prompter);
    connection = await prepare(plan, secrets, report, interrupts, { prompter, question });
    const ending = await connectAndRun(connection, command, plan, report, interrupts);
    ended = true;
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
      await question?.end(ended, connection, interrupts.signal);
      await Promise.race([connection.close(), delay(LAST_WORDS)]);
      await saveEvidence(connection, settings.evidence, report);
    }
    interrupts.stop();
    report.end();
    // Whoever ends us does not wait for a reader that has stalled.
    if (interrupts.received !== undefined) process.stdout.destroy();
  }
}

function commandOf({ command }: Plan): string {
  if (command !== undefined && command !== '') return command;
  throw new UsageError(
    'No command was given, and interactive shells are not supported yet.',
    'Write the command behind the host, for example: nbs-ssh user@host uname -a.',
  );
}

/** Tells what the configuration says and we do not do, as far as somebody wants to know. */
function tellWarnings({ warnings, missing, risks, verbosity }: Plan, report: Report): void {
  for (const warning of warnings) {
    const text = describeWarning(warning);
    if (warning.level === 'warning') report.warning(text);
    else if (verbosity > 0) report.trace(text);
  }
  for (const text of risks) report.warning(text);
  if (verbosity > 0) for (const text of missing) report.trace(text);
}

/** Whoever sits at the terminal. */
interface Asked {
  readonly prompter: Prompter | undefined;
  readonly question: HostKeyQuestion | undefined;
}

function questionOf({ target, jumps }: Plan, prompter: Prompter): HostKeyQuestion | undefined {
  const asks = [target, ...jumps].some(({ updateHostKeys }) => updateHostKeys === 'ask');
  return asks ? new HostKeyQuestion(prompter) : undefined;
}

async function prepare(
  plan: Plan,
  secrets: EnvironmentSecrets,
  report: Report,
  interrupts: Interrupts,
  { prompter, question }: Asked,
): Promise<SSHConnection> {
  const { target, jumps } = plan;
  const collector = new EventCollector({ capacity: 1 });
  /** What became of each host key; that of the target has no hop. */
  const verdicts = new Map<string, string>();
  collector.on((event) => {
    const { hop } = event.data;
    if (event.eventType === 'HOST_KEY') {
      const { verdict = '', fingerprint = '?' } = event.data;
      verdicts.set(hop ?? '', verdict);
      const place = `${hop ?? target.host} (${fingerprint})`;
      if (verdict === 'unknown-accepted')
        report.warning(`the unknown host key of ${shown(place)} was accepted`);
      if (untrusted(verdict))
        report.warning(`the host key of ${shown(place)} is not the known one; no password is sent`);
    }
    if (plan.verbosity <= 0) return;
    for (const line of describeEvent(event, plan.verbosity)) report.trace(line);
  });
  const auth = new Map<HostSettings, readonly AuthConfig[]>();
  for (const settings of [...jumps, target]) {
    const { user, hostName, port } = settings;
    const hop = settings === target ? '' : hopLabel({ username: user, host: hostName, port });
    const sources = {
      settings,
      // A password of the environment is for the host that was asked for.
      secrets: settings === target ? secrets : { ...secrets, password: undefined },
      prompter,
      who: shown(`${user}@${settings.host}`),
      assertTrusted: () => {
        if (untrusted(verdicts.get(hop) ?? '')) throw new Error('the host key is not the known one');
      },
    };
    auth.set(settings, await loginConfigs(sources));
  }
  const sources = {
    plan,
    prompter,
    updateHostKeys: question?.ask,
    auth,
    collector,
    onBanner: (text: string) => report.banner(text),
    onProxyStderr: (bytes: Uint8Array) => report.aside(bytes),
  };
  return inUsersWords(
    () => new SSHConnection(connectOptions({ ...sources, signal: interrupts.whileConnecting })),
  );
}

/** Accepted only because the policy accepts everything: a password would go to whoever that is. */
const untrusted = (verdict: string): boolean => /^(?:changed|revoked)-accepted$/.test(verdict);

async function connectAndRun(
  connection: SSHConnection,
  command: string,
  { target, verbosity }: Plan,
  report: Report,
  interrupts: Interrupts,
): Promise<Ending> {
  await connection.connect();
  interrupts.connected();
  if (verbosity >= 2) {
    const { offers } = connection.getEvidenceBundle().algorithms;
    for (const line of describeOffers(offers)) report.trace(line);
  }
  const terminal = wantsTerminal(target, process.stdin.isTTY);
  if (target.requestTty === 'yes' && !terminal) {
    report.warning('no terminal is asked for, because standard input is none; -tt asks all the same');
  }
  const running = connection.streamExec(command, {
    encoding: 'bytes',
    ...(terminal ? { pty: terminalOptions() } : {}),
  });
  const giveBack = terminal ? takeKeyboard((columns, rows) => running.resize(columns, rows)) : undefined;
  const stopFeeding = target.stdinNull ? undefined : feed(process.stdin, running);
  if (target.stdinNull) running.end();
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

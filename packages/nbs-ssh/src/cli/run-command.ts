import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import type { SSHConnection } from '../connection/connection.ts';
import { expandPath } from '../platform/platform.ts';
import type { RunInvocation } from './args.ts';
import { type Background, background, goToBackground } from './background.ts';
import { describeOffers } from './events-verbose.ts';
import { explain } from './explain.ts';
import { Forwards } from './forwards.ts';
import { HostKeyQuestion } from './host-key-question.ts';
import { Left } from './interactive.ts';
import { exitCodeOf, Interrupts } from './interrupts.ts';
import { LAST_WORDS, LEAVING } from './limits.ts';
import { plainFailure } from './outcome.ts';
import { describeWarning, makePlan, type Plan } from './plan.ts';
import { prepare } from './prepare.ts';
import { openPrompter, type Prompter } from './prompt.ts';
import { OutputClosed } from './pump.ts';
import { Report, shown } from './report.ts';
import { runTask } from './run-task.ts';
import type { EnvironmentSecrets } from './secrets.ts';
import type { Ending } from './task.ts';

/** 128 + SIGPIPE: what a local command would end with whose reader went away. */
const BROKEN_PIPE = 141;
const FIND_OUT = 'Find out how far the command got before you run it again.';
const AGAIN = 'Run it again when you want all of its output.';

/** Connects, runs the command, and says how it ended. @returns the exit status of this process. */
export async function runCommand(invocation: RunInvocation, secrets: EnvironmentSecrets): Promise<number> {
  const { settings } = invocation;
  const report = new Report(settings);
  const interrupts = new Interrupts();
  let connection: SSHConnection | undefined;
  let question: HostKeyQuestion | undefined;
  let ended = false;
  let patience = LAST_WORDS;
  try {
    const stays = background(interrupts);
    const plan = await makePlan(invocation);
    report.verbosity = plan.verbosity;
    const prompter = plan.target.batchMode ? undefined : openPrompter();
    if (plan.target.forkAfterAuthentication && stays === undefined) {
      const asks = prompter !== undefined;
      const { type: task } = plan.task;
      return await goToBackground({ task, secrets, interrupts, report, asks });
    }
    tellWarnings(plan, report);
    question = prompter === undefined || stays !== undefined ? undefined : questionOf(plan, prompter);
    connection = await prepare(plan, secrets, report, interrupts, { prompter, question });
    const ending = await connectAndRun(connection, plan, report, interrupts, stays);
    ended = true;
    const { received } = interrupts;
    if (received === undefined && ending.exitCode === null && ending.signal === null) {
      report.failed(
        plainFailure('NoExitStatus', 'The server ended the command without saying how.', FIND_OUT),
      );
      return 255;
    }
    const code = received === undefined || ending.exitCode !== null ? statusOf(ending) : exitCodeOf(received);
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
    if (error instanceof Left) {
      // A server that is not there any more must not keep anybody who leaves.
      patience = LEAVING;
      const cause = `The connection to ${shown(invocation.host)} was left.`;
      report.abandoned(255, plainFailure('Left', cause, AGAIN));
      report.warning(cause);
      return 255;
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
      await Promise.race([connection.close(), delay(patience)]);
      await saveEvidence(connection, settings.evidence, report);
    }
    interrupts.stop();
    report.end();
    // Whoever ends us does not wait for a reader that has stalled.
    if (interrupts.received !== undefined) process.stdout.destroy();
  }
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

function questionOf({ target, jumps }: Plan, prompter: Prompter): HostKeyQuestion | undefined {
  const asks = [target, ...jumps].some(({ updateHostKeys }) => updateHostKeys === 'ask');
  return asks ? new HostKeyQuestion(prompter) : undefined;
}

async function connectAndRun(
  connection: SSHConnection,
  plan: Plan,
  report: Report,
  interrupts: Interrupts,
  stays: Background | undefined,
): Promise<Ending> {
  await connection.connect();
  interrupts.connected();
  if (plan.verbosity >= 2) {
    const { offers } = connection.getEvidenceBundle().algorithms;
    for (const line of describeOffers(offers)) report.trace(line);
  }
  const forwards = new Forwards(connection, plan.target, report);
  await forwards.start(interrupts.signal);
  stays?.ready();
  const ending = await runTask(plan.task, { connection, plan, report, interrupts, forwards });
  await forwards.finish(interrupts.signal);
  return ending;
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

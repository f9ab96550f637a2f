import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findProgram, run, runOk } from './command.ts';
import { isAlive, withFileLock } from './file-lock.ts';
import { RUN_DIR_VARIABLE, RUN_PID_VARIABLE } from './scratch-dir.ts';

/** A throw-away account of the operating system, for what keys cannot test: passwords and prompts. */
export interface TestAccount {
  readonly username: string;
  readonly password: string;
}

const PREFIX = 'nbsssh';
/** Marks an account as ours, so that cleaning up never touches anybody else's. */
const COMMENT = 'nbs-ssh test account';

/** Why no account can be made here, or `undefined` when one can. */
export function testAccountObstacle(): string | undefined {
  if (process.platform !== 'linux') return 'test accounts are made on Linux only';
  if (userInfo().uid !== 0) return 'making a test account needs root';
  return ['useradd', 'userdel', 'chpasswd'].every(findProgram) ? undefined : 'useradd or chpasswd is missing';
}

export function testAccountAvailable(): boolean {
  return testAccountObstacle() === undefined;
}

/**
 * The test run's account, made by whoever asks first and removed by the global teardown.
 *
 * @throws {Error} when {@link testAccountAvailable} is false, or outside a test run.
 */
export async function testAccount(): Promise<TestAccount> {
  const obstacle = testAccountObstacle();
  if (obstacle !== undefined) throw new Error(obstacle);
  const runDir = process.env[RUN_DIR_VARIABLE];
  if (runDir === undefined) throw new Error(`${RUN_DIR_VARIABLE} is not set: use createAccount`);
  const file = join(runDir, 'account.json');
  return withFileLock(join(runDir, 'account.lock'), async () => {
    if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as TestAccount;
    // Named after the run and not after this worker: another run's set-up removes accounts of dead owners.
    const account = await createAccount(Number(process.env[RUN_PID_VARIABLE] ?? process.ppid));
    writeFileSync(file, JSON.stringify(account), { mode: 0o600 });
    return account;
  });
}

/**
 * Makes an account that the caller removes, for scripts outside a test run.
 *
 * @param owner - Process with whose end the account counts as forgotten.
 */
export async function createAccount(owner: number = process.pid): Promise<TestAccount> {
  const username = `${PREFIX}${owner}x${randomBytes(2).toString('hex')}`;
  const password = randomBytes(12).toString('base64url');
  const shell = findProgram('bash') ?? '/bin/sh';
  await retryWhileLocked('useradd', ['-m', '-c', COMMENT, '-s', shell, username]);
  await runOk(findProgram('chpasswd') ?? 'chpasswd', ['-c', 'SHA512'], {
    stdin: `${username}:${password}\n`,
  });
  return { username, password };
}

/** Removes an account made here, its home folder and its processes. */
export async function removeAccount(username: string): Promise<void> {
  if (!ourAccounts().includes(username)) return;
  // -f: also while a process of the account still runs.
  await retryWhileLocked('userdel', ['-r', '-f', username]);
}

/** Removes accounts whose run was killed before it could clean up. */
export async function removeStaleAccounts(): Promise<void> {
  if (!testAccountAvailable()) return;
  for (const username of ourAccounts()) {
    const pid = Number(/^nbsssh(\d+)x/.exec(username)?.[1]);
    if (!isAlive(pid)) await removeAccount(username);
  }
}

function ourAccounts(): string[] {
  return readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .filter(([name, , , , comment]) => name?.startsWith(PREFIX) === true && comment === COMMENT)
    .map(([name]) => name as string);
}

/** `useradd` and `userdel` give up at once when another one runs. Exit 1 and 10 name the locked files. */
async function retryWhileLocked(program: string, args: readonly string[]): Promise<void> {
  const path = findProgram(program) ?? program;
  for (let attempt = 1; ; attempt += 1) {
    const result = await run(path, args);
    if (result.exitCode === 0) return;
    const locked = /lock/i.test(result.stderr) && attempt < 50;
    if (!locked) throw new Error(`${program} ${args.join(' ')}: ${result.stderr.trim()}`);
    await delay(100);
  }
}

import type { Sshd } from '@nbs-ssh/testing';
import { AuthFailed, SSHConnection, type SSHConnectionOptions, type SSHError } from 'nbs-ssh';
import { expect } from 'vitest';
import { optionsFor, rejection } from './lab.ts';

/** Like `optionsFor`, without credentials of its own. */
function loginOptions(sshd: Sshd, more: Partial<SSHConnectionOptions>): SSHConnectionOptions {
  const { auth: _, ...rest } = optionsFor(sshd);
  return { ...rest, ...more };
}

/** Logs in, runs a command and says how it was let in: `auth_method` and the events of authentication. */
export async function login(sshd: Sshd, more: Partial<SSHConnectionOptions>): Promise<readonly Attempt[]> {
  await using connection = await SSHConnection.connect(loginOptions(sshd, more));
  expect((await connection.exec('echo in')).stdout).toBe('in\n');
  return attemptsOf(connection);
}

interface Attempt {
  readonly status?: string;
  readonly method?: string;
  readonly algorithm?: string;
  readonly stage?: string;
}

function attemptsOf(connection: SSHConnection): readonly Attempt[] {
  const { events } = connection.getEvidenceBundle();
  return events.flatMap((event) => (event.eventType === 'AUTH' ? [event.data as Attempt] : []));
}

/** Methods that got an answer, with the answer, in order. */
export function answers(attempts: readonly Attempt[]): readonly string[] {
  return attempts.filter(({ status }) => status !== 'attempt').map((a) => `${a.method} ${a.status}`);
}

export async function refused(sshd: Sshd, more: Partial<SSHConnectionOptions>): Promise<SSHError> {
  return (await rejection(SSHConnection.connect(loginOptions(sshd, more)))) as SSHError;
}

/** How an error lists what became of each credential. */
export function outcomes(error: SSHError): readonly string[] {
  expect(error).toBeInstanceOf(AuthFailed);
  return (error as AuthFailed).attempts
    .filter(({ method }) => method !== 'none')
    .map(({ method, result, skipReason }) => `${method} ${skipReason ?? result}`);
}

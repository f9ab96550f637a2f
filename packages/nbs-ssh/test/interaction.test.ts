import { execFileSync } from 'node:child_process';
import { inspect } from 'node:util';
import {
  createAccount,
  pamAvailable,
  removeAccount,
  type Sshd,
  sshdAvailable,
  startSshd,
} from '@nbs-ssh/testing';
import {
  AuthFailed,
  ConnectionTimeout,
  createKeyAuth,
  type InteractionHandler,
  SSHConnection,
  type SSHConnectionOptions,
  type SSHError,
} from 'nbs-ssh';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { optionsFor, rejection } from './lab.ts';
import { answers, login, outcomes, refused } from './logins.ts';

const WRONG = 'not-the-password';

describe.skipIf(!sshdAvailable())('a person who can be asked', () => {
  let sshd: Sshd;
  beforeAll(async () => {
    sshd = await startSshd({ password: true });
  });
  afterAll(() => sshd.stop());

  const asking = (interaction: InteractionHandler): Partial<SSHConnectionOptions> => ({
    auth: [],
    interaction,
  });

  it('is asked for a password until it is right, and told who asks and how often', async () => {
    const password = vi.fn(({ attempt }: { readonly attempt: number }) =>
      attempt < 3 ? WRONG : (sshd.password as string),
    );
    const attempts = await login(sshd, asking({ password }));
    expect(answers(attempts)).toEqual([
      'none failed',
      'password failed',
      'password failed',
      'password success',
    ]);
    expect(password.mock.calls.map(([question]) => question)).toEqual(
      [1, 2, 3].map((attempt) => ({ host: sshd.host, port: sshd.port, username: sshd.username, attempt })),
    );
  });

  it('is asked three times at most', async () => {
    const password = vi.fn(() => WRONG);
    const error = await refused(sshd, asking({ password }));
    expect(outcomes(error)).toEqual(['password failure', 'password failure', 'password failure']);
    expect(inspect(error, { depth: 9 })).not.toContain(WRONG);
  });

  it('is not asked again once there was no answer', async () => {
    const password = vi.fn(() => undefined);
    const error = await refused(sshd, asking({ password }));
    expect(error).toBeInstanceOf(AuthFailed);
    expect(password).toHaveBeenCalledTimes(1);
    expect(outcomes(error)).toEqual(['password declined', 'password declined', 'password declined']);
  });

  it('is not asked for a password when a key is enough', async () => {
    const password = vi.fn(() => WRONG);
    await login(sshd, { auth: createKeyAuth(sshd.clientKey()), interaction: { password } });
    expect(password).not.toHaveBeenCalled();
  });

  it('is asked for the passphrase of a key that the server takes, again after a wrong one', async () => {
    const { path } = await sshd.addKey('locked', 'ed25519', { passphrase: 'right one', authorized: true });
    const passphrase = vi.fn(({ attempt }: { readonly attempt: number }) =>
      attempt === 1 ? WRONG : 'right one',
    );
    const attempts = await login(sshd, { auth: createKeyAuth(path), interaction: { passphrase } });
    expect(answers(attempts)).toEqual(['none failed', 'publickey success']);
    expect(passphrase.mock.calls.map(([question]) => question)).toMatchObject([
      { path, attempt: 1 },
      { path, attempt: 2 },
    ]);
  });

  it('is asked about an unknown host key, and what was accepted is known the next time', async () => {
    const knownHosts = `${sshd.dir}/asked`;
    const hostKey = vi.fn(() => true);
    const options = { knownHosts, interaction: { hostKey }, auth: createKeyAuth(sshd.clientKey()) };
    await login(sshd, options);
    await login(sshd, options);
    expect(hostKey).toHaveBeenCalledTimes(1);
    expect(hostKey.mock.calls[0]).toMatchObject([
      { host: sshd.host, port: sshd.port, keyType: 'ssh-ed25519' },
    ]);
  });

  it('has time to think: the deadline stands still while a question is open, and goes on afterwards', async () => {
    const connection = await SSHConnection.connect(
      optionsFor(sshd, {
        knownHosts: `${sshd.dir}/slow`,
        connectTimeoutSec: 3,
        interaction: { hostKey: () => new Promise((resolve) => setTimeout(() => resolve(true), 3500)) },
      }),
    );
    expect(connection.isConnected).toBe(true);
    await connection.close();
    await using frozen = await startSshd();
    const error = (await rejection(
      SSHConnection.connect(
        optionsFor(frozen, {
          knownHosts: `${frozen.dir}/slow`,
          connectTimeoutSec: 0.5,
          interaction: {
            hostKey: () => {
              frozen.kill('SIGSTOP');
              return true;
            },
          },
        }),
      ),
    )) as SSHError;
    frozen.kill('SIGCONT');
    expect(error).toBeInstanceOf(ConnectionTimeout);
  });

  it('counts as no answer when the handler throws, and the error is in the list of attempts', async () => {
    const error = await refused(
      sshd,
      asking({
        password: () => {
          throw new RangeError('the dialog crashed');
        },
      }),
    );
    expect(outcomes(error)).toEqual(['password callback-failed', 'password declined', 'password declined']);
    expect((error as AuthFailed).attempts.find(({ method }) => method === 'password')?.error).toBeInstanceOf(
      RangeError,
    );
  });
});

describe.skipIf(!sshdAvailable() || !pamAvailable())('a person who answers prompts of PAM', () => {
  it('logs in with a key and then the answers', async () => {
    await using sshd = await startSshd({
      keyboardInteractive: true,
      authenticationMethods: ['publickey,keyboard-interactive:pam'],
    });
    const seen: unknown[] = [];
    const attempts = await login(sshd, {
      auth: createKeyAuth(sshd.clientKey()),
      interaction: {
        prompts: (question) => {
          seen.push(question);
          return [sshd.password as string];
        },
      },
    });
    expect(answers(attempts).filter((answer) => !answer.endsWith('skipped'))).toEqual([
      'none failed',
      'publickey partial',
      'keyboard-interactive success',
    ]);
    expect(seen).toMatchObject([
      { host: sshd.host, username: sshd.username, round: 1, prompts: [{ echo: false }] },
    ]);
  });

  it('gives a new password when the old one has expired', async () => {
    await using sshd = await startSshd({ keyboardInteractive: true });
    // An account of its own: that of the test run must keep its password.
    const { username, password } = await createAccount();
    const next = 'Brand-new-Pa55-phrase';
    const asked: string[] = [];
    let done = 0;
    try {
      execFileSync('chage', ['-d', '0', username]);
      await login(sshd, {
        username,
        auth: [],
        interaction: {
          prompts: ({ prompts }) =>
            prompts.map(({ text }) => {
              asked.push(text);
              done += 1;
              return /new/i.test(text) ? next : password;
            }),
        },
      });
    } finally {
      await removeAccount(username);
    }
    expect(asked.join(' ')).toMatch(/new/i);
    expect(done).toBeGreaterThanOrEqual(4);
  });
});

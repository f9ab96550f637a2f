import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { authorizedKeys, type ForwardingOptions, processExec, SSHServer } from '@nbs-ssh/server';
import { expandPath, localUser } from '../platform/platform.ts';
import type { ServeInvocation } from './args.ts';
import { shown } from './report.ts';
import { inUsersWords, UsageError } from './usage.ts';

/** Whoever may run commands could do all of this by hand. Other machines reach loopback ports only through somebody here. */
const FORWARDING: ForwardingOptions = { local: true, remote: true, localPath: true, remotePath: true };

/** A throw-away server: its host key and its password are made now and gone with the process. */
export async function serve(options: ServeInvocation): Promise<number> {
  const user = options.user ?? inUsersWords(() => localUser());
  const password = randomBytes(15).toString('base64url');
  const keys =
    options.authorizedKeys === undefined ? undefined : await loadKeys(options.authorizedKeys, user);
  const ended = untilSignal();
  const server = await SSHServer.listen({
    host: options.host,
    port: options.port,
    auth: {
      password: ({ username, matches }) => username === user && matches(password),
      ...(keys === undefined ? {} : { publicKey: keys }),
    },
    ...processExec(),
    ...(options.allowForwarding ? { forwarding: FORWARDING } : {}),
    onError: (error, { phase, remoteAddress = 'a client' }) => {
      process.stderr.write(`nbs-ssh: ${shown(remoteAddress)}, ${shown(phase)}: ${shown(error.message)}\n`);
    },
  });
  try {
    tell(server, user, password, options);
    await ended;
  } finally {
    await server.close();
  }
  return 0;
}

function tell(server: SSHServer, user: string, password: string, { json, host }: ServeInvocation): void {
  const { address } = server;
  const fingerprint = server.fingerprints[0] ?? '';
  const knownHosts = server.hostKeyLines.join('\n');
  if (json) {
    const facts = {
      host: address.host,
      port: address.port,
      user,
      password,
      fingerprint,
      known_hosts: knownHosts,
    };
    process.stdout.write(`${JSON.stringify(facts)}\n`);
    return;
  }
  if (!isLoopback(host)) {
    process.stderr.write(
      'nbs-ssh: other machines can reach this server; its password is all that protects you\n',
    );
  }
  process.stdout.write(
    [
      'A throw-away SSH server for tests. Whoever logs in runs commands with your rights.',
      `address      ${address.host} port ${address.port}`,
      `user         ${user}`,
      `password     ${password}`,
      `host key     ${fingerprint}`,
      `known_hosts  ${knownHosts}`,
      `try          ssh -p ${address.port} ${user}@${address.host} uname -a`,
      'Ctrl-C ends it.',
      '',
    ].join('\n'),
  );
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || host.startsWith('127.');

async function loadKeys(path: string, user: string): Promise<ReturnType<typeof authorizedKeys>> {
  const text = await readFile(expandPath(path), 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(
      `The file ${shown(path)} cannot be read (${error.code ?? 'unknown'}).`,
      'Check the path.',
    );
  });
  const lines = text.split(/\r?\n/).filter((line) => !/^\s*(?:#|$)/.test(line));
  try {
    return authorizedKeys(lines, user);
  } catch {
    throw new UsageError(
      `The file ${shown(path)} has a line that is no plain public key.`,
      'Give lines as in .pub files, without options in front.',
    );
  }
}

function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => resolve());
  });
}

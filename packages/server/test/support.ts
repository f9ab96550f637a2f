import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram, type OpensshBinaries, scratchDir, systemOpenssh } from '@nbs-ssh/testing';
import type { SshError } from '@nbs-ssh/transport/wire';
import { authorizedKeys, processExec, type ServerOptions, SSHServer } from '../src/index.ts';

export const system = systemOpenssh();
export const sshpass: string | undefined = findProgram('sshpass');
if (!system.available) console.warn(`tests with the real client are skipped: ${system.reason}`);

export const PASSWORD = 'correct horse battery staple';
export const USER = 'tester';

/** What is left of a finished client. */
export interface Finished {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: Buffer;
  readonly stderr: string;
  /** SHA-256 of stdout, hexadecimal. */
  readonly sha256: string;
  readonly length: number;
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

export function runBytes(
  command: string,
  args: readonly string[],
  options: {
    readonly stdin?: Uint8Array | string;
    readonly env?: NodeJS.ProcessEnv;
    readonly keep?: boolean;
  } = {},
): Promise<Finished> {
  const { stdin = '', env = process.env, keep = true } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
    const hash = createHash('sha256');
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let length = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      length += chunk.length;
      hash.update(chunk);
      if (keep) stdout.push(chunk);
    });
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.on('error', reject);
    child.stdin.on('error', () => {});
    child.stdin.end(stdin);
    child.on('close', (exitCode, signal) => {
      resolve({
        exitCode,
        signal,
        stdout: Buffer.concat(stdout),
        stderr: Buffer.concat(stderr).toString(),
        sha256: hash.digest('hex'),
        length,
      });
    });
  });
}

/** A server of ours, a folder for the client's files, and every error the server reported. */
export interface Fixture extends AsyncDisposable {
  readonly server: SSHServer;
  readonly dir: string;
  readonly errors: SshError[];
  /** Arguments that make `ssh` talk to this server and to nothing of the machine's own configuration. */
  arguments(...more: readonly string[]): string[];
}

export async function startServer(options: Partial<ServerOptions> = {}): Promise<Fixture> {
  const scratch = scratchDir('server');
  const errors: SshError[] = [];
  const server = await SSHServer.listen({
    ...processExec({ cwd: scratch.path }),
    auth: { password: ({ username, matches }) => username === USER && matches(PASSWORD) },
    onError: (error) => errors.push(error),
    ...options,
  });
  const knownHosts = join(scratch.path, 'known_hosts');
  writeFileSync(knownHosts, `${server.hostKeyLines.join('\n')}\n`);
  const settings = [
    `UserKnownHostsFile=${knownHosts}`,
    'GlobalKnownHostsFile=/dev/null',
    'StrictHostKeyChecking=yes',
    'IdentityAgent=none',
    'IdentitiesOnly=yes',
    'LogLevel=INFO',
  ];
  const base = ['-F', 'none', '-p', String(server.address.port), '-l', USER];
  return {
    server,
    dir: scratch.path,
    errors,
    arguments: (...more) => [...base, ...settings.flatMap((line) => ['-o', line]), ...more, '127.0.0.1'],
    [Symbol.asyncDispose]: async () => {
      await server.close();
      scratch.remove();
    },
  };
}

/** Authentication with this key only, which is what most tests use: no prompt, no sshpass. */
export const onlyKey = (publicLine: string): Pick<ServerOptions, 'auth'> => ({
  auth: { publicKey: authorizedKeys([publicLine], USER) },
});

export const clientEnv = (binaries: OpensshBinaries): NodeJS.ProcessEnv => ({
  ...process.env,
  ...binaries.env,
});

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type CommandResult, findProgram, run } from './command.ts';
import type { OpensshBinaries } from './openssh-versions.ts';
import { stopTree } from './process-tree.ts';
import { scratchDir } from './scratch-dir.ts';

export interface SshAgentOptions {
  /** Of another OpenSSH. Default: the machine's. */
  readonly openssh?: OpensshBinaries;
  /** Pattern of the libraries that keys in authenticators may use, `ssh-agent -P`. */
  readonly providers?: string;
}

/** A real `ssh-agent` with a socket of its own. */
export interface SshAgent extends AsyncDisposable {
  readonly socket: string;
  readonly pid: number;
  /** Environment for programs that use this agent. */
  readonly env: NodeJS.ProcessEnv;
  /** Runs `ssh-add`. No terminal, so what it asks must come from `SSH_ASKPASS`. */
  sshAdd(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<CommandResult>;
  stop(): Promise<void>;
}

/** The `ssh-agent` and `ssh-add` of an OpenSSH, or `undefined` where it came without. */
export function agentPrograms(
  openssh?: OpensshBinaries,
): { readonly agent: string; readonly add: string } | undefined {
  const beside = (name: string): string | undefined => {
    if (openssh === undefined) return findProgram(name);
    const path = join(dirname(openssh.ssh), name);
    return existsSync(path) ? path : undefined;
  };
  const [agent, add] = [beside('ssh-agent'), beside('ssh-add')];
  return agent === undefined || add === undefined ? undefined : { agent, add };
}

/** A library that behaves like a FIDO authenticator, from the package openssh-tests; `undefined` where it is absent. */
export function softFidoProvider(): string | undefined {
  const path = '/usr/lib/openssh/regress/misc/sk-dummy/sk-dummy.so';
  return existsSync(path) ? path : undefined;
}

/** Starts an agent in the foreground and resolves once it listens. @throws {Error} with what it said otherwise. */
export async function startSshAgent({ openssh, providers }: SshAgentOptions = {}): Promise<SshAgent> {
  const programs = agentPrograms(openssh);
  if (programs === undefined) throw new Error('ssh-agent or ssh-add is not installed');
  const dir = scratchDir('agent');
  const socket = join(dir.path, 'socket');
  const args = ['-D', '-a', socket, ...(providers === undefined ? [] : ['-P', providers])];
  const own = { ...process.env, ...openssh?.env };
  const child = spawn(programs.agent, args, { env: own, stdio: ['ignore', 'pipe', 'pipe'] });
  const stop = async (): Promise<void> => {
    await stopTree(child);
    dir.remove();
  };
  try {
    await firstWords(child);
  } catch (error) {
    await stop();
    throw error;
  }
  const env = { ...own, SSH_AUTH_SOCK: socket };
  return {
    socket,
    pid: child.pid as number,
    env,
    sshAdd: (addArgs, more = {}) => run(programs.add, addArgs, { env: { ...env, ...more } }),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** The agent says where it listens once it does. */
function firstWords(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    child.stdout?.once('data', () => resolve());
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`ssh-agent ended with ${code}: ${said.trim()}`)));
  });
}

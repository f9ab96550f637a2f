import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { SessionHandler } from './handlers.ts';
import type { ServerSession, SessionOutput } from './session.ts';

export interface ProcessExecOptions {
  /** Working directory. Default: the server's. */
  readonly cwd?: string;
  /**
   * Environment, in place of the few harmless variables (PATH, HOME, LANG …) that are taken over from the server.
   * What the client may set by `acceptEnv` is added.
   */
  readonly env?: Readonly<Record<string, string>>;
  /** Default `/bin/sh`. */
  readonly shell?: string;
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** Milliseconds between SIGHUP and SIGKILL for the commands of a client that is gone. */
const KILL_AFTER = 500;
/** Everything else may hold secrets of the server. */
const INHERITED = ['PATH', 'HOME', 'USER', 'LOGNAME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR'];
/** RFC 4254 §6.10. No SIGSTOP and the like: nobody could continue what they stop. */
const SIGNALS: ReadonlySet<string> = new Set(
  'ABRT ALRM FPE HUP ILL INT KILL PIPE QUIT SEGV TERM USR1 USR2'.split(' '),
);

/**
 * Handlers that run real commands with the rights of this process: for test servers, never for strangers.
 *
 * Each command runs in a process group of its own, which signals of the client and the end of the connection reach.
 * There is no pseudo-terminal: leave `allowPty` off, so that clients that want one are told that there is none.
 */
export function processExec(options: ProcessExecOptions = {}): {
  readonly exec: SessionHandler;
  readonly shell: SessionHandler;
} {
  const shell = options.shell ?? '/bin/sh';
  return {
    exec: async (session) => {
      const { command } = session;
      // Arguments of a process are text without NUL here, and a command is never changed silently.
      if (command === undefined || command.includes('\0')) {
        await session.stderr.write('nbs-ssh: the command is not UTF-8 text\n');
        return 126;
      }
      return runProcess(session, shell, ['-c', command], options);
    },
    shell: (session) => runProcess(session, shell, [], options),
  };
}

async function runProcess(
  session: ServerSession,
  program: string,
  args: readonly string[],
  options: ProcessExecOptions,
): Promise<number | undefined> {
  if (session.signal.aborted) return undefined;
  const child: Child = spawn(program, args, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...(options.env ?? inheritedEnv()), ...session.env, ...originalOf(session) },
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const ended = exitOf(child);
  const clearKill = endWith(session, child);
  try {
    void feed(session.stdin, child.stdin);
    const [ending] = await Promise.all([
      ended,
      drain(child.stdout, session.stdout),
      drain(child.stderr, session.stderr),
    ]);
    if (ending.signal === null) return ending.code ?? 255;
    session.exitSignal(ending.signal.slice(3));
    return undefined;
  } finally {
    clearKill();
  }
}

/** As sshd gives it to a forced command, which it is not, when the client asked for a shell. */
function originalOf({ originalCommand }: ServerSession): Record<string, string> {
  if (originalCommand === undefined || originalCommand === '' || originalCommand.includes('\0')) return {};
  return { SSH_ORIGINAL_COMMAND: originalCommand };
}

interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

function exitOf(child: Child): Promise<Ending> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
}

/** Forwards signals, and ends the whole process group when the client is gone. @returns what undoes it. */
function endWith(session: ServerSession, child: Child): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  session.onSignal((name) => {
    if (SIGNALS.has(name)) signalGroup(child, `SIG${name}` as NodeJS.Signals);
  });
  const abandon = (): void => {
    signalGroup(child, 'SIGHUP');
    // What it started may have left the group and still hold the pipes.
    child.stdin.destroy();
    child.stdout.destroy();
    child.stderr.destroy();
    timer = setTimeout(() => signalGroup(child, 'SIGKILL'), KILL_AFTER);
  };
  session.signal.addEventListener('abort', abandon, { once: true });
  return () => {
    session.signal.removeEventListener('abort', abandon);
    clearTimeout(timer);
  };
}

function signalGroup(child: Child, signal: NodeJS.Signals): void {
  // Once it has exited, its number may belong to somebody else.
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // Gone already.
  }
}

/** A command need not read its input, so its end is no error. */
async function feed(input: AsyncIterable<Uint8Array>, stdin: Writable): Promise<void> {
  stdin.on('error', () => {});
  try {
    for await (const bytes of input) {
      if (stdin.destroyed) return;
      if (!stdin.write(bytes)) await room(stdin);
    }
  } catch {
    // The connection broke; the process group is ended elsewhere.
  }
  stdin.end();
}

/** Resolves when there is room again, or never will be. */
function room(stdin: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stdin.off('drain', done);
      stdin.off('close', done);
      resolve();
    };
    stdin.once('drain', done);
    stdin.once('close', done);
  });
}

async function drain(output: Readable, to: SessionOutput): Promise<void> {
  try {
    for await (const chunk of output) await to.write(chunk as Uint8Array);
  } catch {
    // The client is gone, or the pipe was closed because it is.
    output.destroy();
  }
}

function inheritedEnv(): Record<string, string> {
  const env: Record<string, string> = {};
  for (const name of INHERITED) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  return env;
}

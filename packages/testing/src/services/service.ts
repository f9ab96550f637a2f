import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../free-port.ts';
import { isRunning, stopTree } from '../process-tree.ts';
import { scratchDir } from '../scratch-dir.ts';
import { watchProcess } from '../watched-process.ts';

/** A program that serves something other than SSH, on loopback, with files of its own. */
export interface Service extends AsyncDisposable {
  readonly host: '127.0.0.1';
  readonly port: number;
  /** The Unix socket on which it serves the same. */
  readonly path: string;
  /** Holds everything of this service; gone after {@link stop}. */
  readonly dir: string;
  /** Its own words. */
  log(): string;
  /** Ends it and removes every file. May be called more than once. */
  stop(): Promise<void>;
}

/** How a service is started. */
export interface ServiceCommand {
  readonly program: string;
  readonly args: readonly string[];
  /** Where it listens besides its port. */
  readonly path: string;
  /** What ends it in good order. Default SIGTERM. */
  readonly stopSignal?: NodeJS.Signals;
  /** As whom, where it refuses to be root. */
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
}

/** In a service's folder: the service writes its process id there once it listens. */
export const PID_FILE = 'service.pid';

const START_DEADLINE_MS = 30_000;
/** What has not ended by then is killed. */
const STOP_DEADLINE_MS = 5000;
const RETRY_MS = 20;
/** Somebody may take a free port between asking for it and the service's bind. */
const PORT_ATTEMPTS = 5;

/**
 * Starts a service in the foreground and resolves once it takes connections.
 *
 * @param prepare - Writes what it needs into `dir`.
 * @throws {Error} with its own words when it does not start.
 */
export async function startService(
  name: string,
  prepare: (dir: string, port: number) => Promise<ServiceCommand>,
): Promise<Service> {
  for (let attempt = 1; ; attempt += 1) {
    const result = await tryToStart(name, prepare);
    if ('port' in result) return result;
    if (!/already in use/i.test(result.said) || attempt === PORT_ATTEMPTS) throw new Error(result.said);
  }
}

async function tryToStart(
  name: string,
  prepare: (dir: string, port: number) => Promise<ServiceCommand>,
): Promise<Service | { readonly said: string }> {
  const scratch = scratchDir(name);
  const dir = scratch.path;
  // Services give up root's rights and still have to reach their files.
  chmodSync(dir, 0o755);
  try {
    const port = await freePort();
    const { program, args, path, stopSignal = 'SIGTERM', uid, gid } = await prepare(dir, port);
    const { child, log, isAlive, trouble } = watchProcess(program, args, {
      cwd: dir,
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    });
    const stop = async (): Promise<void> => {
      // In good order first: shared memory of a killed one would stay.
      if (isRunning(child)) await ended(child, stopSignal);
      await stopTree(child);
      scratch.remove();
    };
    const deadline = Date.now() + START_DEADLINE_MS;
    while (isAlive() && Date.now() < deadline) {
      // Its own file, because the port might be somebody else's by now.
      if (existsSync(join(dir, PID_FILE)) && (await answers(port))) {
        return { host: '127.0.0.1', port, path, dir, log, stop, [Symbol.asyncDispose]: stop };
      }
      await delay(RETRY_MS);
    }
    const why = trouble(`nothing on port ${port}`);
    await stop();
    return { said: `${name}: ${why}\n${log()}` };
  } catch (error) {
    scratch.remove();
    throw error;
  }
}

/** Resolves when `child` is gone, or after the time that it gets for it. */
async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const gone = once(child, 'exit', { signal: AbortSignal.timeout(STOP_DEADLINE_MS) });
  child.kill(signal);
  await gone.catch(() => undefined);
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });
}

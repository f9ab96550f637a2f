import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { findProgram, runOk } from '../command.ts';
import { isRunning, stopTree } from '../process-tree.ts';
import { scratchDir } from '../scratch-dir.ts';

/** A real X server without a screen to look at, which lets in who has its cookie. */
export interface XServer extends AsyncDisposable {
  /** As in DISPLAY. */
  readonly display: string;
  readonly number: number;
  /** The Unix socket on which it listens; it does not listen on TCP. */
  readonly path: string;
  /** File with its cookie. */
  readonly xauthority: string;
  /** In hexadecimal. */
  readonly cookie: string;
  stop(): Promise<void>;
}

/** What it has for its good order before it is killed, in milliseconds. */
const STOP_DEADLINE_MS = 5000;

/** Why no X server can be started and asked here, or `undefined`. */
export function xServerObstacle(): string | undefined {
  const missing = ['Xvfb', 'xauth', 'xdpyinfo'].find((name) => findProgram(name) === undefined);
  return missing === undefined ? undefined : `no ${missing} is here`;
}

/** Starts Xvfb with a number that is free, and resolves once it takes connections. @throws {Error} with its own words. */
export async function startXServer(): Promise<XServer> {
  const [program, xauth] = [findProgram('Xvfb'), findProgram('xauth')];
  if (program === undefined || xauth === undefined) throw new Error('no Xvfb, or no xauth, is here');
  const scratch = scratchDir('x');
  const [served, xauthority] = [join(scratch.path, 'served'), join(scratch.path, 'xauthority')];
  const cookie = randomBytes(16).toString('hex');
  // It takes every cookie of the file, whatever number of a display stands beside it.
  await runOk(xauth, ['-f', served, 'add', ':0', '.', cookie]);
  // Without -noreset it would forget the cookies that it makes itself as soon as nobody is connected.
  const args = [
    '-displayfd',
    '3',
    '-auth',
    served,
    '-nolisten',
    'tcp',
    '-noreset',
    '-screen',
    '0',
    '640x480x24',
  ];
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk;
  });
  const stop = async (): Promise<void> => {
    if (isRunning(child)) {
      // In good order first, so that it removes its socket.
      const gone = once(child, 'exit', { signal: AbortSignal.timeout(STOP_DEADLINE_MS) });
      child.kill('SIGTERM');
      await gone.catch(() => undefined);
    }
    await stopTree(child);
    scratch.remove();
  };
  try {
    const number = await new Promise<number>((resolve, reject) => {
      (child.stdio[3] as NodeJS.ReadableStream).once('data', (chunk: Buffer) =>
        resolve(Number(chunk.toString())),
      );
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`Xvfb ended with ${code}: ${said.trim()}`)));
    });
    const display = `:${number}`;
    await runOk(xauth, ['-f', xauthority, 'add', display, '.', cookie]);
    const path = `/tmp/.X11-unix/X${number}`;
    return { display, number, path, xauthority, cookie, stop, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

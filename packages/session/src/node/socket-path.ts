import { lstat, stat, unlink } from 'node:fs/promises';
import { connect, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { close, type LocalListener, listen } from './listener.ts';

/** Longest path, in bytes: `sun_path` has 108 on Linux and 104 elsewhere, with the byte that ends it. Longer ones get cut. */
const MAX_BYTES = process.platform === 'linux' ? 107 : 103;
/** Only the owner connects: that is what writing to a socket means. */
const OWNER_ONLY = 0o600;
const OTHERS_WRITE = 0o022;
const STICKY = 0o1000;

/** Why a Unix socket cannot be where it was asked for. */
export type SocketPathProblem = 'path_too_long' | 'path_exists' | 'path_unsafe' | 'address_in_use';

/** `message` says what is wrong, without the path. */
export class SocketPathError extends Error {
  override readonly name = 'SocketPathError';
  readonly problem: SocketPathProblem;

  constructor(problem: SocketPathProblem, message: string) {
    super(message);
    this.problem = problem;
  }
}

/**
 * Listens on a Unix socket that only this user can connect to, from its first moment on. It is removed when listening
 * ends.
 *
 * @param replaceStale - Whether a socket on which nobody listens is removed first.
 * @throws {SocketPathError} when it cannot be safe there, or something is there; what the operating system says.
 */
export async function listenOnPath(
  path: string,
  replaceStale: boolean,
  onSocket: (socket: Socket) => void,
): Promise<LocalListener> {
  // A pipe of Windows is no file.
  if (!path.startsWith('\\\\')) await checkPlace(path, replaceStale);
  const server = await listenPrivately(path, onSocket);
  return { port: undefined, close: () => close(server) };
}

/** The socket gets its rights when it is made, from the mask of the process; a worker thread cannot set that. */
function listenPrivately(path: string, onSocket: (socket: Socket) => void): Promise<Server> {
  const masked = (mask: number): number | undefined => {
    try {
      return process.umask(mask);
    } catch {
      return undefined;
    }
  };
  const before = masked(0o777 & ~OWNER_ONLY);
  try {
    // It is bound before this returns.
    return listen({ path, readableAll: false, writableAll: false }, onSocket);
  } finally {
    if (before !== undefined) process.umask(before);
  }
}

async function checkPlace(path: string, replaceStale: boolean): Promise<void> {
  if (Buffer.byteLength(path) > MAX_BYTES) {
    const why = `the path is longer than the ${MAX_BYTES} bytes that a socket can have`;
    throw new SocketPathError('path_too_long', why);
  }
  await checkFolder(path);
  const there = await lstat(path).catch(absent);
  if (there === undefined) return;
  if (!there.isSocket()) {
    const what = there.isSymbolicLink() ? 'there is a symbolic link' : 'there is a file already';
    throw new SocketPathError('path_exists', what);
  }
  if (await isAnswered(path)) throw new SocketPathError('address_in_use', 'somebody listens there already');
  if (!replaceStale) throw stale();
  await unlink(path).catch(absent);
}

/** Whoever can write to the folder can put a socket of his own in the place of ours; a sticky folder keeps it. */
async function checkFolder(path: string): Promise<void> {
  const folder = await stat(dirname(path)).catch(absent);
  if (folder === undefined || !folder.isDirectory()) {
    throw new SocketPathError('path_unsafe', 'its folder is missing');
  }
  const mine = [0, process.getuid?.() ?? 0].includes(folder.uid);
  const shared = (folder.mode & OTHERS_WRITE) !== 0 && (folder.mode & STICKY) === 0;
  if (!mine || shared) {
    throw new SocketPathError('path_unsafe', 'others can write to its folder');
  }
}

function stale(): SocketPathError {
  const why = 'there is a socket already, on which nobody listens; replaceStale takes its place';
  return new SocketPathError('path_exists', why);
}

/** Whether somebody takes connections. One who may not be asked counts as somebody. */
function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    const answer = (listens: boolean): void => {
      socket.destroy();
      resolve(listens);
    };
    socket.once('connect', () => answer(true));
    socket.once('error', (error: NodeJS.ErrnoException) => answer(error.code !== 'ECONNREFUSED'));
  });
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
  throw error;
}

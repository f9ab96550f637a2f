import { chmod, link, mkdir, mkdtemp, rm, stat, unlink } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname, join } from 'node:path';

/** Most clients at a time. OpenSSH's agent is bounded by its open files. */
const MAX_CLIENTS = 64;

/** A socket on which an agent answers. */
export interface AgentListener extends AsyncDisposable {
  /** For `SSH_AUTH_SOCK`. */
  readonly path: string;
  /** Ends every client, and removes the socket. May be called more than once. */
  close(): Promise<void>;
}

/**
 * Listens on a unix socket that only this user can open, or on a Windows pipe.
 *
 * A socket has the rights of the umask until they are changed. So it is made in a folder that nobody else enters, and
 * put in its place when it is private; an existing file is never replaced.
 *
 * @throws what the operating system says: `EEXIST`, `EACCES`, …
 */
export async function listenPrivately(
  path: string,
  onClient: (socket: Socket) => void,
): Promise<AgentListener> {
  const clients = new Set<Socket>();
  const server = createServer((socket) => {
    if (clients.size >= MAX_CLIENTS) {
      socket.destroy();
      return;
    }
    clients.add(socket);
    socket.once('close', () => clients.delete(socket));
    onClient(socket);
  });
  const remove = path.startsWith('\\\\') ? await bind(server, path) : await bindInFolder(server, path);
  // A client that could not be accepted, because there are too many files, is one client less: the next one may be.
  server.on('error', () => {});
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= (async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of clients) socket.destroy();
      await closed;
      await remove();
    })();
    return closing;
  };
  return { path, close, [Symbol.asyncDispose]: close };
}

function bind(server: Server, path: string): Promise<() => Promise<void>> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve(async () => {});
    });
  });
}

async function bindInFolder(server: Server, path: string): Promise<() => Promise<void>> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const folder = await mkdtemp(join(dirname(path), '.agent-'));
  try {
    const made = join(folder, 's');
    await bind(server, made);
    await chmod(made, 0o600);
    const { ino } = await stat(made);
    // A link and not a rename, which would replace what is there.
    await link(made, path);
    return async () => {
      const now = await stat(path).catch(() => undefined);
      if (now?.ino === ino) await unlink(path).catch(() => {});
    };
  } catch (error) {
    server.close();
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

import { createServer, type ListenOptions, type Server, type Socket } from 'node:net';

/** Connections that the operating system holds for us before they are taken. Node's default. */
const BACKLOG = 511;
/** A port that is free at 127.0.0.1 may be taken at ::1. So often another one is tried. */
const PORT_ATTEMPTS = 10;

/** Loopback of both families. */
const LOOPBACK = 'localhost';

/** Where to listen. */
export interface LocalPort {
  readonly localHost: string;
  /** 0: any free one. */
  readonly localPort: number;
}

/** Sockets that listen on this side. */
export interface LocalListener {
  /** The real port, where a port listens. */
  readonly port: number | undefined;
  /** Takes no more connections; those that it has taken go on. Never rejects. */
  close(): Promise<void>;
}

/**
 * Listens on a port. What comes is paused, and stays open for writing when it has ended.
 *
 * `localhost` is loopback of both families, as far as the machine has both, on one port: were only one of them ours,
 * somebody else could get what is meant for us at the other. `''` is every address.
 *
 * @throws what the operating system says, with its `code`.
 */
export async function listenOnPort(
  { localHost, localPort }: LocalPort,
  onSocket: (socket: Socket) => void,
): Promise<LocalListener> {
  if (localHost === '') return everywhere(localPort, onSocket);
  if (localHost !== LOOPBACK) return group([await listen({ host: localHost, port: localPort }, onSocket)]);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await loopback(localPort, onSocket);
    } catch (error) {
      const again = localPort === 0 && attempt < PORT_ATTEMPTS && hasCode(error, ['EADDRINUSE']);
      if (!again) throw error;
    }
  }
}

async function loopback(port: number, onSocket: (socket: Socket) => void): Promise<LocalListener> {
  const servers: Server[] = [];
  for (const host of ['127.0.0.1', '::1']) {
    const first = servers[0];
    try {
      servers.push(await listen({ host, port: first === undefined ? port : portOf(first) }, onSocket));
    } catch (error) {
      // A machine without one of the families has nobody there either.
      const absent = hasCode(error, ['EADDRNOTAVAIL', 'EAFNOSUPPORT']);
      if (absent && (host === '127.0.0.1' || first !== undefined)) continue;
      if (first !== undefined) await close(first);
      throw error;
    }
  }
  return group(servers);
}

/** `::` takes both families, where there are both. */
async function everywhere(port: number, onSocket: (socket: Socket) => void): Promise<LocalListener> {
  try {
    return group([await listen({ host: '::', port, ipv6Only: false }, onSocket)]);
  } catch (error) {
    if (!hasCode(error, ['EADDRNOTAVAIL', 'EAFNOSUPPORT'])) throw error;
    return group([await listen({ host: '0.0.0.0', port }, onSocket)]);
  }
}

export function listen(options: ListenOptions, onSocket: (socket: Socket) => void): Promise<Server> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ backlog: BACKLOG, ...options }, () => {
      server.off('error', reject);
      // Accepting can fail, for want of descriptors: that connection is lost, and the next one is not.
      server.on('error', () => {});
      server.on('connection', onSocket);
      resolve(server);
    });
  });
}

export function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    // The callback comes when the last connection is over, and they may go on: nobody listens from now on.
    server.close();
    server.unref();
    setImmediate(resolve);
  });
}

function group(servers: readonly Server[]): LocalListener {
  const [first] = servers;
  return {
    port: first === undefined ? undefined : portOf(first),
    close: async () => {
      await Promise.all(servers.map(close));
    },
  };
}

function portOf(server: Server): number {
  const address = server.address();
  return address !== null && typeof address === 'object' ? address.port : 0;
}

const hasCode = (error: unknown, codes: readonly string[]): boolean =>
  error instanceof Error && 'code' in error && codes.includes(String(error.code));

import { createServer, type ListenOptions, type Server, type Socket } from 'node:net';

/** A listener, on loopback when nothing else is said, that remembers its connections, so that it can end them all. */
export interface Listener {
  readonly port: number;
  readonly sockets: ReadonlySet<Socket>;
  /** Ends the listener and every connection, at once. */
  readonly stop: () => Promise<void>;
}

export function listen(
  onConnection: (socket: Socket) => void,
  at: ListenOptions = { port: 0, host: '127.0.0.1' },
): Promise<Listener> {
  const sockets = new Set<Socket>();
  const server: Server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    track(sockets, socket);
    onConnection(socket);
  });
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(at, () => {
      const address = server.address();
      const port = address !== null && typeof address === 'object' ? address.port : 0;
      resolve({ port, sockets, stop });
    });
  });
}

/** Keeps `socket` in `sockets` while it is open. Its errors are part of the tests and never thrown. */
export function track(sockets: Set<Socket>, socket: Socket): void {
  sockets.add(socket);
  socket.on('error', () => undefined);
  socket.on('close', () => sockets.delete(socket));
}

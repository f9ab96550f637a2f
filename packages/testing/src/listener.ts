import { createServer, type Server, type Socket } from 'node:net';

/** A TCP listener on loopback that remembers its connections, so that it can end them all. */
export interface Listener {
  readonly port: number;
  readonly sockets: ReadonlySet<Socket>;
  /** Ends the listener and every connection, at once. */
  readonly stop: () => Promise<void>;
}

export function listen(onConnection: (socket: Socket) => void): Promise<Listener> {
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
    server.listen(0, '127.0.0.1', () => {
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

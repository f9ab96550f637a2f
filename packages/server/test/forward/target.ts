import { createServer, type ListenOptions, type Socket } from 'node:net';

/** A server at the far end of a forward. */
export interface Target extends AsyncDisposable {
  readonly port: number;
  readonly sockets: ReadonlySet<Socket>;
  /** Connections so far. */
  readonly count: number;
}

/** Its sockets are half-open: what ends one direction does not end the other. */
export function startTarget(
  onSocket: (socket: Socket) => void,
  at: ListenOptions = { port: 0, host: '127.0.0.1' },
): Promise<Target> {
  const sockets = new Set<Socket>();
  let count = 0;
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    count += 1;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
    onSocket(socket);
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(at, () => {
      const address = server.address();
      resolve({
        port: address !== null && typeof address === 'object' ? address.port : 0,
        sockets,
        get count() {
          return count;
        },
        [Symbol.asyncDispose]: () =>
          new Promise((done) => {
            server.close(() => done());
            for (const socket of sockets) socket.destroy();
          }),
      });
    });
  });
}

/** Answers with what came, when all of it has come: half-close is needed to get anything. */
export function answerAtEnd(socket: Socket): void {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('end', () => socket.end(Buffer.concat([Buffer.from('got '), ...chunks])));
}

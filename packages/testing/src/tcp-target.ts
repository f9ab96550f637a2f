import type { ListenOptions, Socket } from 'node:net';
import { listen } from './listener.ts';

/** A server at the end of a tunnel: each connection is given to `onSocket`, half-open. */
export interface TcpTarget extends AsyncDisposable {
  /** 0 for one at a path. */
  readonly port: number;
  /** Connections so far. */
  readonly connections: number;
  /** Connections now. */
  readonly sockets: ReadonlySet<Socket>;
  onSocket: (socket: Socket) => void;
  stop(): Promise<void>;
}

/** @param onSocket - May be replaced later. @param at - Default: a free port of loopback. */
export async function startTcpTarget(
  onSocket: (socket: Socket) => void = () => {},
  at?: ListenOptions,
): Promise<TcpTarget> {
  let connections = 0;
  const { port, sockets, stop } = await listen((socket) => {
    connections += 1;
    target.onSocket(socket);
  }, at);
  const target: TcpTarget = {
    port,
    get connections() {
      return connections;
    },
    sockets,
    onSocket,
    stop,
    [Symbol.asyncDispose]: stop,
  };
  return target;
}

/** Sends back what comes, and ends when the other end has. */
export const echoing = (socket: Socket): void => {
  socket.pipe(socket);
};

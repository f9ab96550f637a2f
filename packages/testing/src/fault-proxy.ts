import { connect, type Socket } from 'node:net';
import { FaultPipe } from './fault-pipe.ts';
import type { Direction, FaultPlan } from './fault-plan.ts';
import { listen, track } from './listener.ts';

/** A TCP proxy in this process that spoils what passes through it. */
export interface FaultProxy extends AsyncDisposable {
  readonly host: '127.0.0.1';
  readonly port: number;
  /** How many connections there have been. */
  readonly connections: number;
  /** Bytes let through so far, over all connections. */
  readonly bytes: Readonly<Record<Direction, number>>;
  /** Holds back everything from now on; what is held is not read from the sender any more. */
  stall(direction?: Direction): void;
  resume(direction?: Direction): void;
  /** Sends FIN in one direction of every open connection. The other goes on. */
  halfClose(direction: Direction): void;
  /** Ends every open connection with RST on both sides. */
  reset(): void;
  stop(): Promise<void>;
}

/** @param plan - Faults of every connection, or a function of the connection's number, from 0. */
export async function startFaultProxy(
  target: { readonly host: string; readonly port: number },
  plan: FaultPlan | ((connection: number) => FaultPlan) = {},
): Promise<FaultProxy> {
  const pairs = new Set<Pair>();
  const bytes: Record<Direction, number> = { toServer: 0, toClient: 0 };
  const dialled = new Set<Socket>();
  let connections = 0;

  const listener = await listen((client) => {
    const faults = typeof plan === 'function' ? plan(connections) : plan;
    connections += 1;
    const server = connect({ host: target.host, port: target.port, allowHalfOpen: true, noDelay: true });
    track(dialled, server);
    const pair: Pair = {
      client,
      server,
      toServer: new FaultPipe(client, server, faults.toServer ?? {}, (count) => {
        bytes.toServer += count;
      }),
      toClient: new FaultPipe(server, client, faults.toClient ?? {}, (count) => {
        bytes.toClient += count;
      }),
    };
    pairs.add(pair);
    client.on('error', () => server.resetAndDestroy());
    server.on('error', () => client.resetAndDestroy());
    client.on('close', () => pairs.delete(pair));
  });

  const pipes = (direction?: Direction): FaultPipe[] =>
    [...pairs].flatMap((pair) =>
      direction === undefined ? [pair.toServer, pair.toClient] : [pair[direction]],
    );
  const stop = async (): Promise<void> => {
    for (const socket of dialled) socket.destroy();
    await listener.stop();
  };
  return {
    host: '127.0.0.1',
    port: listener.port,
    get connections() {
      return connections;
    },
    bytes,
    stall: (direction) => {
      for (const pipe of pipes(direction)) pipe.stall();
    },
    resume: (direction) => {
      for (const pipe of pipes(direction)) pipe.resume();
    },
    halfClose: (direction) => {
      for (const pipe of pipes(direction)) pipe.end();
    },
    reset: () => {
      for (const { client, server } of pairs) {
        client.resetAndDestroy();
        server.resetAndDestroy();
      }
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  readonly toServer: FaultPipe;
  readonly toClient: FaultPipe;
}

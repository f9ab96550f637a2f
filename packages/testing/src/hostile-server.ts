import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { listen } from './listener.ts';
import { seededRandom } from './seeded-random.ts';

/** One thing that the server does to a connection. Text is sent as Latin-1, so `\xff` is the byte 0xff. */
export type HostileStep =
  | { readonly do: 'send'; readonly data: string | Uint8Array; readonly times?: number }
  /** Waits until this many bytes have arrived in all. */
  | { readonly do: 'await-bytes'; readonly count: number }
  /** Waits until what has arrived holds this text. */
  | { readonly do: 'await-text'; readonly text: string }
  | { readonly do: 'pause'; readonly ms: number }
  /** Sends back whatever arrives, from the first byte on. */
  | { readonly do: 'echo' }
  /** Says nothing more and keeps the connection open. Also what happens when the script is over. */
  | { readonly do: 'silence' }
  | { readonly do: 'end' }
  /** Closes with RST. */
  | { readonly do: 'reset' };

/** A TCP server that follows a script and understands nothing. */
export interface HostileServer extends AsyncDisposable {
  readonly host: '127.0.0.1';
  readonly port: number;
  /** How many connections there have been. */
  readonly connections: number;
  /** All bytes of the connection with this number, from 0. */
  received(connection?: number): Uint8Array;
  stop(): Promise<void>;
}

/** @param script - Steps for each connection, or a function of the connection's number, from 0. */
export async function startHostileServer(
  script: readonly HostileStep[] | ((connection: number) => readonly HostileStep[]),
): Promise<HostileServer> {
  const received: Buffer[][] = [];
  const listener = await listen((socket) => {
    const chunks: Buffer[] = [];
    received.push(chunks);
    socket.on('data', (chunk) => chunks.push(chunk));
    const steps = typeof script === 'function' ? script(received.length - 1) : script;
    // A connection that goes away in the middle of its script is the client's good right.
    follow(socket, steps, chunks).catch(() => socket.destroy());
  });
  return {
    host: '127.0.0.1',
    port: listener.port,
    get connections() {
      return received.length;
    },
    received: (connection = 0) => new Uint8Array(Buffer.concat(received[connection] ?? [])),
    stop: listener.stop,
    [Symbol.asyncDispose]: listener.stop,
  };
}

async function follow(
  socket: Socket,
  steps: readonly HostileStep[],
  chunks: readonly Buffer[],
): Promise<void> {
  const closed = new AbortController();
  socket.once('close', () => closed.abort());
  const { signal } = closed;
  const until = async (reached: (all: Buffer) => boolean): Promise<void> => {
    while (!reached(Buffer.concat(chunks))) await once(socket, 'data', { signal });
  };
  for (const step of steps) {
    switch (step.do) {
      case 'send':
        for (let n = 0; n < (step.times ?? 1) && !signal.aborted; n += 1) {
          const data = typeof step.data === 'string' ? Buffer.from(step.data, 'latin1') : step.data;
          if (!socket.write(data)) await once(socket, 'drain', { signal });
        }
        break;
      case 'await-bytes':
        await until((all) => all.length >= step.count);
        break;
      case 'await-text':
        await until((all) => all.includes(step.text, 0, 'latin1'));
        break;
      case 'pause':
        await delay(step.ms, undefined, { signal });
        break;
      case 'echo':
        for (const chunk of chunks) socket.write(chunk);
        socket.on('data', (chunk) => socket.write(chunk));
        break;
      case 'silence':
        await once(socket, 'close');
        break;
      case 'end':
        socket.end();
        break;
      case 'reset':
        socket.resetAndDestroy();
        break;
      default:
        step satisfies never;
    }
  }
}

/** Accepts and never says a word. */
export const silentScript: readonly HostileStep[] = [{ do: 'silence' }];

/** What a web server answers to a line it does not understand. */
export const httpScript: readonly HostileStep[] = [
  { do: 'await-bytes', count: 1 },
  { do: 'send', data: 'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n' },
  { do: 'end' },
];

/** A mail server speaks first. */
export const smtpScript: readonly HostileStep[] = [{ do: 'send', data: '220 mail.example ESMTP\r\n' }];

/** Sends `line` as its identification, then `more`, and then nothing. */
export function identificationScript(line: string, more: string | Uint8Array = ''): readonly HostileStep[] {
  return [
    { do: 'send', data: `${line}\r\n` },
    { do: 'send', data: more },
  ];
}

/** Noise that is the same for the same seed. */
export function garbageScript(seed: number, length = 4096): readonly HostileStep[] {
  return [{ do: 'send', data: seededRandom(`garbage ${seed}`)(length) }];
}

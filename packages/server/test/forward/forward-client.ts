import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type NetConnectOpts, type Socket } from 'node:net';
import type { OpensshBinaries } from '@nbs-ssh/testing';
import { clientEnv, type Fixture } from '../support.ts';

/** A running `ssh` that forwards. */
export interface ForwardClient extends AsyncDisposable {
  readonly child: ChildProcess;
  /** What it has said so far, with its debugging lines. */
  readonly stderr: () => string;
  /** Resolves when it has said something that matches. Rejects when it ends before. */
  said(pattern: RegExp): Promise<RegExpExecArray>;
  /** Resolves with its exit code. */
  readonly ended: Promise<number | null>;
}

/** Starts `ssh -N` and waits until it is logged in and has asked for its forwards. */
export async function startForwards(
  binaries: OpensshBinaries,
  fixture: Fixture,
  key: string,
  ...options: readonly string[]
): Promise<ForwardClient> {
  const client = runForwards(binaries, fixture, key, ...options);
  await client.said(/Entering interactive session/);
  return client;
}

export function runForwards(
  binaries: OpensshBinaries,
  fixture: Fixture,
  key: string,
  ...options: readonly string[]
): ForwardClient {
  const args = fixture.arguments('-v', '-N', '-i', key, '-o', 'BatchMode=yes', ...options);
  const child = spawn(binaries.ssh, args, { env: clientEnv(binaries), stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  let over = false;
  const listeners = new Set<() => void>();
  const tell = (): void => {
    for (const listener of [...listeners]) listener();
  };
  child.stderr?.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    tell();
  });
  const ended = once(child, 'close').then(([code]) => {
    over = true;
    tell();
    return code as number | null;
  });
  return {
    child,
    stderr: () => text,
    ended,
    said: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = pattern.exec(text);
          if (found === null && !over) return;
          listeners.delete(look);
          if (found === null) reject(new Error(`ssh ended without ${pattern}:\n${text}`));
          else resolve(found);
        };
        listeners.add(look);
        look();
      }),
    [Symbol.asyncDispose]: async () => {
      child.kill();
      await ended;
    },
  };
}

/** What a connection came to. */
export interface Talk {
  readonly received: Buffer;
  /** `reset` when it ended with an error. */
  readonly end: 'end' | 'reset';
}

/** Connects, sends everything and FIN, and reads to the end. */
export function talk(to: NetConnectOpts, sent: Uint8Array | string): Promise<Talk> {
  const socket = connect({ ...to, allowHalfOpen: true });
  socket.end(sent);
  return readToEnd(socket);
}

/** The same through a SOCKS proxy, version 4: what is to be sent comes when the proxy has granted the connection. */
export async function talkThroughSocks(proxy: number, port: number, sent: string): Promise<Talk> {
  const socket = connect({ host: '127.0.0.1', port: proxy, allowHalfOpen: true });
  // Version, connect, port, address, no user.
  socket.write(Uint8Array.of(4, 1, port >> 8, port & 0xff, 127, 0, 0, 1, 0));
  const [granted] = (await once(socket, 'data')) as [Buffer];
  if (granted.length !== 8 || granted[1] !== 90) throw new Error('the proxy did not grant it');
  socket.end(sent);
  return readToEnd(socket);
}

export function readToEnd(socket: Socket): Promise<Talk> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const give = (end: Talk['end']): void => {
      socket.destroy();
      resolve({ received: Buffer.concat(chunks), end });
    };
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.once('end', () => give('end'));
    socket.once('error', () => give('reset'));
  });
}

/** Answers with what came, when all of it has come: without half-close nobody gets anything. */
export function answerAtEnd(socket: Socket): void {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('end', () => socket.end(Buffer.concat([Buffer.from('got '), ...chunks])));
}

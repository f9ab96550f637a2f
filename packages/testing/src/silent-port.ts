import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';

/** A port of loopback at which connecting neither succeeds nor fails. */
export interface SilentPort extends AsyncDisposable {
  readonly port: number;
}

/** Linux puts one more connection into the queue than was asked for. */
const QUEUE = 2;

/** Listens, and never accepts: a process whose event loop stands still. */
const SCRIPT = `
  const server = require('node:net').createServer();
  server.listen({ port: 0, host: '127.0.0.1', backlog: ${QUEUE - 1} }, () => {
    require('node:fs').writeSync(1, String(server.address().port));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });
`;

/** Starts one. The queue of the operating system is full when it resolves, so that the next connection waits. */
export async function startSilentPort(): Promise<SilentPort> {
  const child = spawn(process.execPath, ['-e', SCRIPT], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const [said] = await Promise.race([
    once(child.stdout, 'data'),
    exited.then(() => {
      throw new Error('the silent port ended before it listened');
    }),
  ]);
  const port = Number(said);
  const waiting = Array.from({ length: QUEUE }, () => connect(port, '127.0.0.1'));
  await Promise.all(waiting.map((socket) => once(socket, 'connect')));
  for (const socket of waiting) socket.on('error', () => undefined);
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of waiting) socket.destroy();
      child.kill('SIGKILL');
      await exited;
    },
  };
}

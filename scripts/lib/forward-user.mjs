// The program that uses a forward under proof, in a process of its own. argv: where to connect, as JSON. Does one work per
// message over IPC and says how long it took.
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { socketConnection, trafficOver } from './forward-traffic.mjs';
import { socksConnect } from './socks-connect.mjs';

const RETRY_MS = 5;
const via = JSON.parse(process.argv[2] ?? '');

async function dial() {
  const socket = await connected();
  const connection = socketConnection(socket);
  if (via.socks !== undefined) await socksConnect(connection, via.socks, via.to);
  return connection;
}

async function connected() {
  const where = via.path === undefined ? { port: via.port, host: '127.0.0.1' } : { path: via.path };
  for (;;) {
    const socket = connect({ ...where, allowHalfOpen: true, noDelay: true });
    try {
      await once(socket, 'connect');
      return socket;
    } catch (error) {
      // The queue of a Unix socket is full: sshd's has 128 places. Connecting does not wait for one by itself.
      if (error.code !== 'EAGAIN') throw error;
      await delay(RETRY_MS);
    }
  }
}

const traffic = trafficOver(dial);
process.on('message', async ({ work, argument }) => {
  const start = performance.now();
  try {
    await traffic[work](argument);
    process.send({ ms: performance.now() - start });
  } catch (error) {
    process.send({ error: error instanceof Error ? error.stack : String(error) });
  }
});
process.on('disconnect', () => process.exit());
process.send({ ms: 0 });

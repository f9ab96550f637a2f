// What the forwards under proof lead to, in a process of its own. argv: path of a Unix socket. Reports its port over IPC.
// The first line of a connection, JSON, says what it is for.
import { createServer } from 'node:net';
import { parcel, receipt, socketConnection } from './forward-traffic.mjs';

/** What was received on connections that could not be told so themselves. */
const received = new Map();
const waiting = new Map();

const tasks = {
  /** Sends so many bytes and their digest. */
  async send(connection, { bytes }) {
    await parcel(connection, bytes);
    await connection.end();
  },
  /** Takes everything, and says what it was once the other side has ended. */
  async take(connection) {
    const { digest } = await receipt(connection);
    await connection.write(digest);
    await connection.end();
  },
  /** Says nothing before the other side has ended. */
  async answer(connection, { bytes }) {
    await receipt(connection);
    await parcel(connection, bytes);
    await connection.end();
  },
  /** Ends its own side first and goes on taking. */
  async leave(connection, { id }) {
    await connection.write(Buffer.from('bye'));
    await connection.end();
    const { digest } = await receipt(connection);
    received.set(id, digest);
    waiting.get(id)?.(digest);
  },
  /** Says what arrived after it had left. */
  async told(connection, { id }) {
    await connection.write(received.get(id) ?? (await new Promise((resolve) => waiting.set(id, resolve))));
    await connection.end();
  },
  async echo(connection) {
    for (let chunk = await connection.read(); chunk !== undefined; chunk = await connection.read()) {
      await connection.write(chunk);
    }
    await connection.end();
  },
  /** Sends until somebody stops it. */
  async flood(connection) {
    const block = Buffer.alloc(256 * 1024, 7);
    for (;;) await connection.write(block);
  },
};

async function serve(socket) {
  const connection = socketConnection(socket);
  try {
    let line = '';
    while (!line.includes('\n')) {
      const chunk = await connection.read();
      if (chunk === undefined) return;
      line += Buffer.from(chunk).toString('latin1');
    }
    const end = line.indexOf('\n');
    const task = JSON.parse(line.slice(0, end));
    connection.unread(Buffer.from(line.slice(end + 1), 'latin1'));
    await tasks[task.do](connection, task);
  } catch {
    // Whoever was at the other end is gone, and has found out by himself.
    connection.destroy();
  }
}

const options = { allowHalfOpen: true, noDelay: true };
const byPort = createServer(options, serve);
const byPath = createServer(options, serve);
byPath.listen({ path: process.argv[2], backlog: 511 }, () => {
  byPort.listen({ port: 0, host: '127.0.0.1', backlog: 511 }, () =>
    process.send({ port: byPort.address().port }),
  );
});
process.on('disconnect', () => process.exit());

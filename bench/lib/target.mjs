// What the forwards of the benchmark lead to, in a process of its own. Reports its port over IPC.
// The first bytes of a connection say what it is for: see `traffic.mjs`.
import { createServer } from 'node:net';

/** In one piece as large as this a process writes to loopback as fast as it can. */
const BLOCK = Buffer.alloc(1024 * 1024, 7);
/** A letter, and how many bytes are meant, as a double. */
const HEADER = 9;

const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
  let head = Buffer.alloc(0);
  socket.on('error', () => socket.destroy());
  socket.on('end', () => socket.end());
  const begin = (chunk) => {
    head = Buffer.concat([head, chunk]);
    if (head.length < HEADER) return void socket.once('data', begin);
    const amount = head.readDoubleBE(1);
    const rest = head.subarray(HEADER);
    if (head[0] === 0x65) echo(socket, rest);
    else if (head[0] === 0x64) send(socket, amount);
    else receive(socket, amount - rest.length);
  };
  socket.once('data', begin);
});
server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 }, () =>
  process.send({ port: server.address().port }),
);
process.on('disconnect', () => process.exit());

function echo(socket, first) {
  if (first.length > 0) socket.write(first);
  socket.on('data', (chunk) => socket.write(chunk));
}

function send(socket, amount) {
  let left = amount;
  const more = () => {
    while (left > 0) {
      const block = BLOCK.subarray(0, Math.min(left, BLOCK.length));
      left -= block.length;
      if (!socket.write(block)) return void socket.once('drain', more);
    }
  };
  more();
}

/** Answers with one byte once everything is here: not every program that forwards keeps half-closed connections. */
function receive(socket, amount) {
  let left = amount;
  const count = (length) => {
    left -= length;
    if (left <= 0) socket.write('.');
  };
  count(0);
  socket.on('data', ({ length }) => count(length));
}

// What the forwards of every runtime lead to. In a process of its own, by Node: servers that answer after a half-close are not
// what is tried here, and Deno's loses the end of what they write.
import { createServer } from 'node:net';

/** Bytes of an answer: longer than one window of a channel. */
export const ANSWER = 5_000_000;

/** Answers when its client has ended its side, and only then. Listens on a free port of loopback. */
export function startTarget() {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    socket.resume();
    socket.on('end', () => socket.end(new Uint8Array(ANSWER)));
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve({ port: server.address().port, stop: () => server.close() }));
  });
}

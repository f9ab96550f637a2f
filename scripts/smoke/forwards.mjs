// Forwards, in whatever runtime this is: a port here, a port there, SOCKS, a Unix socket and a pipe, each with an end at a time.
import { connect as dial } from 'node:net';
import { ANSWER } from './target.mjs';

/** @param port - Where the target listens. @param expect - Throws with its second argument unless the first is true. */
export async function tryForwards(conn, port, expect) {
  const local = await conn.forwardLocal(0, '127.0.0.1', port);
  expect((await ask({ port: local.localPort })) === ANSWER, 'the whole answer through a local forward');
  expect(local.stats.connections === 1, 'one connection counted');
  await local.close();

  const remote = await conn.forwardRemote({ remotePort: 0, localHost: '127.0.0.1', localPort: port });
  expect((await ask({ port: remote.remotePort })) === ANSWER, 'the whole answer through a remote forward');
  await remote.close();

  const socks = await conn.forwardDynamic({ localPort: 0 });
  const answer = await ask({ port: socks.localPort }, connectRequest(port), 10);
  expect(answer === ANSWER, 'the whole answer through SOCKS 5');
  await socks.close();

  const path = `${process.cwd()}/smoke.sock`;
  const unix = await conn.forwardLocalPath({ localPath: path, remoteHost: '127.0.0.1', remotePort: port });
  expect((await ask({ path })) === ANSWER, 'the whole answer through a Unix socket');
  await unix.close();

  const pipe = await conn.openTcp('127.0.0.1', port);
  await pipe.writable.getWriter().close();
  const reader = pipe.readable.getReader();
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
  }
  expect(length === ANSWER, 'the whole answer through a pipe');
}

/** Ends its own side at once. @returns how many bytes came until the other side ended, less `skip`. */
function ask(where, first, skip = 0) {
  return new Promise((resolve, reject) => {
    const socket = dial({ host: '127.0.0.1', ...where, allowHalfOpen: true });
    let length = 0;
    let greeted = first === undefined;
    if (greeted) socket.end();
    else socket.write(Uint8Array.of(5, 1, 0));
    socket.on('data', (chunk) => {
      if (!greeted) {
        // The choice of a method, alone: nothing else can come before the request.
        greeted = true;
        socket.end(first);
        return;
      }
      length += chunk.length;
    });
    socket.on('end', () => resolve(length - skip));
    socket.on('error', reject);
  });
}

/** RFC 1928 §4: CONNECT to a port of 127.0.0.1. */
const connectRequest = (port) => Uint8Array.of(5, 1, 0, 1, 127, 0, 0, 1, port >> 8, port & 0xff);

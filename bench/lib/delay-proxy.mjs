// A TCP proxy that holds every byte for half a round trip in each direction, in a process of its own.
// argv: port of the server, milliseconds of one direction. Reports its own port over IPC.
import { connect, createServer } from 'node:net';

const [, , target, oneWay] = process.argv;
/** More than any window under test: the path is long, not narrow. */
const IN_FLIGHT = 64 * 1024 * 1024;

const server = createServer({ noDelay: true }, (client) => {
  const upstream = connect({ port: Number(target), host: '127.0.0.1', noDelay: true });
  pipe(client, upstream);
  pipe(upstream, client);
});
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
process.on('disconnect', () => process.exit());

function pipe(from, to) {
  const queue = [];
  let head = 0;
  let bytes = 0;
  let timer;
  const run = () => {
    timer = undefined;
    const now = performance.now();
    to.cork();
    while (head < queue.length && queue[head].due <= now + 0.5) {
      const { chunk } = queue[head];
      queue[head] = undefined;
      head += 1;
      if (chunk === undefined) to.end();
      else {
        bytes -= chunk.length;
        to.write(chunk);
      }
    }
    to.uncork();
    if (head === queue.length) {
      queue.length = 0;
      head = 0;
    } else timer = setTimeout(run, Math.max(1, queue[head].due - performance.now()));
    if (bytes < IN_FLIGHT) from.resume();
  };
  const push = (chunk) => {
    queue.push({ due: performance.now() + Number(oneWay), chunk });
    if (timer === undefined) timer = setTimeout(run, Number(oneWay));
  };
  from.on('data', (chunk) => {
    bytes += chunk.length;
    push(chunk);
    if (bytes >= IN_FLIGHT) from.pause();
  });
  from.on('end', () => push(undefined));
  from.on('error', () => to.destroy());
  from.on('close', () => push(undefined));
}

// The local program that uses a forward, in a process of its own: neither it nor the target is what we measure.
// Does one work per message over IPC, on a port, and says how long it took.
import { connect } from 'node:net';

const BLOCK = Buffer.alloc(1024 * 1024, 7);
const HEADER = 9;

/** Each gives what the figure is of: bytes, connections, or the microseconds of a percentile. */
const works = {
  download: ({ port, mib, streams }) => bulk(port, 'd', (mib * 1024 * 1024) / streams, streams),
  upload: ({ port, mib, streams }) => bulk(port, 'u', (mib * 1024 * 1024) / streams, streams),
  /** Round trips of one byte, one after the other, on one connection. */
  async echo({ port, count, percentile }) {
    const { socket, read } = await open(port, 'e', 0);
    const took = [];
    for (let i = 0; i < count; i += 1) {
      const start = performance.now();
      socket.write('.');
      await read(1);
      took.push(performance.now() - start);
    }
    socket.destroy();
    took.sort((a, b) => a - b);
    return { amount: count, value: took[Math.floor((took.length * percentile) / 100)] * 1000 };
  },
  /** New connections, each of which asks for one byte and has it before it ends. */
  async connect({ port, count, parallel }) {
    let left = count;
    const worker = async () => {
      while (left > 0) {
        left -= 1;
        const { socket, read } = await open(port, 'e', 0);
        socket.write('.');
        await read(1);
        socket.destroy();
      }
    };
    await Promise.all(Array.from({ length: parallel }, worker));
    return { amount: count };
  },
};

async function bulk(port, kind, bytes, streams) {
  const one = async () => {
    const { socket, read } = await open(port, kind, bytes);
    if (kind === 'u') await write(socket, bytes);
    await read(kind === 'u' ? 1 : bytes);
    socket.destroy();
  };
  await Promise.all(Array.from({ length: streams }, one));
  return { amount: bytes * streams };
}

/** Connects and says what for. Bytes that come are counted, not kept. */
function open(port, kind, bytes) {
  return new Promise((resolve, reject) => {
    let received = 0;
    let waiting;
    const onread = {
      buffer: Buffer.allocUnsafe(256 * 1024),
      callback: (length) => {
        received += length;
        waiting?.();
        return true;
      },
    };
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, onread });
    const fail = (error) => reject(error ?? new Error('the connection ended early'));
    const read = (count) =>
      new Promise((done, failed) => {
        socket.once('close', () => failed(new Error(`the connection ended after ${received} of ${count}`)));
        waiting = () => {
          if (received < count) return;
          received -= count;
          waiting = undefined;
          socket.removeAllListeners('close');
          done();
        };
        waiting();
      });
    socket.once('error', fail);
    socket.once('connect', () => {
      socket.off('error', fail);
      socket.on('error', () => socket.destroy());
      const header = Buffer.alloc(HEADER, kind);
      header.writeDoubleBE(bytes, 1);
      socket.write(header);
      resolve({ socket, read });
    });
  });
}

function write(socket, bytes) {
  return new Promise((resolve, reject) => {
    let left = bytes;
    socket.once('error', reject);
    const more = () => {
      while (left > 0) {
        const block = BLOCK.subarray(0, Math.min(left, BLOCK.length));
        left -= block.length;
        if (!socket.write(block)) return void socket.once('drain', more);
      }
      resolve();
    };
    more();
  });
}

process.on('message', async ({ work, parameters }) => {
  try {
    const start = performance.now();
    const result = await works[work](parameters);
    process.send({ ms: performance.now() - start, ...result });
  } catch (error) {
    process.send({ error: error instanceof Error ? error.stack : String(error) });
  }
});
process.on('disconnect', () => process.exit());
process.send({ ready: true });

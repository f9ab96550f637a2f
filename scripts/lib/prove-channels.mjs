// Many channels over one connection to a real server, with random sizes and ends, each compared byte by byte with what it
// should carry.
import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

const MEBI = 1024 * 1024;
/** What is sent are pieces of one block. */
const BLOCK = 8 * MEBI;
/** Bytes of one write, at most. */
const MOST_AT_ONCE = 200_000;
/** Milliseconds without one byte, after which nothing more is expected. */
const PATIENCE = 60_000;

/**
 * @typedef {object} Proof
 * @property {any} connection - An open `SSHConnection`.
 * @property {(seed: string) => (length: number) => Uint8Array} seededRandom - Of `@nbs-ssh/testing`.
 * @property {string} seed
 * @property {number} bytes - To be carried, both directions together.
 * @property {number} channels - At one time.
 * @property {number} [largest] - Bytes that one channel sends, at most; most send far less.
 */

/**
 * Each of `channels` lanes opens one channel after the other until all bytes are carried. What a channel does, how much it
 * carries, in which pieces, and where its reader pauses follows from the seed; when things happen does not.
 *
 * @param {Proof} proof
 * @returns {Promise<{ bytes: number, channels: Record<string, number>, most: number }>} What was carried, channels by kind,
 *   and how many were open at one time.
 * @throws {Error} that names the channel when a byte is missing, doubled or wrong, or nothing moves any more.
 */
export async function proveChannels({
  connection,
  seededRandom,
  seed,
  bytes,
  channels,
  largest = 16 * MEBI,
}) {
  const block = seededRandom(`${seed}/block`)(BLOCK);
  const figures = { bytes: 0, channels: {}, most: 0 };
  let open = 0;
  let failed = false;
  const targets = await startTargets(block);
  const context = { connection, block, targets, carried: (count) => (figures.bytes += count) };
  const lane = async (number) => {
    const random = seededRandom(`${seed}/${number}`);
    const below = (limit) => {
      const four = random(4);
      return new DataView(four.buffer, four.byteOffset).getUint32(0) % limit;
    };
    for (let turn = 0; figures.bytes < bytes && !failed; turn += 1) {
      const [kind, work] = KINDS[below(KINDS.length)];
      // As many channels between 1 and 2 bytes as between 1 and 2 MiB, and some without a byte.
      const size = below(20) === 0 ? 0 : Math.floor(2 ** ((below(10_000) / 10_000) * Math.log2(largest)));
      figures.channels[kind] = (figures.channels[kind] ?? 0) + 1;
      open += 1;
      figures.most = Math.max(figures.most, open);
      try {
        await work({ ...context, below, size });
      } catch (cause) {
        failed = true;
        const what = `${kind} of ${size} bytes, number ${turn} of lane ${number}, seed ${seed}`;
        throw new Error(`${what}: ${cause?.message ?? cause}`, { cause });
      }
      open -= 1;
    }
  };
  const watch = watchProgress(() => figures.bytes);
  try {
    const lanes = Array.from({ length: channels }, (_, number) => lane(number));
    await Promise.race([Promise.all(lanes), watch.stuck]);
  } finally {
    watch.stop();
    await targets.stop();
  }
  return figures;
}

/** @type {readonly (readonly [string, (work: any) => Promise<void>])[]} */
const KINDS = [
  ['cat', throughCat],
  ['upload', upload],
  ['download', download],
  ['echo', throughEcho],
  ['crossing', crossing],
];

/** A command that gives back what it gets, and ends after its input has. */
async function throughCat(work) {
  const command = work.connection.streamExec('cat', { encoding: 'bytes' });
  const sending = send(work, (piece) => command.write(piece)).then((digest) => {
    command.end();
    return digest;
  });
  same(await output(work, command), await sending);
}

/** A command that takes everything and says a line at the end. */
async function upload(work) {
  const command = work.connection.streamExec('sha256sum');
  const sending = send(work, (piece) => command.write(piece)).then((digest) => {
    command.end();
    return digest;
  });
  let line = '';
  for await (const event of command) line += event.data;
  same(line.slice(0, 64), await sending);
}

/** A command that sends the same on both of its streams, and takes nothing. */
async function download(work) {
  const count = Math.ceil(work.size / 2);
  const text = `head -c ${count} /dev/zero | openssl enc -aes-128-ctr -nosalt -K 01 -iv 02 2>/dev/null`;
  const command = work.connection.streamExec(`(${text}) & (${text}) >&2; wait`, { encoding: 'bytes' });
  command.end();
  const hash = { stdout: createHash('sha256'), stderr: createHash('sha256') };
  const length = { stdout: 0, stderr: 0 };
  for await (const { stream, data } of command) {
    if (stream === 'exit') continue;
    hash[stream].update(data);
    length[stream] += data.length;
    work.carried(data.length);
    await maybePause(work);
  }
  if (length.stdout !== count) throw new Error(`${length.stdout} bytes came instead of ${count}`);
  same(hash.stderr.digest('hex'), hash.stdout.digest('hex'));
}

/** A TCP connection to a program that gives back what it gets; our end of file comes first. */
async function throughEcho(work) {
  const pipe = await work.connection.openTcp('127.0.0.1', work.targets.echo);
  const writer = pipe.writable.getWriter();
  const sending = send(work, (piece) => writer.write(piece)).then(async (digest) => {
    await writer.close();
    return digest;
  });
  same(await drain(work, pipe), await sending);
}

/** A TCP connection to a program that sends and ends at once, and takes what we send after that. */
async function crossing(work) {
  const pipe = await work.connection.openTcp('127.0.0.1', work.targets.crossing);
  const writer = pipe.writable.getWriter();
  const order = work.targets.order();
  const start = work.below(BLOCK - 1);
  const there = Math.min(work.size, BLOCK - start);
  const head = new Uint8Array(12);
  const view = new DataView(head.buffer);
  [order.id, start, there].forEach((value, i) => {
    view.setUint32(i * 4, value);
  });
  await writer.write(head);
  same(await drain(work, pipe), sha256(work.block.subarray(start, start + there)));
  const digest = await send(work, (piece) => writer.write(piece));
  await writer.close();
  same(await order.received, digest);
}

/** Sends pieces of random lengths. @returns {Promise<string>} what was sent, as a digest. */
async function send({ block, below, size, carried }, write) {
  const hash = createHash('sha256');
  for (let sent = 0; sent < size; ) {
    const start = below(BLOCK - 1);
    const length = Math.min(size - sent, BLOCK - start, 1 + below(MOST_AT_ONCE));
    const piece = block.subarray(start, start + length);
    hash.update(piece);
    await write(piece);
    carried(length);
    sent += length;
  }
  return hash.digest('hex');
}

async function output(work, command) {
  const hash = createHash('sha256');
  for await (const { stream, data, exitCode } of command) {
    if (stream === 'exit' && exitCode !== 0) throw new Error(`the command ended with ${exitCode}`);
    hash.update(data);
    work.carried(data.length);
    await maybePause(work);
  }
  return hash.digest('hex');
}

async function drain(work, { readable }) {
  const hash = createHash('sha256');
  const reader = readable.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return hash.digest('hex');
    hash.update(value);
    work.carried(value.length);
    await maybePause(work);
  }
}

/** Some readers are slow, now and then. */
async function maybePause({ below }) {
  if (below(100) === 0) await pause(below(30));
}

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

function same(received, sent) {
  if (received !== sent) throw new Error(`the bytes have digest ${received}, and should have ${sent}`);
}

/** The programs behind the TCP connections. */
async function startTargets(block) {
  const orders = new Map();
  let last = 0;
  const echo = createServer({ allowHalfOpen: true }, (socket) => socket.on('error', () => {}).pipe(socket));
  const crossing = createServer({ allowHalfOpen: true }, (socket) => {
    const hash = createHash('sha256');
    let head = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      if (head.length === 12) {
        hash.update(chunk);
        return;
      }
      const missing = 12 - head.length;
      head = Buffer.concat([head, chunk.subarray(0, missing)]);
      hash.update(chunk.subarray(missing));
      if (head.length < 12) return;
      const start = head.readUInt32BE(4);
      socket.end(block.subarray(start, start + head.readUInt32BE(8)));
    });
    socket.on('end', () => orders.get(head.readUInt32BE(0))?.(hash.digest('hex')));
  });
  const servers = [echo, crossing];
  const sockets = new Set();
  for (const server of servers) {
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    });
    await new Promise((resolve, reject) => {
      server.once('error', reject).listen(0, '127.0.0.1', resolve);
    });
  }
  return {
    echo: echo.address().port,
    crossing: crossing.address().port,
    order: () => {
      last += 1;
      const id = last;
      const received = new Promise((resolve) => {
        orders.set(id, resolve);
      });
      return { id, received };
    },
    stop: () => {
      // After a failure some are in the middle of something.
      for (const socket of sockets) socket.destroy();
      return Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
    },
  };
}

/** Rejects `stuck` when a count has stood still. */
function watchProgress(count) {
  let timer;
  const stuck = new Promise((_, reject) => {
    let before = -1;
    timer = setInterval(() => {
      if (count() === before) reject(new Error(`nothing moved for ${PATIENCE / 1000} s`));
      before = count();
    }, PATIENCE);
  });
  stuck.catch(() => {});
  return { stuck, stop: () => clearInterval(timer) };
}

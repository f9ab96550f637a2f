// What goes through forwards while they are proven: bytes that nobody can guess, with their digest behind them.
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';

const MIB = 1024 * 1024;
const DIGEST = 32;
/** A flood counts as running once so much of it has come on each connection. */
const UNDER_WAY = MIB;
/** What goes over each of many connections, besides the first words. */
const SMALL = 16 * 1024;

/**
 * One byte stream, whatever it is made of.
 *
 * @typedef {object} Connection
 * @property {(bytes: Uint8Array) => Promise<unknown>} write - Waits for room.
 * @property {() => Promise<unknown>} end - Ends this direction only.
 * @property {() => Promise<Uint8Array | undefined>} read - `undefined` at the end of the other direction.
 * @property {(bytes: Uint8Array) => void} unread
 * @property {() => void} destroy
 */

/** @param {import('node:net').Socket} socket - With `allowHalfOpen`. @returns {Connection} */
export function socketConnection(socket) {
  const chunks = socket.iterator({ destroyOnReturn: false });
  /** @type {Uint8Array[]} */
  const ahead = [];
  // Reads and writes that wait are told; nobody else has to be.
  socket.on('error', () => {});
  return {
    async write(bytes) {
      if (socket.destroyed) throw new Error('the connection is gone');
      if (!socket.write(bytes)) await eitherOf(socket, 'drain');
    },
    async end() {
      socket.end();
      if (!socket.writableFinished) await eitherOf(socket, 'finish');
    },
    async read() {
      const first = ahead.shift();
      if (first !== undefined) return first;
      const { done, value } = await chunks.next();
      return done ? undefined : value;
    },
    unread: (bytes) => {
      if (bytes.length > 0) ahead.unshift(bytes);
    },
    destroy: () => socket.destroy(),
  };
}

async function eitherOf(socket, event) {
  const over = new AbortController();
  const closed = once(socket, 'close', { signal: over.signal }).then(() => {
    throw new Error(`the connection closed before ${event}`);
  });
  closed.catch(() => {});
  try {
    await Promise.race([once(socket, event, { signal: over.signal }), closed]);
  } finally {
    over.abort();
  }
}

/** @param {any} pipe - A `ByteDuplex` of nbs-ssh. @returns {Connection} */
export function pipeConnection(pipe) {
  const reader = pipe.readable.getReader();
  const writer = pipe.writable.getWriter();
  return {
    write: (bytes) => writer.write(bytes),
    end: () => writer.close(),
    read: async () => (await reader.read()).value,
    unread: () => {
      throw new Error('not needed here');
    },
    destroy: () => {
      reader.cancel().catch(() => {});
      writer.abort().catch(() => {});
    },
  };
}

/** Sends `bytes` bytes and their digest. @param {Connection} connection @param {number} bytes */
export async function parcel(connection, bytes) {
  const digest = await contents(connection, bytes);
  await connection.write(digest);
}

/** Sends `bytes` bytes. @returns {Promise<Uint8Array>} Their digest. */
async function contents(connection, bytes) {
  const hash = createHash('sha256');
  const random = randomBytes(Math.min(bytes, MIB));
  for (let sent = 0; sent < bytes; sent += random.length) {
    // A new one each time: what was written before may still be on its way.
    const block = Buffer.from(random.subarray(0, Math.min(random.length, bytes - sent)));
    // Else each block would be the same, and one that is missing or comes twice would not be noticed.
    if (block.length >= 8) block.writeDoubleBE(sent, 0);
    hash.update(block);
    await connection.write(block);
  }
  return hash.digest();
}

/** Takes everything to its end. @returns {Promise<{ bytes: number, digest: Uint8Array }>} */
export async function receipt(connection) {
  const hash = createHash('sha256');
  let bytes = 0;
  for (let chunk = await connection.read(); chunk !== undefined; chunk = await connection.read()) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, digest: hash.digest() };
}

/** Takes `bytes` bytes, the digest behind them and the end. @throws {Error} unless they belong together. */
async function unpack(connection, bytes) {
  const hash = createHash('sha256');
  const behind = [];
  let count = 0;
  for (let chunk = await connection.read(); chunk !== undefined; chunk = await connection.read()) {
    const part = chunk.subarray(0, Math.max(0, bytes - count));
    hash.update(part);
    if (part.length < chunk.length) behind.push(chunk.subarray(part.length));
    count += chunk.length;
  }
  if (count !== bytes + DIGEST) throw new Error(`${count} bytes came instead of ${bytes + DIGEST}`);
  same(hash.digest(), Buffer.concat(behind));
}

function same(one, other) {
  const [a, b] = [one, other].map((bytes) => Buffer.from(bytes).toString('hex'));
  if (a !== b) throw new Error(`SHA-256 differs: ${a} and ${b}`);
}

/** @param {() => Promise<Connection>} dial - Reaches the target. */
export function trafficOver(dial) {
  /** @type {Connection[]} */
  let many = [];
  /** @type {Promise<unknown>[]} */
  let floods = [];
  const begin = async (task) => {
    const connection = await dial();
    await connection.write(Buffer.from(`${JSON.stringify(task)}\n`));
    return connection;
  };
  return {
    async download(bytes) {
      const connection = await begin({ do: 'send', bytes });
      await unpack(connection, bytes);
      await connection.end();
    },
    async upload(bytes) {
      const connection = await begin({ do: 'take' });
      const digest = await contents(connection, bytes);
      await connection.end();
      same(digest, await whole(connection));
    },
    /** We end first and still get the whole answer. */
    async answerAfterEnd(bytes) {
      const connection = await begin({ do: 'answer', bytes });
      await connection.end();
      await unpack(connection, bytes);
    },
    /** The target ends first and still gets everything. */
    async sendAfterEnd(bytes) {
      const id = randomUUID();
      const connection = await begin({ do: 'leave', id });
      const bye = Buffer.from(await whole(connection)).toString();
      if (bye !== 'bye') throw new Error(`expected bye, got ${bye}`);
      const digest = await contents(connection, bytes);
      await connection.end();
      const question = await begin({ do: 'told', id });
      same(digest, await whole(question));
      await question.end();
    },
    /** Connections that are all open at the same time, each of which has been answered. */
    async openMany(count) {
      many = await Promise.all(
        Array.from({ length: count }, async (_, i) => {
          const connection = await begin({ do: 'echo' });
          const words = `number ${i}`;
          await connection.write(Buffer.from(words));
          let back = '';
          while (back.length < words.length) {
            const chunk = await connection.read();
            if (chunk === undefined) throw new Error(`connection ${i} ended early`);
            back += Buffer.from(chunk);
          }
          if (back !== words) throw new Error(`${words} came back as ${back}`);
          return connection;
        }),
      );
    },
    /** Uses and ends them all. */
    async finishMany() {
      await Promise.all(
        many.map(async (connection) => {
          const [digest, echoed] = await Promise.all([
            contents(connection, SMALL).then((sent) => connection.end().then(() => sent)),
            receipt(connection),
          ]);
          same(digest, echoed.digest);
        }),
      );
    },
    /** Begins to receive without end on so many connections. */
    async flood(count) {
      floods = [];
      const underWay = Array.from({ length: count }, async () => {
        const connection = await begin({ do: 'flood' });
        let bytes = 0;
        /** @type {() => void} */
        let go;
        const started = new Promise((resolve) => (go = () => resolve(undefined)));
        const receive = async () => {
          for (let chunk = await connection.read(); chunk !== undefined; chunk = await connection.read()) {
            bytes += chunk.length;
            if (bytes >= UNDER_WAY) go();
          }
        };
        // An end is as good as a reset: what counts is that it does not go on.
        floods.push(receive().catch(() => {}));
        await started;
      });
      await Promise.all(underWay);
    },
    /** Resolves when none of them is open any more. */
    async flooded() {
      await Promise.all(floods);
    },
    /** @throws {Error} when somebody still takes connections. */
    async refused() {
      const connection = await dial().catch(() => undefined);
      if (connection === undefined) return;
      connection.destroy();
      throw new Error('connections are still taken');
    },
  };
}

async function whole(connection) {
  const chunks = [];
  for (let chunk = await connection.read(); chunk !== undefined; chunk = await connection.read()) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

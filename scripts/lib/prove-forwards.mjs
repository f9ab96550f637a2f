// Proves one kind of forward against a real sshd: every byte both ways, many connections at once, half-closed ones, and
// its end while it is busy. The program and the target are processes of their own.
import { fork } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pipeConnection, trafficOver } from './forward-traffic.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const MIB = 1024 * 1024;
const GIB = 1024 ** 3;
/** How much is exchanged on a connection of which one direction has ended. */
const HALF_CLOSED = 4 * MIB;
/** Connections that are busy when a forward is closed. */
const BUSY = 8;
/** A step that hangs fails: this long, and as long as the slowest of all paths would need for the bytes. */
const STEP_MS = 60_000;
const LEAST_BYTES_PER_MS = 10_000;

/**
 * @typedef {object} Figures
 * @property {string} kind
 * @property {number} downloadMBps - Towards the program that connected.
 * @property {number} uploadMBps
 * @property {number} downloadCpu - Seconds of this process per GiB.
 * @property {number} uploadCpu
 * @property {number} manyMs - Until all of many connections were open and answered.
 * @property {number | undefined} resetMs - Until a busy forward was gone.
 */

/** Starts what all kinds lead to. @param {string} dir @returns {Promise<{ host: string, port: number, path: string, stop: () => void }>} */
export async function startTarget(dir) {
  const path = join(dir, 'target');
  const child = fork(join(here, 'forward-target.mjs'), [path]);
  const { port } = await reply(child);
  return { host: '127.0.0.1', port, path, stop: () => child.disconnect() };
}

/**
 * @param {any} connection - An `SSHConnection`.
 * @param {import('./forward-kinds.mjs').Kind} kind
 * @param {{ target: import('./forward-kinds.mjs').Target, dir: string, bytes: number, many: number }} around
 * @returns {Promise<Figures>}
 * @throws {Error} naming what went wrong.
 */
export async function proveForward(connection, kind, { target, dir, bytes, many }) {
  if (kind.open === undefined) return provePipe(connection, { target, bytes, many });
  const figures = { kind: kind.name };
  {
    const { handle, via } = await kind.open(connection, target, dir);
    const user = await startUser(via);
    try {
      Object.assign(figures, await proveTraffic(user, { bytes, many }, () => handle.stats.active));
      await user.work('openMany', BUSY);
      await step('closing while connections go on', handle.close());
      await user.work('refused');
      await user.work('finishMany');
      await step('the end of a closed forward', handle.closed);
      expect('active connections of a closed forward', handle.stats.active, 0);
      expect('a closed forward', handle.isActive, false);
    } finally {
      user.stop();
    }
    checkBytes(handle.stats, bytes);
  }
  const { handle, via } = await kind.open(connection, target, dir);
  const user = await startUser(via);
  try {
    await user.work('flood', BUSY);
    const start = performance.now();
    await step('closing while busy', handle.close({ connections: 'reset' }));
    await user.work('flooded');
    await step('the end of a busy forward', handle.closed);
    figures.resetMs = performance.now() - start;
    await user.work('refused');
    expect('active connections of a forward that was cut off', handle.stats.active, 0);
  } finally {
    user.stop();
  }
  expect('what a command says afterwards', (await connection.exec('echo alive')).stdout, 'alive\n');
  return figures;
}

/** A pipe is used here: there is nothing to listen, and nothing to close but itself. */
async function provePipe(connection, { target, bytes, many }) {
  const traffic = trafficOver(async () => pipeConnection(await connection.openTcp(target.host, target.port)));
  const user = {
    work: async (work, argument, limit) => {
      const start = performance.now();
      await step(work, traffic[work](argument), limit);
      return performance.now() - start;
    },
  };
  const figures = await proveTraffic(user, { bytes, many }, () => many);
  const pipe = await connection.openTcp(target.host, target.port);
  const flood = pipeConnection(pipe);
  await flood.write(Buffer.from(`${JSON.stringify({ do: 'flood' })}\n`));
  await flood.read();
  const start = performance.now();
  flood.destroy();
  expect('what a command says afterwards', (await connection.exec('echo alive')).stdout, 'alive\n');
  return { kind: 'openTcp', ...figures, resetMs: performance.now() - start };
}

/** @param {{ work: (work: string, argument: number, limit?: number) => Promise<number> }} user */
async function proveTraffic(user, { bytes, many }, active) {
  const limit = STEP_MS + bytes / LEAST_BYTES_PER_MS;
  // Warms up, so that the figures are of the forward and not of the compiler.
  await user.work('download', MIB);
  const [downloadMs, downloadCpu] = await withCpu(() => user.work('download', bytes, limit));
  const [uploadMs, uploadCpu] = await withCpu(() => user.work('upload', bytes, limit));
  await user.work('answerAfterEnd', HALF_CLOSED);
  await user.work('sendAfterEnd', HALF_CLOSED);
  const manyMs = await user.work('openMany', many);
  // One that has just ended may still be counted.
  if (active() < many) throw new Error(`only ${active()} of ${many} connections are active at once`);
  await user.work('finishMany');
  return {
    downloadMBps: bytes / 1e3 / downloadMs,
    uploadMBps: bytes / 1e3 / uploadMs,
    downloadCpu: downloadCpu / (bytes / GIB),
    uploadCpu: uploadCpu / (bytes / GIB),
    manyMs,
  };
}

/** @returns {Promise<[ms: number, cpuSeconds: number]>} */
async function withCpu(work) {
  const before = process.cpuUsage();
  const ms = await work();
  const { user, system } = process.cpuUsage(before);
  return [ms, (user + system) / 1e6];
}

/** A forward's own account of what went through it. */
function checkBytes({ connections, failed, bytesSent, bytesReceived }, bytes) {
  expect('connections that failed', failed, 0);
  if (connections < BUSY) throw new Error(`the forward counted ${connections} connections`);
  for (const [which, counted] of Object.entries({ bytesSent, bytesReceived })) {
    if (counted < bytes) throw new Error(`the forward counted ${counted} ${which}, ${bytes} went through it`);
  }
}

async function startUser(via) {
  const child = fork(join(here, 'forward-user.mjs'), [JSON.stringify(via)]);
  await reply(child);
  return {
    /** @returns {Promise<number>} Milliseconds that it took. */
    work: async (work, argument, limit) => {
      child.send({ work, argument });
      return (await step(work, reply(child), limit)).ms;
    },
    stop: () => child.disconnect(),
  };
}

/** @returns {Promise<any>} The next message of `child`. @throws {Error} what it reports. */
function reply(child) {
  return new Promise((resolve, reject) => {
    const exit = (code) => reject(new Error(`${child.spawnargs.at(-2)} ended with ${code}`));
    child.once('exit', exit);
    child.once('message', (message) => {
      child.off('exit', exit);
      if (message.error === undefined) resolve(message);
      else reject(new Error(message.error));
    });
  });
}

/** @template T @param {string} what @param {Promise<T>} work @returns {Promise<T>} */
async function step(what, work, limit = STEP_MS) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not end within ${Math.round(limit)} ms`)), limit);
  });
  try {
    return await Promise.race([work, late]);
  } catch (error) {
    throw new Error(`${what}: ${error instanceof Error ? error.message : error}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

function expect(what, value, wanted) {
  if (value !== wanted) throw new Error(`${what}: expected ${wanted}, got ${value}`);
}

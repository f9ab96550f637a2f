// One client process of the benchmark: loads one peer, then runs rounds on demand over IPC.
import { setTimeout as delay } from 'node:timers/promises';
import * as ours from '../peers/nbs-ssh.mjs';

const MIB = 1024 * 1024;
/** What a program that copies a file would write at a time. */
const CHUNK = new Uint8Array(65_536);

const { peer, target } = JSON.parse(process.argv[2]);
// Loaded on demand: a process holds one library, never both.
const connect =
  peer.library === 'ssh2' ? (await import('../peers/ssh2.mjs')).load(peer) : await ours.load(peer.provider);
let kept;
async function keep() {
  kept ??= await connect(target);
  return kept;
}

/** Each takes its parameters and gives the amount of work done, in units of its own. */
const works = {
  async handshake({ count }) {
    for (let i = 0; i < count; i += 1) {
      const connection = await connect(target);
      expect(await connection.exec('true'), 0);
      await connection.close();
    }
    return count;
  },
  async exec({ count, parallel }) {
    const connection = await keep();
    let left = count;
    const worker = async () => {
      while (left > 0) {
        left -= 1;
        expect(await connection.exec('true'), 0);
      }
    };
    await Promise.all(Array.from({ length: parallel }, worker));
    return count;
  },
  async download({ mib }) {
    const connection = await keep();
    expect(await connection.download(`head -c ${mib * MIB} /dev/zero`), mib * MIB);
    return mib * MIB;
  },
  async upload({ mib }) {
    const connection = await keep();
    expect(await connection.upload('cat > /dev/null', CHUNK, (mib * MIB) / CHUNK.length), 0);
    return mib * MIB;
  },
  /** Bytes of one idle connection that has run a command. */
  async memory({ count }) {
    const first = await connect(target);
    expect(await first.exec('true'), 0);
    await settle();
    const before = used();
    const open = [];
    // Several at a time: most of a handshake is waiting for the server.
    const opener = async () => {
      while (open.length < count) {
        const at = open.push(undefined) - 1;
        const connection = await connect(target);
        expect(await connection.exec('true'), 0);
        open[at] = connection;
      }
    };
    await Promise.all(Array.from({ length: 10 }, opener));
    await settle();
    const bytes = (used() - before) / count;
    await Promise.all(open.map((connection) => connection.close()));
    await first.close();
    return bytes;
  },
};

async function settle() {
  for (let i = 0; i < 4; i += 1) {
    await delay(100);
    globalThis.gc?.();
  }
}

function used() {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function expect(value, wanted) {
  if (value !== wanted) throw new Error(`expected ${wanted}, got ${value}`);
}

process.on('message', async ({ work, parameters }) => {
  try {
    const cpu = process.cpuUsage();
    const start = performance.now();
    const amount = await works[work](parameters);
    const ms = performance.now() - start;
    const { user, system } = process.cpuUsage(cpu);
    process.send({ amount, ms, cpuMs: (user + system) / 1000 });
  } catch (error) {
    process.send({ error: error instanceof Error ? error.stack : String(error) });
  }
});
process.on('disconnect', () => process.exit());
process.send({ ready: true });

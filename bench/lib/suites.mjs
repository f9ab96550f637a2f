// What is measured, with which peers, and the goals.
import { FORWARD_SUITES } from './forward-suites.mjs';

const SSH2 = ['ssh2', 'ssh2-nodelay', 'ssh2-addon', 'ssh2-addon-nodelay'];
const OURS = ['noble', 'node'];
/** The variants whose bytes per second differ: an option about small writes changes nothing here. */
const BULK = ['node', 'ssh2', 'ssh2-addon'];

const time = { unit: 'ms', cpuUnit: 'CPU ms', better: 'less' };
const rate = { unit: 'per s', cpuUnit: 'CPU ms each', better: 'more' };
const throughput = { unit: 'MB/s', cpuUnit: 'CPU s/GiB', better: 'more' };

const bulk = (work, cipher, { mac, peers = BULK, goals = [], sizes = {} } = {}) => ({
  name: `${work}-${cipher.replace(/@.*/, '')}`,
  title: `${work} ${cipher.replace(/@.*/, '')}${mac === undefined ? '' : ` + ${mac.replace(/@.*/, '')}`}`,
  ...throughput,
  work,
  parameters: { mib: 256 },
  quick: { mib: 64 },
  sizes,
  target: { cipher, mac },
  peers,
  goals,
});

const CHACHA = 'chacha20-poly1305@openssh.com';
const GCM128 = 'aes128-gcm@openssh.com';
const GCM256 = 'aes256-gcm@openssh.com';
const ETM = 'hmac-sha2-256-etm@openssh.com';
const goal = (peer, against, limit) => ({ peer, against, limit });

export const SUITES = [
  {
    name: 'handshake',
    title: 'connect, key, exec, close',
    ...time,
    work: 'handshake',
    parameters: { count: 10 },
    quick: { count: 4 },
    peers: [...OURS, ...SSH2],
    goals: [
      goal('noble', 'ssh2', 0.33),
      goal('noble', 'ssh2-nodelay', 0.75),
      goal('node', 'ssh2', 0.3),
      goal('node', 'ssh2-nodelay', 0.62),
    ],
  },
  {
    name: 'process',
    title: 'whole process: connect, exec, exit',
    ...time,
    process: 'one-shot.mjs',
    peers: [...OURS, 'ssh2', 'ssh2-nodelay', 'openssh'],
    goals: [
      goal('noble', 'openssh', 1.35),
      goal('noble', 'ssh2', 0.9),
      goal('node', 'openssh', 0.9),
      goal('node', 'ssh2', 0.6),
    ],
  },
  {
    name: 'import',
    title: 'import the library',
    ...time,
    process: 'import-time.mjs',
    peers: ['nbs-ssh', 'ssh2'],
    goals: [goal('nbs-ssh', 'ssh2', 0.35)],
  },
  {
    name: 'exec-1',
    title: 'exec on one connection, one by one',
    ...rate,
    work: 'exec',
    parameters: { count: 200, parallel: 1 },
    quick: { count: 50, parallel: 1 },
    // At 45 ms a command the slow variants would take most of the run.
    sizes: { ssh2: { count: 30 }, 'ssh2-addon': { count: 30 } },
    peers: [...OURS, ...SSH2],
    goals: [
      goal('noble', 'ssh2', 15),
      goal('noble', 'ssh2-nodelay', 0.8),
      goal('node', 'ssh2', 18),
      goal('node', 'ssh2-nodelay', 1),
    ],
  },
  ...[10, 100].map((parallel) => ({
    name: `exec-${parallel}`,
    title: `exec on one connection, ${parallel} at once`,
    ...rate,
    work: 'exec',
    parameters: { count: 400, parallel },
    quick: { count: 200, parallel },
    peers: [...OURS, ...SSH2],
    goals: [],
  })),
  bulk('download', CHACHA, {
    peers: [...OURS, 'ssh2', 'ssh2-addon'],
    goals: [goal('noble', 'ssh2', 0.28), goal('node', 'ssh2', 1.1)],
  }),
  bulk('upload', CHACHA, { peers: [...OURS, 'ssh2', 'ssh2-addon'] }),
  ...['download', 'upload'].flatMap((work) => [
    bulk(work, GCM128, { goals: [goal('node', 'ssh2-addon', 1)] }),
    bulk(work, GCM256, { goals: [goal('node', 'ssh2-addon', 1)] }),
    bulk(work, 'aes256-ctr', { mac: ETM }),
  ]),
  {
    ...bulk('download', CHACHA, {
      peers: [...OURS, 'ssh2', 'ssh2-addon'],
      goals: [goal('noble', 'ssh2', 5), goal('node', 'ssh2', 7)],
    }),
    name: 'far-download',
    title: 'download chacha20-poly1305, 50 ms round trip',
    sizes: { ssh2: { mib: 48 }, 'ssh2-addon': { mib: 48 } },
    roundTripMs: 50,
  },
  {
    name: 'far-handshake',
    title: 'connect, key, exec, close, 50 ms round trip',
    ...time,
    work: 'handshake',
    parameters: { count: 3 },
    quick: { count: 1 },
    peers: [...OURS, 'ssh2', 'ssh2-nodelay'],
    roundTripMs: 50,
    goals: [],
  },
  ...FORWARD_SUITES,
  {
    name: 'memory',
    title: 'memory of an idle connection',
    unit: 'KiB',
    cpuUnit: '',
    better: 'less',
    work: 'memory',
    parameters: { count: 200 },
    quick: { count: 50 },
    rounds: 2,
    peers: [...OURS, 'ssh2'],
    goals: [goal('noble', 'ssh2', 1), goal('node', 'ssh2', 1)],
  },
];

/** @param {string | undefined} addon */
export function describePeer(name, addon) {
  if (name === 'noble' || name === 'node') return { library: 'nbs-ssh', provider: name };
  if (name === 'nbs-ssh') return { library: 'nbs-ssh', provider: 'noble' };
  if (name === 'openssh') return { library: 'openssh' };
  return {
    library: 'ssh2',
    noDelay: name.endsWith('-nodelay'),
    ...(name.includes('-addon') ? { addon } : {}),
  };
}

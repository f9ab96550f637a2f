// Runs one suite: all peers in turn, round after round, each in a process of its own.
import { fork, spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { execPath } from 'node:process';
import { fileURLToPath } from 'node:url';
import { startTraffic } from './forward-runner.mjs';
import { reply } from './ipc.mjs';
import { sshOptions } from './ssh-options.mjs';
import { describePeer } from './suites.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const GIB = 1024 ** 3;

/**
 * @returns {Promise<Map<string, { values: number[], cpu: number[] }>>} Per peer, one figure per round after the first,
 *   which only warms up.
 */
export async function measure(suite, { rounds, quick, sshd, addon, extraArgs = [] }) {
  const count = Math.min(rounds, suite.rounds ?? rounds);
  const peers = suite.peers.filter((peer) => addon !== undefined || !peer.includes('addon'));
  const proxy =
    suite.roundTripMs === undefined ? undefined : await startProxy(sshd.port, suite.roundTripMs / 2);
  const target = { ...suite.target, host: '127.0.0.1', port: proxy?.port ?? sshd.port };
  Object.assign(target, { username: sshd.username, key: sshd.key, knownHosts: sshd.knownHosts });
  if (proxy !== undefined) target.knownHosts = sshd.knownHostsFor(proxy.port);
  const runners = new Map();
  const traffic = suite.forward === true ? await startTraffic() : undefined;
  const start = traffic?.runnerFor ?? runnerFor;
  try {
    for (const peer of peers) {
      runners.set(peer, await start(suite, peer, { target, addon, quick, extraArgs }));
    }
    const results = new Map(peers.map((peer) => [peer, { values: [], cpu: [] }]));
    for (let round = 0; round <= count; round += 1) {
      for (const [peer, { values, cpu }] of results) {
        const sample = await runners.get(peer).round();
        if (round === 0) continue;
        values.push(figureOf(suite, sample));
        cpu.push(cpuOf(suite, sample));
      }
    }
    return results;
  } finally {
    for (const runner of runners.values()) runner.stop();
    traffic?.stop();
    proxy?.stop();
  }
}

function figureOf({ unit }, { amount, ms, value }) {
  if (unit === 'µs') return value;
  if (unit === 'MB/s') return amount / 1e6 / (ms / 1000);
  if (unit === 'per s') return amount / (ms / 1000);
  if (unit === 'KiB') return amount / 1024;
  return ms / amount;
}

function cpuOf({ unit }, { amount, cpuMs }) {
  if (cpuMs === undefined || unit === 'KiB') return Number.NaN;
  return unit === 'MB/s' ? cpuMs / 1000 / (amount / GIB) : cpuMs / amount;
}

async function runnerFor(suite, peer, { target, addon, quick, extraArgs }) {
  const description = JSON.stringify({ peer: describePeer(peer, addon), target });
  if (suite.process !== undefined) {
    const round = () =>
      peer === 'openssh'
        ? timeProcess('ssh', [...sshOptions(target), `${target.username}@127.0.0.1`, 'true'])
        : nodeProcess(suite, description);
    return { round, stop: () => {} };
  }
  const parameters = { ...suite.parameters, ...suite.sizes?.[peer], ...(quick ? suite.quick : {}) };
  // Garbage is collected before memory is read, and only there.
  const execArgv = [...(suite.work === 'memory' ? ['--expose-gc'] : []), ...extraArgs];
  const child = fork(join(here, 'client.mjs'), [description], { execArgv });
  await reply(child);
  return {
    round: () => {
      child.send({ work: suite.work, parameters });
      return reply(child);
    },
    stop: () => child.disconnect(),
  };
}

async function nodeProcess(suite, description) {
  const { ms, output } = await timeProcess(execPath, [join(here, suite.process), description]);
  return suite.process === 'import-time.mjs' ? JSON.parse(output) : { amount: 1, ms };
}

function timeProcess(program, args) {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve({ amount: 1, ms: performance.now() - start, output });
      else reject(new Error(`${program} ended with ${code}`));
    });
  });
}

async function startProxy(port, oneWayMs) {
  const child = fork(join(here, 'delay-proxy.mjs'), [String(port), String(oneWayMs)]);
  const { port: own } = await reply(child);
  return { port: own, stop: () => child.disconnect() };
}

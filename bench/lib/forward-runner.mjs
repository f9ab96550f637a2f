// Runs one suite of forwards: a local program and a target that all peers share, and one forwarding process per peer.
import { fork, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { reply } from './ipc.mjs';
import { sshOptions } from './ssh-options.mjs';
import { freePort } from './sshd.mjs';
import { describePeer } from './suites.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const READY_DEADLINE_MS = 10_000;
/** Of the kernel's CPU times, everywhere since Linux 2.6. */
const TICK_MS = 10;

/** @returns {Promise<{ runnerFor: (suite: object, peer: string, options: object) => Promise<{ round: () => Promise<object>, stop: () => void }>, stop: () => void }>} */
export async function startTraffic() {
  const target = fork(join(here, 'target.mjs'));
  const traffic = fork(join(here, 'traffic.mjs'));
  const [{ port: to }] = await Promise.all([reply(target), reply(traffic)]);
  const runnerFor = async (suite, peer, options) => {
    const forwarder = await startForwarder(peer, to, options);
    const parameters = { ...suite.parameters, ...(options.quick ? suite.quick : {}), ...suite.sizes?.[peer] };
    const round = async () => {
      const before = await forwarder.cpuMs();
      traffic.send({ work: suite.work, parameters: { ...parameters, port: forwarder.port } });
      const sample = await reply(traffic);
      return { ...sample, cpuMs: (await forwarder.cpuMs()) - before };
    };
    return { round, stop: forwarder.stop };
  };
  const stop = () => {
    traffic.disconnect();
    target.disconnect();
  };
  return { runnerFor, stop };
}

function startForwarder(peer, to, { target, addon, extraArgs = [] }) {
  // No forward at all, for comparison.
  if (peer === 'direct') return { port: to, cpuMs: async () => Number.NaN, stop: () => {} };
  return peer === 'openssh' ? startSsh(target, to) : startNode(peer, to, { target, addon, extraArgs });
}

async function startNode(peer, to, { target, addon, extraArgs }) {
  const description = JSON.stringify({ peer: describePeer(peer, addon), target, to });
  const child = fork(join(here, 'forwarder.mjs'), [description], { execArgv: extraArgs });
  const { port } = await reply(child);
  const cpuMs = async () => {
    child.send({});
    return (await reply(child)).cpuMs;
  };
  return { port, cpuMs, stop: () => child.disconnect() };
}

async function startSsh(target, to) {
  const port = await freePort();
  const forward = `127.0.0.1:${port}:127.0.0.1:${to}`;
  const args = [...sshOptions(target), '-o', 'ExitOnForwardFailure=yes', '-N', '-L', forward];
  const child = spawn('ssh', [...args, `${target.username}@127.0.0.1`], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const deadline = Date.now() + READY_DEADLINE_MS;
  while (!(await answers(port))) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error('ssh -L did not start');
  }
  return { port, cpuMs: async () => cpuOfProcess(child.pid), stop: () => child.kill() };
}

function answers(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const end = (answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => setTimeout(end, 20, false));
  });
}

/** User and system time, from the fields behind the program's name. */
function cpuOfProcess(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  } catch {
    return Number.NaN; // no such file outside Linux
  }
}

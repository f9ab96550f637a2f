// A real sshd on loopback with limits high enough that it never is what we measure, and quiet logs.
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findProgram, runOk } from '../../scripts/lib/repo.mjs';

const START_DEADLINE_MS = 10_000;

/** @returns {Promise<{ port: number, dir: string, hostKey: string, username: string, key: string, knownHosts: string, line: string, stop: () => Promise<void> }>} */
export async function startSshd() {
  const program = findProgram('sshd');
  if (program === undefined) throw new Error('the benchmark needs sshd');
  const dir = mkdtempSync(join(tmpdir(), 'nbs-ssh-bench-'));
  chmodSync(dir, 0o755);
  for (const name of ['host', 'id']) {
    await runOk('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', join(dir, name)]);
  }
  const port = await freePort();
  const config = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${dir}/host`,
    `AuthorizedKeysFile ${dir}/id.pub`,
    `PidFile ${dir}/pid`,
    'LogLevel QUIET',
    'MaxStartups 1000',
    'MaxSessions 1000',
    'UseDNS no',
    'UsePAM no',
    'StrictModes no',
    'PermitRootLogin yes',
    'PasswordAuthentication no',
    'PrintMotd no',
    'PrintLastLog no',
    // bash reads ~/.bashrc when sshd starts it at the outermost level; that file is not what we measure.
    'SetEnv SHLVL=2',
  ];
  writeFileSync(join(dir, 'sshd_config'), `${config.join('\n')}\n`);
  const knownHosts = join(dir, 'known_hosts');
  writeFileSync(knownHosts, `[127.0.0.1]:${port} ${readFileSync(join(dir, 'host.pub'), 'utf8')}`);
  if (userInfo().uid === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const child = spawn(program, ['-D', '-e', '-f', join(dir, 'sshd_config')], { stdio: 'ignore' });
  const stop = async () => {
    const ended = child.exitCode === null ? new Promise((resolve) => child.once('exit', resolve)) : undefined;
    child.kill();
    await ended;
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    const line = await identification(port, child);
    const hostKey = readFileSync(join(dir, 'host.pub'), 'utf8').trim();
    return {
      port,
      dir,
      hostKey,
      username: userInfo().username,
      key: join(dir, 'id'),
      knownHosts,
      line,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function identification(port, child) {
  const deadline = Date.now() + START_DEADLINE_MS;
  while (Date.now() < deadline && child.exitCode === null) {
    const line = await firstLine(port).catch(() => undefined);
    if (line !== undefined) return line;
    await delay(20);
  }
  throw new Error('sshd did not start');
}

function firstLine(port) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', reject);
    socket.once('data', (data) => {
      socket.destroy();
      resolve(data.toString('latin1').trim());
    });
  });
}

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

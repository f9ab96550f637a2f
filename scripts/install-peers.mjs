// Installs the programs that the tests run against, from Debian's packages, where that is possible and needed.
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { NETWORK_LIMITS } from './lib/apt.mjs';
import { findProgram, isMain, runOk, script } from './lib/repo.mjs';

/** Program → the Debian package that has it. */
const PROGRAMS = {
  sshd: 'openssh-server',
  'ssh-keygen': 'openssh-client',
  ssh: 'openssh-client',
  sshpass: 'sshpass',
  expect: 'expect',
  socat: 'socat',
  nc: 'netcat-openbsd',
  puttygen: 'putty-tools',
  openssl: 'openssl',
  tmux: 'tmux',
  vi: 'vim-tiny',
  curl: 'curl',
  nginx: 'nginx-light',
  'redis-server': 'redis-server',
  'redis-cli': 'redis-tools',
  Xvfb: 'xvfb',
  xauth: 'xauth',
  xdpyinfo: 'x11-utils',
  xclock: 'x11-apps',
};

/** A package's services must not start on somebody's machine only because tests need its programs. */
const POLICY = '/usr/sbin/policy-rc.d';
const SIGNALS = ['SIGINT', 'SIGTERM'];

/** @returns {Promise<string | undefined>} Why something is still missing, for the reader of a test run. */
export async function installPeers() {
  const missing = Object.keys(PROGRAMS).filter((name) => findProgram(name) === undefined);
  if (missing.length === 0) return undefined;
  if (findProgram('apt-get') === undefined || process.getuid?.() !== 0) {
    return `not installed: ${missing.join(', ')}; installing them needs root and apt-get`;
  }
  const packages = [...new Set(missing.map((name) => PROGRAMS[name]))];
  console.log(`peers: apt-get install ${packages.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const ownPolicy = !existsSync(POLICY);
  const removePolicy = () => {
    // On a read-only system there is none, and removing would fail all the same.
    if (ownPolicy && existsSync(POLICY)) rmSync(POLICY, { force: true });
  };
  const stop = (signal) => {
    removePolicy();
    process.exit(128 + constants.signals[signal]);
  };
  for (const signal of SIGNALS) process.on(signal, stop);
  try {
    if (ownPolicy) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
    const apt = ['-qq', ...NETWORK_LIMITS];
    await runOk('apt-get', [...apt, 'update'], { env });
    await runOk('apt-get', [...apt, '-y', '--no-install-recommends', 'install', ...packages], { env });
    return undefined;
  } catch (error) {
    return `could not install ${packages.join(' ')}: ${String(error.message).split('\n').at(-1)}`;
  } finally {
    removePolicy();
    for (const signal of SIGNALS) process.off(signal, stop);
  }
}

if (isMain(import.meta.url)) {
  await script(async () => {
    const obstacle = await installPeers();
    if (obstacle !== undefined) throw new Error(obstacle);
  });
}

// Unpacks other versions of OpenSSH under .peers/, for the tests that compare versions. Best effort: what cannot
// be had is written down with its reason, and its tests are skipped with it. packages/testing reads the result.
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { aptObstacle, unpackFrom } from './lib/apt.mjs';
import { isMain, readJson, root, runOk, script } from './lib/repo.mjs';

const OPENSSH = ['openssh-server', 'openssh-client', 'openssh-sftp-server'];

/** What a newer OpenSSH links with, down to the C library, so that it runs on an older system. */
const LIBRARIES =
  `libc6 libssl3t64 libpam0g libselinux1 libgssapi-krb5-2 libkrb5-3 libk5crypto3 libkrb5support0
  libcom-err2 libkeyutils1 libaudit1 libcap-ng0 libpcre2-8-0 zlib1g libcrypt1 libwrap0 libnsl2 libtirpc3t64 libedit2
  libtinfo6 libbsd0 libmd0 libwtmpdb0 libzstd1 libfido2-1 libcbor0.10 libudev1 libcap2 openssh-common`.split(
    /\s+/,
  );

/**
 * Each version, where Debian has it, and how it runs here: `native` on the system's libraries, with `libraries`
 * of its own beside the system's, or with its own `loader` and C library. A moving suite may have become newer.
 */
const PEERS = {
  8.4: { suite: 'bullseye', packages: [...OPENSSH, 'libssl1.1'], runs: 'libraries' },
  '10.0': { suite: 'bookworm-backports', packages: OPENSSH, runs: 'native' },
  10.6: { suite: 'forky', packages: [...OPENSSH, ...LIBRARIES], runs: 'loader' },
};

const PROGRAMS = { sshd: 'usr/sbin/sshd', ssh: 'usr/bin/ssh', sshKeygen: 'usr/bin/ssh-keygen' };
const HELPERS = {
  SshdSessionPath: 'usr/lib/openssh/sshd-session',
  SshdAuthPath: 'usr/lib/openssh/sshd-auth',
};

/** A failure is tried again after this long: mirrors and networks come back. */
const RETRY_MS = 3_600_000;

export async function fetchPeers() {
  for (const [version, peer] of Object.entries(PEERS)) {
    const folder = join(root, '.peers', `openssh-${version}`);
    if (isSettled(join(folder, 'peer.json'), folder)) continue;
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const result = await unpack(folder, peer, version);
    writeFileSync(join(folder, 'peer.json'), `${JSON.stringify(result, null, 2)}\n`);
    console.log(
      `peers: OpenSSH ${version} ${'unavailable' in result ? result.unavailable : `is here (${result.version})`}`,
    );
  }
}

/** A peer that is there stays; one that could not be had is asked for again now and then. */
function isSettled(manifest, folder) {
  if (!existsSync(manifest)) return false;
  const { unavailable, triedAt, sshd } = readJson(manifest);
  return unavailable === undefined
    ? sshd.startsWith(folder) && existsSync(sshd)
    : Date.now() - triedAt < RETRY_MS;
}

async function unpack(folder, { suite, packages, runs }, version) {
  try {
    const obstacle = aptObstacle();
    if (obstacle !== undefined) throw new Error(obstacle);
    await unpackFrom(suite, packages, folder);
    return await describe(folder, runs, version);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const reason = String(error.message).trim().split('\n').at(-1);
    return { unavailable: `could not be fetched: ${reason}`, triedAt: Date.now() };
  }
}

async function describe(folder, runs, version) {
  const place = runs === 'loader' ? wrapper(folder) : (path) => join(folder, path);
  const helpers = Object.entries(HELPERS).filter(([, path]) => existsSync(join(folder, path)));
  const programs = Object.fromEntries(Object.entries(PROGRAMS).map(([name, path]) => [name, place(path)]));
  const env = runs === 'libraries' ? { LD_LIBRARY_PATH: libraryFolder(folder) } : {};
  const output = await runOk(programs.ssh, ['-V'], { env: { ...process.env, ...env } });
  const found = /OpenSSH_(\d+\.\d+\w*)/.exec(output)?.[1];
  if (!found?.startsWith(version)) throw new Error(`${found} was found instead`);
  return {
    version: found,
    ...programs,
    env,
    config: helpers.map(([name, path]) => `${name} ${place(path)}`),
  };
}

/** Puts a small script in front of a program that starts it with the unpacked loader and libraries. */
function wrapper(folder) {
  const libraries = libraryFolder(folder);
  const loader = readdirSync(libraries).find((name) => /^ld-linux.*\.so\.\d+$/.test(name));
  if (loader === undefined) throw new Error('no program loader was unpacked');
  mkdirSync(join(folder, 'bin'));
  return (path) => {
    const script = join(folder, 'bin', path.split('/').at(-1));
    const command = `${join(libraries, loader)} --library-path ${libraries} --argv0 ${script} ${join(folder, path)}`;
    writeFileSync(script, `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 });
    return script;
  };
}

/** The folder is named after the machine's architecture. */
function libraryFolder(folder) {
  const libraries = join(folder, 'usr', 'lib');
  const name = readdirSync(libraries).find((candidate) => candidate.endsWith('-linux-gnu'));
  if (name === undefined) throw new Error('no libraries were unpacked');
  return join(libraries, name);
}

if (isMain(import.meta.url)) await script(fetchPeers);

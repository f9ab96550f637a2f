// Unpacks other servers and other versions of OpenSSH under .peers/, for the tests that need them. Best effort: what
// cannot be had is written down with its reason, and its tests are skipped with it. packages/testing reads the result.
//
//   node scripts/fetch-peers.mjs [--all] [--into FOLDER] [NAME…]
//
// NAME is a program (`dropbear`) or one version of it (`dropbear-2022.83`). --all also fetches the large ones.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { aptObstacle, openSuite } from './lib/apt.mjs';
import { buildPeer, sourceOf } from './lib/build-peer.mjs';
import { PEERS } from './lib/peer-table.mjs';
import { placePeer } from './lib/place-peer.mjs';
import { isMain, readJson, root, script } from './lib/repo.mjs';

/** Begins the name of a folder for one run: lists of packages, and what is not in its place yet. */
const STATE = '.apt-';
/** No run takes that long. */
const LEFTOVER_MS = 3_600_000;
/** A failure is tried again after this long: mirrors and networks come back. */
const RETRY_MS = 3_600_000;

/**
 * @param {{ all?: boolean, into?: string, names?: readonly string[] }} [options] - `names` that were asked for are
 *   tried at once, whatever their last try said.
 */
export async function fetchPeers({ all = false, into = join(root, '.peers'), names = [] } = {}) {
  mkdirSync(into, { recursive: true });
  // Programs are described by their absolute paths, and the folder may be a link.
  const base = realpathSync(into);
  removeLeftovers(base);
  const suites = new Map();
  const state = mkdtempSync(join(base, STATE));
  try {
    for (const peer of chosen(all, names)) {
      const folder = join(base, `${peer.name}-${peer.version}`);
      if (isSettled(folder, peer, names.length > 0)) continue;
      const result = await unpack(folder, peer, state, suites);
      const said = 'unavailable' in result ? result.unavailable : `is here (${result.version})`;
      console.log(`peers: ${peer.name} ${peer.version} ${said}`);
    }
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
}

function removeLeftovers(base) {
  for (const name of readdirSync(base).filter((candidate) => candidate.startsWith(STATE))) {
    const path = join(base, name);
    if (Date.now() - statSync(path).mtimeMs > LEFTOVER_MS) rmSync(path, { recursive: true, force: true });
  }
}

function chosen(all, names) {
  if (names.length === 0) return PEERS.filter(({ extra }) => all || extra !== true);
  const unknown = names.find((name) => !PEERS.some((peer) => isNamed(peer, name)));
  if (unknown !== undefined) throw new Error(`${unknown} is not among ${PEERS.map(fullName).join(', ')}`);
  return PEERS.filter((peer) => names.some((name) => isNamed(peer, name)));
}

const fullName = ({ name, version }) => `${name}-${version}`;
const isNamed = (peer, name) => name === peer.name || name === fullName(peer);

/** A peer that is there stays; one that could not be had is asked for again now and then. */
function isSettled(folder, row, impatient) {
  const manifest = join(folder, 'peer.json');
  if (!existsSync(manifest)) return false;
  const peer = readJson(manifest);
  if ('unavailable' in peer) return !impatient && Date.now() - peer.triedAt < RETRY_MS;
  if (peer.source !== sourceOf(row)) return false;
  const programs = Object.values(peer.programs ?? { sshd: peer.sshd });
  // The paths of a checkout that was moved lead nowhere, or into another one.
  const inPlace = peer.folder === folder || programs[0].startsWith(`${folder}/`);
  return inPlace && programs.every((path) => existsSync(path));
}

/** Unpacked beside its place and moved there, so that a test run at the same time sees all of it or nothing. */
async function unpack(folder, peer, state, suites) {
  let result;
  const fresh = mkdtempSync(join(state, 'peer-'));
  try {
    const obstacle = aptObstacle();
    if (obstacle !== undefined) throw new Error(obstacle);
    const versions = new Map();
    for (const { suite, packages } of peer.from) {
      if (!suites.has(suite)) suites.set(suite, await openSuite(suite, join(state, suite)));
      for (const [name, version] of await suites.get(suite)(packages, fresh)) versions.set(name, version);
    }
    const version = upstream(versions.get(peer.from[0].packages[0]) ?? 'nothing');
    if (!version.startsWith(peer.version)) throw new Error(`${version} was found instead`);
    put(fresh, folder);
    result =
      peer.build === undefined
        ? await placePeer(folder, peer, version)
        : { version, folder, source: sourceOf(peer), ...(await buildPeer(folder, peer)) };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const reason = String(error.message).trim().split('\n').at(-1);
    result = { unavailable: `could not be fetched: ${reason}`, triedAt: Date.now() };
  }
  writeFileSync(join(folder, 'peer.json'), `${JSON.stringify(result, null, 2)}\n`);
  return result;
}

function put(fresh, folder) {
  rmSync(folder, { recursive: true, force: true });
  // Other accounts run these programs.
  chmodSync(fresh, 0o755);
  renameSync(fresh, folder);
}

/** `2022.83-1+deb12u3` → `2022.83`. @param {string} version - Of a Debian package. */
const upstream = (version) => version.replace(/-[^-]*$/, '').replace(/[+~].*$/, '');

if (isMain(import.meta.url)) {
  await script(async () => {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { all: { type: 'boolean', default: false }, into: { type: 'string' } },
    });
    const into = values.into === undefined ? {} : { into: resolve(values.into) };
    await fetchPeers({ all: values.all, names: positionals, ...into });
  });
}

// Fetches packages of another Debian release without touching the machine's own apt.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram, runOk } from './repo.mjs';

/** A mirror that does not answer must not keep a test run waiting: seconds, and no second try. */
export const NETWORK_LIMITS = ['http', 'https']
  .map((scheme) => `Acquire::${scheme}::Timeout=20`)
  .concat('Acquire::Retries=0')
  .flatMap((setting) => ['-o', setting]);

const SOURCES = '/etc/apt/sources.list.d';
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Why nothing can be fetched here, or `undefined`. */
export function aptObstacle() {
  for (const name of ['apt-get', 'apt-cache', 'dpkg-deb', 'dpkg']) {
    if (findProgram(name) === undefined) return `${name} is missing`;
  }
  if (!existsSync(KEYRING)) return 'not a Debian system';
  return mirror() === undefined ? 'no Debian mirror in the apt sources' : undefined;
}

/** The machine's own mirror, in either form of apt's files. @returns {string | undefined} */
function mirror() {
  const lists = existsSync(SOURCES) ? readdirSync(SOURCES).map((name) => join(SOURCES, name)) : [];
  for (const path of [...lists, '/etc/apt/sources.list']) {
    if (!existsSync(path)) continue;
    const text = readFileSync(path, 'utf8');
    const uris = [...text.matchAll(/^(?:URIs:\s*|deb\s+(?:\[[^\]]*\]\s+)?)(\S+)/gm)].map(([, uri]) => uri);
    // The security archive lists other suites.
    const main = uris.find((uri) => /\/debian\/?$/.test(uri));
    if (main !== undefined) return main;
  }
  return undefined;
}

/**
 * Downloads `packages` of `suite` and unpacks them below `target`. Names the suite does not have are left out.
 *
 * @param {string} suite
 * @param {readonly string[]} packages
 * @param {string} target - Absolute.
 */
export async function unpackFrom(suite, packages, target) {
  const state = `${target}.apt`;
  const downloads = join(state, 'downloads');
  for (const name of ['lists/partial', 'archives/partial', 'downloads'])
    mkdirSync(join(state, name), { recursive: true });
  try {
    const architecture = (await runOk('dpkg', ['--print-architecture'])).trim();
    writeFileSync(join(state, 'sources.list'), `deb [signed-by=${KEYRING}] ${mirror()} ${suite} main\n`);
    writeFileSync(join(state, 'status'), '');
    writeFileSync(join(state, 'apt.conf'), configuration(state, architecture));
    const env = { ...process.env, APT_CONFIG: join(state, 'apt.conf') };
    await runOk('apt-get', ['-qq', ...NETWORK_LIMITS, 'update'], { env });
    const known = new Set((await runOk('apt-cache', ['pkgnames'], { env })).split('\n'));
    const wanted = packages.filter((name) => known.has(name));
    await runOk('apt-get', ['-qq', ...NETWORK_LIMITS, 'download', ...wanted], { env, cwd: downloads });
    mkdirSync(target, { recursive: true });
    for (const name of readdirSync(downloads)) await runOk('dpkg-deb', ['-x', join(downloads, name), target]);
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
}

function configuration(state, architecture) {
  return `
Dir::Etc::sourcelist "${state}/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "${state}/lists";
Dir::State::status "${state}/status";
Dir::Cache "${state}";
Dir::Cache::archives "${state}/archives";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
APT::Sandbox::User "${process.getuid?.() === 0 ? 'root' : ''}";
APT::Architecture "${architecture}";
Acquire::Languages "none";
Acquire::Check-Valid-Until "false";
`;
}

// Fetches packages of another Debian release without touching the machine's own apt.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
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
 * Reads the lists of one release into a folder of its own.
 *
 * @param {string} suite
 * @param {string} state - Absolute; the caller removes it.
 * @returns {Promise<(packages: readonly string[], target: string) => Promise<Map<string, string>>>} Downloads packages
 *   and unpacks them below `target`. Names the suite does not have are left out. Gives each package's version.
 */
export async function openSuite(suite, state) {
  for (const name of ['lists/partial', 'archives/partial']) mkdirSync(join(state, name), { recursive: true });
  const architecture = (await runOk('dpkg', ['--print-architecture'])).trim();
  writeFileSync(join(state, 'sources.list'), `deb [signed-by=${KEYRING}] ${mirror()} ${suite} main\n`);
  writeFileSync(join(state, 'status'), '');
  writeFileSync(join(state, 'apt.conf'), configuration(state, architecture));
  const env = { ...process.env, APT_CONFIG: join(state, 'apt.conf') };
  await runOk('apt-get', ['-qq', ...NETWORK_LIMITS, 'update'], { env });
  const known = new Set((await runOk('apt-cache', ['pkgnames'], { env })).split('\n'));
  return async (packages, target) => {
    const wanted = packages.filter((name) => known.has(name));
    if (wanted.length === 0) throw new Error(`${suite} has none of ${packages.join(', ')}`);
    const downloads = mkdtempSync(join(state, 'downloads-'));
    await runOk('apt-get', ['-qq', ...NETWORK_LIMITS, 'download', ...wanted], { env, cwd: downloads });
    mkdirSync(target, { recursive: true });
    const versions = new Map();
    for (const file of readdirSync(downloads)) {
      await runOk('dpkg-deb', ['-x', join(downloads, file), target]);
      const [name, version] = file.split('_');
      versions.set(name, decodeURIComponent(version).replace(/^\d+:/, ''));
    }
    rmSync(downloads, { recursive: true });
    return versions;
  };
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

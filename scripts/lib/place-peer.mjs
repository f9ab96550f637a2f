// Makes unpacked programs run where they are, and describes them.
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runOk } from './repo.mjs';

/** Of OpenSSH, looked for beside its `ssh`. */
const COMPANIONS = ['usr/bin/ssh-agent', 'usr/bin/ssh-add'];

const HELPERS = {
  SshdSessionPath: 'usr/lib/openssh/sshd-session',
  SshdAuthPath: 'usr/lib/openssh/sshd-auth',
};

/**
 * @param {string} folder - Absolute, where the packages were unpacked.
 * @param {import('./peer-table.mjs').PeerRow} peer
 * @param {string} version - Of the package.
 * @returns {Promise<object>} What `peer.json` says.
 */
export async function placePeer(folder, peer, version) {
  if (peer.runs === 'python') return placeModules(folder, peer, version);
  const place = (path) => placeProgram(folder, peer.runs, path);
  for (const path of Object.values(peer.programs)) {
    if (!existsSync(join(folder, path))) throw new Error(`${path} is not in the packages`);
  }
  const programs = Object.fromEntries(
    Object.entries(peer.programs).map(([name, path]) => [name, place(path)]),
  );
  const env = peer.runs === 'libraries' ? { LD_LIBRARY_PATH: libraryFolder(folder) } : {};
  if (peer.name !== 'openssh') return { version, folder, programs, env };
  const output = await runOk(programs.ssh, ['-V'], { env: { ...process.env, ...env } });
  const found = /OpenSSH_(\d+\.\d+\w*)/.exec(output)?.[1];
  if (!found?.startsWith(peer.version)) throw new Error(`${found} was found instead`);
  for (const path of COMPANIONS) if (existsSync(join(folder, path))) place(path);
  const helpers = Object.entries(HELPERS).filter(([, path]) => existsSync(join(folder, path)));
  return {
    version: found,
    ...programs,
    env,
    config: helpers.map(([name, path]) => `${name} ${place(path)}`),
  };
}

/** The system's own Python and no other: modules in machine code fit one version of it. */
const PYTHON = '/usr/bin/python3';

async function placeModules(folder, { module }, version) {
  if (!existsSync(PYTHON)) throw new Error(`${PYTHON} is missing`);
  const env = {
    PYTHONPATH: join(folder, 'usr', 'lib', 'python3', 'dist-packages'),
    // Some modules bring a library.
    ...(hasLibraries(folder) ? { LD_LIBRARY_PATH: libraryFolder(folder) } : {}),
  };
  await runOk(PYTHON, ['-W', 'ignore', '-c', `import ${module}`], { env: { ...process.env, ...env } });
  return { version, folder, programs: { python: PYTHON }, env };
}

/**
 * Where a program is started from: itself, or a small script that starts it with the unpacked loader and libraries.
 *
 * @param {string} folder
 * @param {import('./peer-table.mjs').PeerRow['runs']} runs
 * @param {string} path - Of the program below `folder`.
 * @returns {string} Absolute.
 */
export function placeProgram(folder, runs, path) {
  const program = join(folder, path);
  if (runs !== 'loader') return program;
  const libraries = libraryFolder(folder);
  const loader = readdirSync(libraries).find((name) => /^ld-linux.*\.so\.\d+$/.test(name));
  if (loader === undefined) throw new Error('no program loader was unpacked');
  mkdirSync(join(folder, 'bin'), { recursive: true });
  const script = join(folder, 'bin', path.split('/').at(-1));
  const command = `${join(libraries, loader)} --library-path ${libraries} --argv0 ${script} ${program}`;
  writeFileSync(script, `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 });
  return script;
}

const isLibraryFolder = (name) => name.endsWith('-linux-gnu');

function hasLibraries(folder) {
  const libraries = join(folder, 'usr', 'lib');
  return existsSync(libraries) && readdirSync(libraries).some(isLibraryFolder);
}

/** The folder is named after the machine's architecture. */
export function libraryFolder(folder) {
  if (!hasLibraries(folder)) throw new Error('no libraries were unpacked');
  const libraries = join(folder, 'usr', 'lib');
  return join(libraries, readdirSync(libraries).find(isLibraryFolder));
}

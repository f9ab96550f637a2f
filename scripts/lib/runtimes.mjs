// Deno and Bun as npm packages, in a folder of their own: in node_modules/.bin they would shadow the system's.
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, root, runOk } from './repo.mjs';

/** Locked here, because this folder is outside of the workspace and its lockfile. */
export const VERSIONS = { deno: '2.9.6', bun: '1.4.5' };

/**
 * @typedef {object} Runtime
 * @property {string} name
 * @property {string} command
 * @property {readonly string[]} args - What goes before the script's path.
 */

/**
 * Installs what is missing. The packages' own install scripts are not run: the programs are in packages for each
 * platform, which npm chooses.
 *
 * @returns {Promise<Runtime[]>} Node, Deno and Bun. @throws {Error} when one does not run here.
 */
export async function runtimes() {
  const folder = join(root, '.peers', 'runtimes');
  mkdirSync(folder, { recursive: true });
  if (!existsSync(join(folder, 'package.json')))
    writeFileSync(join(folder, 'package.json'), '{"private":true}\n');
  if (!areInstalled(folder)) {
    const packages = Object.entries(VERSIONS).map(([name, version]) => `${name}@${version}`);
    console.log(`runtimes: npm install ${packages.join(' ')}`);
    const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock'];
    await runOk('npm', ['install', ...flags, ...packages], { cwd: folder });
  }
  const list = [
    { name: 'node', command: process.execPath, args: [] },
    { name: 'deno', command: program(folder, '@deno', ['deno']), args: ['run', '-A'] },
    { name: 'bun', command: program(folder, '@oven', ['bin', 'bun']), args: [] },
  ];
  for (const runtime of list) {
    const version = (await runOk(runtime.command, ['--version'])).split('\n')[0];
    console.log(`runtimes: ${runtime.name} ${version.replace(/^deno /, '')}`);
  }
  return list;
}

function areInstalled(folder) {
  return Object.entries(VERSIONS).every(([name, version]) => {
    const manifest = join(folder, 'node_modules', name, 'package.json');
    return existsSync(manifest) && readJson(manifest).version === version;
  });
}

/** The program in whichever of the platform packages of `scope` npm chose. */
function program(folder, scope, path) {
  const packages = join(folder, 'node_modules', scope);
  const found = readdirSync(packages)
    .map((name) => join(packages, name, ...path))
    .find((candidate) => existsSync(candidate));
  if (found === undefined) throw new Error(`${scope} has no program for this platform`);
  return found;
}

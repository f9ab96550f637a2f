// ssh2's own native addon, built once where a compiler is, into bench/.cache: node_modules stays as it is.
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { execPath, versions } from 'node:process';
import { fileURLToPath } from 'node:url';
import { run } from '../../scripts/lib/repo.mjs';

const require = createRequire(import.meta.url);
const cache = join(dirname(dirname(fileURLToPath(import.meta.url))), '.cache');

/** @returns {Promise<string | undefined>} Path of sshcrypto.node, or `undefined` where it cannot be built. */
export async function buildAddon() {
  const folder = join(cache, `ssh2-addon-${process.version}`);
  const built = join(folder, 'build', 'Release', 'sshcrypto.node');
  if (existsSync(built)) return built;
  const gyp = nodeGyp();
  if (gyp === undefined) return undefined;
  const library = dirname(require.resolve('ssh2/package.json'));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  cpSync(join(library, 'lib', 'protocol', 'crypto'), folder, { recursive: true });
  const headers = resolve(dirname(execPath), '..');
  const args = ['rebuild', `--real_openssl_major=${versions.openssl.split('.')[0]}`];
  if (existsSync(join(headers, 'include', 'node', 'node.h'))) args.push(`--nodedir=${headers}`);
  // `nan`, which its build file asks for, is installed next to the library.
  const env = { ...process.env, NODE_PATH: dirname(library) };
  const { code, output } = await run(execPath, [gyp, ...args], { cwd: folder, env, quiet: true });
  if (code === 0 && existsSync(built)) return built;
  console.error(`ssh2's addon was not built:\n${output.trim().split('\n').slice(-8).join('\n')}`);
  return undefined;
}

function nodeGyp() {
  const prefix = resolve(dirname(execPath), '..');
  return [
    join(prefix, 'lib', 'node_modules', 'npm', 'node_modules', 'node-gyp', 'bin', 'node-gyp.js'),
    join(dirname(execPath), 'node_modules', 'npm', 'node_modules', 'node-gyp', 'bin', 'node-gyp.js'),
  ].find((path) => existsSync(path));
}

// Bundles the umbrella and everything below it into ESM files that need nothing but the runtime.
import {
  chmodSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { readJson, root } from './repo.mjs';

const umbrella = join(root, 'packages', 'nbs-ssh');
const dist = join(umbrella, 'dist');
const SHEBANG = '#!/usr/bin/env node\n';

/** @returns {Promise<{ index: number, total: number }>} Bytes of code: what importing loads, and all of it. */
export async function bundleUmbrella() {
  // Imported here and not above, because setup loads this file before anything is installed.
  const { build } = await import('esbuild');
  checkVersion();
  const source = (...path) => join(umbrella, 'src', ...path);
  const entries = { index: source('index.ts'), server: source('server.ts'), cli: source('cli', 'main.ts') };
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: Object.fromEntries(Object.entries(entries).filter(([, path]) => existsSync(path))),
    outdir: dist,
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    conditions: ['@nbs-ssh/source'],
    sourcemap: 'linked',
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  });
  writeLicences(Object.keys(metafile.inputs));
  for (const name of ['LICENSE', 'README.md']) {
    // Files of the package itself win over the workspace's.
    if (existsSync(join(root, name)) && !existsSync(join(umbrella, name)))
      copyFileSync(join(root, name), join(dist, name));
  }
  if (existsSync(join(dist, 'cli.js'))) await installCommand();
  const outputs = Object.fromEntries(
    Object.entries(metafile.outputs).map(([path, output]) => [relative(dist, resolve(root, path)), output]),
  );
  const code = Object.keys(outputs).filter((path) => path.endsWith('.js'));
  const sum = (paths) => [...paths].reduce((bytes, path) => bytes + outputs[path].bytes, 0);
  return { index: sum(reachable('index.js', outputs)), total: sum(code) };
}

/** The version that servers see and `-V` prints is the one that is published. */
function checkVersion() {
  const { version } = readJson(join(umbrella, 'package.json'));
  const text = readFileSync(join(umbrella, 'src', 'version.ts'), 'utf8');
  const said = /VERSION = '([^']*)'/.exec(text)?.[1];
  if (said !== version) throw new Error(`src/version.ts says ${said}, package.json says ${version}`);
}

/** Files that loading `entry` loads, by static imports. */
function reachable(entry, outputs) {
  const found = new Set([entry]);
  for (const path of found) {
    for (const { path: target, kind } of outputs[path]?.imports ?? []) {
      const name = relative(dist, resolve(root, target));
      if (kind === 'import-statement' && name in outputs) found.add(name);
    }
  }
  return found;
}

/** Makes dist/cli.js runnable and puts it where a shell in the workspace finds it. */
async function installCommand() {
  const file = join(dist, 'cli.js');
  const code = readFileSync(file, 'utf8');
  if (!code.startsWith('#!')) {
    writeFileSync(file, SHEBANG + code);
    const map = JSON.parse(readFileSync(`${file}.map`, 'utf8'));
    // One line more in front: an empty group of mappings.
    writeFileSync(`${file}.map`, JSON.stringify({ ...map, mappings: `;${map.mappings}` }));
  }
  chmodSync(file, 0o755);
  const link = join(root, 'node_modules', '.bin', 'nbs-ssh');
  await rm(link, { force: true });
  if (process.platform === 'win32') writeFileSync(`${link}.cmd`, `@node "${file}" %*\r\n`);
  else symlinkSync(relative(dirname(link), file), link);
}

/** Licence texts of every package whose code is in the bundle. */
function writeLicences(inputs) {
  const folders = new Set(
    inputs
      .map((path) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1])
      .filter((path) => path !== undefined),
  );
  const texts = [...folders].sort().map((path) => {
    const folder = resolve(root, path);
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = readdirSync(folder).find((candidate) => /^licen[cs]e/i.test(candidate));
    if (file === undefined) throw new Error(`${name} ${version} is bundled but has no licence file`);
    return `${name} ${version} (${license})\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
  });
  if (texts.length === 0) return;
  writeFileSync(join(dist, 'THIRD_PARTY_LICENSES'), texts.join(`\n${'-'.repeat(72)}\n\n`));
}

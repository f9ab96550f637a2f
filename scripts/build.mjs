// npm run build: every package to dist/, and the umbrella as a self-contained package.
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { bundleUmbrella } from './lib/bundle.mjs';
import { bin, isMain, readJson, root, runOk, script } from './lib/repo.mjs';
import { files, fingerprint, isFresh, writeStamp } from './lib/stamp.mjs';
import { copyTypes } from './lib/types.mjs';

/** Packages that are published, each after those it imports. The umbrella is last. */
export const BUILD_ORDER = [
  'transport',
  'auth',
  'channels',
  'supervisor',
  'automation',
  'evidence',
  'session',
  'server',
  'nbs-ssh',
];

export async function build() {
  const packages = BUILD_ORDER.filter((name) => hasSources(name));
  const skipped = BUILD_ORDER.filter((name) => existsSync(folder(name)) && !hasSources(name));
  const shared = [join(root, 'tsconfig.base.json'), join(root, 'types'), join(root, 'scripts', 'build.mjs')];
  const scripts = [...shared, join(root, 'scripts', 'lib'), join(root, 'pnpm-lock.yaml')];
  const inputs = [
    ...scripts,
    ...packages.flatMap((name) => inputsOf(name)),
    join(root, 'LICENSE'),
    join(root, 'README.md'),
  ];
  const stamp = join(root, 'node_modules', '.nbs-ssh-build');
  const wanted = fingerprint(inputs);
  if (isFresh(stamp, wanted) && packages.every((name) => existsSync(join(folder(name), 'dist')))) {
    console.log('build: up to date');
    return;
  }
  const start = performance.now();
  rmSync(stamp, { force: true });
  for (const name of packages) {
    rmSync(join(folder(name), 'dist'), { recursive: true, force: true });
    await runOk(bin('tsc'), ['-p', join(folder(name), 'tsconfig.build.json')]);
  }
  const seconds = () => `${((performance.now() - start) / 1000).toFixed(1)} s`;
  console.log(`build: ${packages.join(', ')} (${seconds()})`);
  if (skipped.length > 0) console.log(`build: no sources yet in ${skipped.join(', ')}`);
  if (packages.includes('nbs-ssh')) {
    copyTypes(packages);
    const { index, total } = await bundleUmbrella();
    console.log(
      `build: nbs-ssh bundled, ${kib(index)} to import, ${kib(total)} with the command (${seconds()})`,
    );
  }
  writeStamp(stamp, wanted);
}

const folder = (name) => join(root, 'packages', name);
const kib = (bytes) => `${Math.round(bytes / 1024)} KiB`;

function hasSources(name) {
  return (
    existsSync(join(folder(name), 'package.json')) && entryPoints(name).every((path) => existsSync(path))
  );
}

/** Source files that `exports` names: a package is built once all are there. */
function entryPoints(name) {
  const { exports } = readJson(join(folder(name), 'package.json'));
  return Object.values(exports)
    .map((entry) => entry['@nbs-ssh/source'])
    .filter((path) => path !== undefined)
    .map((path) => join(folder(name), path));
}

const inputsOf = (name) => [
  ...files(join(folder(name), 'src')),
  ...['package.json', 'tsconfig.json', 'tsconfig.build.json', 'README.md'].map((file) =>
    join(folder(name), file),
  ),
];

if (isMain(import.meta.url)) await script(build);

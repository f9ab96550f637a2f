// npm run setup: installs the locked dependencies and builds. Skips what is already done.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './build.mjs';
import { isMain, readJson, root, run, runOk, script } from './lib/repo.mjs';
import { fingerprint, isFresh, writeStamp } from './lib/stamp.mjs';

export async function setup() {
  await install();
  await build();
}

/** Installs exactly what the lockfile names. */
export async function install() {
  const stamp = join(root, 'node_modules', '.nbs-ssh-install');
  const manifests = readdirSync(join(root, 'packages')).map((name) =>
    join(root, 'packages', name, 'package.json'),
  );
  const inputs = [
    'package.json',
    'pnpm-lock.yaml',
    'pnpm-workspace.yaml',
    'bench/package.json',
    'conformance/package.json',
  ];
  const wanted = fingerprint([...inputs.map((name) => join(root, name)), ...manifests]);
  if (isFresh(stamp, wanted)) {
    console.log('setup: dependencies are up to date');
    return;
  }
  const [command, ...args] = await pnpm();
  console.log(`setup: ${[command, ...args].join(' ')} install --frozen-lockfile`);
  await runOk(command, [...args, 'install', '--frozen-lockfile'], { env: { ...process.env, CI: 'true' } });
  writeStamp(stamp, wanted);
}

/** The pnpm that package.json names: the one on PATH when it is that version, otherwise through npx. */
export async function pnpm() {
  const { packageManager } = readJson(join(root, 'package.json'));
  const [, version] = packageManager.split('@');
  // Asked outside the workspace: inside it, another pnpm would download the wanted one by itself.
  const found = await run('pnpm', ['--version'], { cwd: join(root, '..'), quiet: true });
  if (found.code === 0 && found.output.trim() === version) return ['pnpm'];
  return ['npx', '--yes', packageManager];
}

if (isMain(import.meta.url)) {
  await script(async () => {
    await setup();
    if (existsSync(join(root, 'node_modules', '.bin', 'nbs-ssh'))) {
      console.log('setup: done; the command is node_modules/.bin/nbs-ssh');
    }
  });
}

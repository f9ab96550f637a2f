// The built package, packed and installed as a user would, against a real sshd on Node, Deno and Bun.
import { copyFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bin, root, run, runOk, script } from '../lib/repo.mjs';
import { runtimes } from '../lib/runtimes.mjs';
import { loadTesting } from '../lib/testing.mjs';
import { setup } from '../setup.mjs';
import { startTarget } from './target.mjs';

/** A runtime that needs longer hangs. */
const LIMIT_MS = 60_000;

await script(async () => {
  await setup();
  const { scratchDir, startSshd, systemOpenssh } = await loadTesting();
  const openssh = systemOpenssh();
  if (!openssh.available) {
    console.log(`smoke: skipped, ${openssh.reason}`);
    return;
  }
  const list = await runtimes();
  const scratch = scratchDir('smoke');
  const sshd = await startSshd({ hostKeyTypes: ['ed25519', 'rsa'] });
  const target = await startTarget();
  try {
    const folder = scratch.path;
    await installPacked(folder);
    await checkTypes(folder);
    const script = join(folder, 'smoke.mjs');
    for (const name of ['smoke.mjs', 'forwards.mjs', 'target.mjs']) {
      copyFileSync(join(root, 'scripts', 'smoke', name), join(folder, name));
    }
    const env = {
      ...process.env,
      SMOKE_PORT: String(sshd.port),
      SMOKE_USER: sshd.username,
      SMOKE_KEY: sshd.clientKey(),
      SMOKE_KNOWN_HOSTS: sshd.writeKnownHosts(),
      SMOKE_LIMIT_MS: String(LIMIT_MS),
      SMOKE_TARGET: String(target.port),
      // Neither a look for a newer version nor a cache outside of the scratch folder.
      DENO_NO_UPDATE_CHECK: '1',
      DENO_DIR: join(folder, 'deno'),
      NO_COLOR: '1',
    };
    const failed = [];
    for (const { name, command, args } of list) {
      const { code, output } = await run(command, [...args, script], {
        cwd: folder,
        env,
        quiet: true,
        // Later than the script's own limit, which says more.
        limitMs: LIMIT_MS + 10_000,
      });
      console.log(`smoke: ${name}: ${output.trim()}`);
      if (code !== 0) failed.push(name);
    }
    if (failed.length > 0) throw new Error(`smoke: failed on ${failed.join(', ')}\n${sshd.log()}`);
  } finally {
    await sshd.stop();
    target.stop();
    scratch.remove();
  }
});

/** Packs the umbrella and installs the archive into an empty folder, without the network. */
async function installPacked(folder) {
  await runOk('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], {
    cwd: join(root, 'packages', 'nbs-ssh'),
  });
  const archive = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  writeFileSync(join(folder, 'package.json'), '{"private":true,"type":"module"}\n');
  const flags = [
    '--offline',
    '--omit=dev',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--no-package-lock',
  ];
  await runOk('npm', ['install', ...flags, `./${archive}`], { cwd: folder });
  console.log(`smoke: installed ${archive}`);
}

/** A user's strict program against the packed declarations: they must be complete, and not `any`. */
async function checkTypes(folder) {
  copyFileSync(join(root, 'scripts', 'smoke', 'consumer.mts'), join(folder, 'consumer.mts'));
  const settings = {
    compilerOptions: {
      noEmit: true,
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      module: 'NodeNext',
      target: 'ES2022',
      lib: ['ES2023', 'ESNext.Disposable'],
      types: ['node'],
      typeRoots: [join(root, 'node_modules', '@types')],
    },
    files: ['consumer.mts'],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(settings));
  await runOk(bin('tsc'), ['-p', folder]);
  console.log('smoke: the declarations are complete');
}

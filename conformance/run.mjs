// Tries every algorithm of every server that is here: connect, run a command, move 8 MiB both ways, rekey, move again.
//
//   node conformance/run.mjs [--write] [--new] [--bytes N] [--cell ALGORITHM] [PEER…]
//   node conformance/run.mjs --clients [--write] [--bytes N] [CLIENT…]
//
// PEER is the beginning of a name and version, such as `dropbear` or `"openssh 10"`. --write puts the results into
// docs/interop.md; peers that were not tried keep theirs. --new tries only what it does not know yet.
// --clients tries clients of others on our server instead. `node scripts/fetch-peers.mjs --all` gets the servers.
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { root, script } from '../scripts/lib/repo.mjs';

const here = dirname(fileURLToPath(import.meta.url));

await script(async () => {
  // Node 20 does not run TypeScript. Below this folder, from where the fixtures still find the repository.
  const outfile = join(here, 'dist', 'main.mjs');
  await build({
    entryPoints: [join(here, 'src', 'main.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    conditions: ['@nbs-ssh/source'],
    logLevel: 'warning',
  });
  const { main } = await import(pathToFileURL(outfile).href);
  await main(join(root, 'docs', 'interop.md'), process.argv.slice(2));
});

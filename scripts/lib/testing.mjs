// The fixtures of packages/testing for plain scripts: Node 20 does not run TypeScript, so they are bundled first.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './repo.mjs';

/** @returns {Promise<typeof import('../../packages/testing/src/index.ts')>} */
export async function loadTesting() {
  const { build } = await import('esbuild');
  // Inside packages/testing, where its own way to the repository root and its dependencies still hold.
  const outfile = join(root, 'packages', 'testing', 'dist', 'index.js');
  await build({
    entryPoints: [join(root, 'packages', 'testing', 'src', 'index.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    conditions: ['@nbs-ssh/source'],
    logLevel: 'warning',
  });
  return import(pathToFileURL(outfile).href);
}

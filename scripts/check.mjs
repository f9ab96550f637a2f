// npm run check: types of sources and tests, format and lint, import graph, file length. Says what failed, last.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { checkGraph } from './check-graph.mjs';
import { tooLong } from './check-length.mjs';
import { bin, isMain, root, run } from './lib/repo.mjs';

/** @returns {Promise<string[]>} Names of the checks that failed. Their complaints are printed as they come. */
export async function check() {
  const failed = [];
  for (const project of projects()) {
    if (!(await passes(bin('tsc'), ['-p', project]))) failed.push(`types of ${project}`);
  }
  if (!(await passes(bin('biome'), ['ci', '--log-level=error', '--colors=off', '.'])))
    failed.push('format and lint');
  for (const [name, complaints] of [
    ['import graph', checkGraph()],
    ['file length', tooLong()],
  ]) {
    if (complaints.length === 0) continue;
    console.log(complaints.join('\n'));
    failed.push(name);
  }
  console.log(failed.length === 0 ? 'check: all good' : `check: failed: ${failed.join(', ')}`);
  return failed;
}

/** Every tsconfig that checks without building, each relative to the root. Packages without sources have none. */
function projects() {
  const packages = readdirSync(join(root, 'packages'))
    .filter((name) => existsSync(join(root, 'packages', name, 'src', 'index.ts')))
    .flatMap((name) => ['tsconfig.json', 'tsconfig.node.json'].map((file) => `packages/${name}/${file}`));
  return [...packages, 'conformance/tsconfig.json', 'tsconfig.test.json'].filter((path) =>
    existsSync(join(root, path)),
  );
}

async function passes(command, args) {
  const { code, output } = await run(command, args, { quiet: true });
  if (code !== 0) console.log(output.trim());
  return code === 0;
}

if (isMain(import.meta.url) && (await check()).length > 0) process.exitCode = 1;

// Size of what a web page or a single-file program would carry: bundled, minified, gzipped.
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const resolveDir = dirname(fileURLToPath(import.meta.url));

export async function bundleSizes() {
  const ours = process.env.NBS_SSH_BENCH_MODULE ?? 'nbs-ssh';
  return {
    'nbs-ssh': await size(`export { SSHConnection } from ${JSON.stringify(ours)};`),
    // Client only, as an application that connects would import it.
    ssh2: await size('export { Client } from "ssh2";'),
  };
}

async function size(contents) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: ['*.node', 'cpu-features'],
    logLevel: 'error',
  });
  return gzipSync(outputFiles[0].contents, { level: 9 }).length;
}

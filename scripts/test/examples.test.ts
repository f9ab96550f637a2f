import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { scratchDir } from '@nbs-ssh/testing';
import { build } from 'esbuild';
import { describe, it } from 'vitest';
import { formatOpensshPrivateKey, generateEd25519 } from '../../packages/auth/src/index.ts';
import { authorizedKeys, SSHServer } from '../../packages/nbs-ssh/src/server.ts';
import { nobleProvider } from '../../packages/transport/src/crypto/noble/index.ts';
import { formatPublicKeyLine, publicKeyOf } from '../../packages/transport/src/keys/index.ts';
import { bin, root, run } from '../lib/repo.mjs';

const umbrella = join(root, 'packages', 'nbs-ssh');

/** For blocks that go on with a connection made before. */
const PRELUDE = "import type { SSHConnection } from 'nbs-ssh';\ndeclare const connection: SSHConnection;\n";

function blocks(file: string): readonly string[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => match[1] ?? '');
}

/** A folder inside the package, so that an import of `nbs-ssh` finds its sources. */
function insidePackage(): { readonly path: string; [Symbol.dispose](): void } {
  const path = mkdtempSync(join(umbrella, 'test', '.examples-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

describe('examples in the documentation', () => {
  it('compile', { timeout: 120_000 }, async () => {
    using folder = insidePackage();
    const all = ['README.md', 'docs/api.md', 'docs/ssh-config.md', 'packages/nbs-ssh/README.md'].flatMap(
      blocks,
    );
    assert.ok(all.length >= 6, `only ${all.length} blocks were found`);
    const include = all.map((block, index) => {
      const name = `example-${index}.ts`;
      writeFileSync(join(folder.path, name), block.includes("from 'nbs-ssh") ? block : PRELUDE + block);
      return name;
    });
    const compilerOptions = { noEmit: true, types: ['node'], noUnusedLocals: false };
    const base = join(root, 'tsconfig.base.json');
    const settings = { extends: base, files: [], compilerOptions, include };
    writeFileSync(join(folder.path, 'tsconfig.json'), JSON.stringify(settings));
    const { code, output } = await run(bin('tsc'), ['-p', folder.path], { quiet: true });
    assert.equal(code, 0, output);
  });

  it('run: the program of README.md, against a server of ours', { timeout: 60_000 }, async () => {
    using folder = insidePackage();
    using home = scratchDir('example');
    const ssh = join(home.path, '.ssh');
    mkdirSync(ssh);
    const key = generateEd25519(nobleProvider);
    const text = formatOpensshPrivateKey(key, 'example', nobleProvider.random);
    writeFileSync(join(ssh, 'id_ed25519'), text, { mode: 0o600 });
    const owner = authorizedKeys([formatPublicKeyLine(publicKeyOf(key))], 'me');
    const server = await SSHServer.listen({
      auth: { publicKey: owner },
      exec: async ({ command, stdout }) => {
        await stdout.write(`ran ${command}\n`);
        return command === 'make all' ? 2 : 0;
      },
    });
    try {
      writeFileSync(join(ssh, 'known_hosts'), `${server.hostKeyLines.join('\n')}\n`);
      const { host, port } = server.address;
      const source = blocks('README.md')[0] ?? '';
      const contents = source.replace("host: 'server.example.org'", `host: '${host}', port: ${port}`);
      assert.notEqual(contents, source);
      const outfile = join(home.path, 'example.mjs');
      await build({
        stdin: { contents, loader: 'ts', resolveDir: folder.path },
        outfile,
        bundle: true,
        format: 'esm',
        platform: 'node',
        conditions: ['@nbs-ssh/source'],
      });
      const { stdout } = await promisify(execFile)(process.execPath, [outfile], {
        cwd: home.path,
        env: { ...process.env, HOME: home.path, USERPROFILE: home.path },
      });
      assert.equal(stdout, 'ran uname -a (exit 0)\nran make all\nmake ended with 2\n');
      const { disconnect_reason } = JSON.parse(readFileSync(join(home.path, 'evidence.json'), 'utf8'));
      assert.equal(disconnect_reason, 'closed by us');
    } finally {
      await server.close();
    }
  });
});

import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ScratchDir, scratchDir } from '@nbs-ssh/testing';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { appendKnownHost, readKnownHostsFile, rewriteKnownHosts } from '../../src/node/index.ts';

let scratch: ScratchDir;
/** A program that learns or forgets hosts, as other processes of ours do. */
let program: string;
beforeAll(async () => {
  scratch = scratchDir('processes');
  program = join(scratch.path, 'program.mjs');
  const source = join(dirname(fileURLToPath(import.meta.url)), '../../src/node/index.ts');
  await build({
    stdin: { contents: PROGRAM.replace('@source', source), resolveDir: dirname(source), loader: 'ts' },
    outfile: program,
    bundle: true,
    format: 'esm',
    platform: 'node',
    conditions: ['@nbs-ssh/source'],
    logLevel: 'error',
  });
});
afterAll(() => scratch.remove());

const PROGRAM = `
import { appendKnownHost, rewriteKnownHosts } from '@source';
const [, , what, path, name] = process.argv;
if (what === 'learn') await appendKnownHost(path, name + ' ' + 'k'.repeat(400));
else {
  for (let turn = 0; ; turn += 1) {
    if (turn === 1) process.stdout.write('ready');
    await rewriteKnownHosts(path, (text) => text.startsWith('old') ? text.replaceAll('old', 'new') : text.replaceAll('new', 'old'));
    if (turn % 2) await appendKnownHost(path + '-appended', 'turn' + turn + ' ' + 'k'.repeat(400));
  }
}
`;

const run = (...args: readonly string[]): ChildProcess =>
  spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });

describe('known_hosts under several processes', () => {
  it('T086 has 50 intact lines after 50 processes have learned 50 hosts at once', async () => {
    const path = join(scratch.path, 'fifty');
    const children = Array.from({ length: 50 }, (_, i) => run('learn', path, `host${i}`));
    await Promise.all(children.map((child) => once(child, 'exit')));
    const lines = readFileSync(path, 'utf8').split('\n');
    expect(lines.pop()).toBe('');
    expect([...lines].sort()).toEqual(
      Array.from({ length: 50 }, (_, i) => `host${i} ${'k'.repeat(400)}`).sort(),
    );
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('T088 is the old file or the new one, never a mix, after SIGKILL at 100 random points', async () => {
    const path = join(scratch.path, 'killed');
    const text = (word: string): string => `${word} ${'x'.repeat(200)}\n`.repeat(500);
    writeFileSync(path, text('old'), { mode: 0o640 });
    writeFileSync(`${path}-appended`, '');
    const seen = new Set<string>();
    for (let round = 0; round < 100; round += 1) {
      const child = run('forget', path);
      await once(child.stdout as NodeJS.ReadableStream, 'data');
      // In milliseconds: some turns of the program.
      const until = performance.now() + Math.random() * 30;
      while (performance.now() < until) await new Promise((resolve) => setImmediate(resolve));
      child.kill('SIGKILL');
      await once(child, 'exit');
      const now = readFileSync(path, 'utf8');
      seen.add(now.slice(0, 3));
      expect([text('old'), text('new')]).toContain(now);
      expect(statSync(path).mode & 0o777).toBe(0o640);
    }
    expect([...seen].sort()).toEqual(['new', 'old']);
    const appended = readFileSync(`${path}-appended`, 'utf8').split('\n');
    for (const line of appended.slice(0, -1)) expect(line).toMatch(/^turn\d+ k{400}$/);
  }, 240_000);

  it('loses no line that others add while one of us rewrites it', async () => {
    const path = join(scratch.path, 'busy');
    writeFileSync(path, 'unwanted 0\n');
    const children = Array.from({ length: 10 }, (_, i) => run('learn', path, `host${i}`));
    const exits = Promise.all(children.map((child) => once(child, 'exit')));
    let over = false;
    void exits.then(() => {
      over = true;
    });
    for (let turn = 0; !over; turn += 1) {
      await appendKnownHost(path, `unwanted ${turn}`);
      await rewriteKnownHosts(path, (text) => text.replace(/^unwanted .*\n/gm, ''));
    }
    const lines = readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .filter((line) => line !== '');
    for (const line of lines) expect(line).toMatch(/^(?:host\d k{400}|unwanted \d+)$/);
    // One that was written in the last instant may stand there twice.
    const hosts = new Set(lines.filter((line) => line.startsWith('host')));
    expect(hosts.size).toBe(10);
  });
});

describe('rewriting known_hosts', () => {
  it('does nothing when there is no file, and leaves one alone that does not change', async () => {
    const path = join(scratch.path, 'none');
    expect(await rewriteKnownHosts(path, () => 'x')).toBe(false);
    writeFileSync(path, 'same\n');
    const before = statSync(path);
    expect(await rewriteKnownHosts(path, (text) => text)).toBe(false);
    expect(statSync(path).ino).toBe(before.ino);
  });

  it('T089 follows a symbolic link and leaves a dangling one alone', async () => {
    const [path, link, dangling] = ['real', 'link', 'dangling'].map((name) => join(scratch.path, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(path, 'a\nb\n');
    symlinkSync(path, link);
    symlinkSync('nowhere', dangling);
    expect(await rewriteKnownHosts(link, () => 'b\n')).toBe(true);
    expect(readFileSync(path, 'utf8')).toBe('b\n');
    expect(await rewriteKnownHosts(dangling, () => 'b\n')).toBe(false);
  });

  it('T089 gives up with a typed error when others keep changing it, and leaves no file behind', async () => {
    const dir = join(scratch.path, 'contended');
    mkdirSync(dir);
    const path = join(dir, 'known_hosts');
    writeFileSync(path, 'x\n');
    let turn = 0;
    const contended = rewriteKnownHosts(path, (text) => {
      turn += 1;
      writeFileSync(path, `${'x'.repeat(turn)}\n`);
      return `${text}y\n`;
    });
    await expect(contended).rejects.toMatchObject({ code: 'AUTH_KNOWN_HOSTS_WRITE' });
    expect(readdirSync(dir)).toEqual(['known_hosts']);
  });

  it('T089 on a full disk is a typed error, and nothing is truncated', async ({ skip }) => {
    const dir = join(scratch.path, 'full');
    mkdirSync(dir);
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'nbs-ssh-test', dir]);
    if (mounted.status !== 0) skip('a small file system needs root and mount');
    try {
      const path = join(dir, 'known_hosts');
      const text = `${'x'.repeat(40_000)}\n`;
      writeFileSync(path, text);
      const bigger = rewriteKnownHosts(path, (old) => `${old}${'y'.repeat(10_000)}\n`);
      await expect(bigger).rejects.toMatchObject({
        code: 'AUTH_KNOWN_HOSTS_WRITE',
        context: { cause: 'ENOSPC' },
      });
      expect(readFileSync(path, 'utf8')).toBe(text);
      expect(readdirSync(dir)).toEqual(['known_hosts']);
      const line = `host ${'k'.repeat(40_000)}`;
      await expect(appendKnownHost(path, line)).rejects.toMatchObject({ code: 'AUTH_KNOWN_HOSTS_WRITE' });
      expect((await readKnownHostsFile(path))?.startsWith(text)).toBe(true);
    } finally {
      execFileSync('umount', [dir]);
    }
  });
});

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isKnownHostsError } from '../../src/known-hosts/errors.ts';
import { appendKnownHost, readKeyFile, readKnownHostsFile } from '../../src/node/index.ts';
import { isPrivateKeyError } from '../../src/private-key/errors.ts';
import { installed } from '../private-key/tools.ts';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'nbs-auth-files-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const at = (name: string): string => join(directory, name);

const posix = process.platform !== 'win32';
const isRoot = process.getuid?.() === 0;

async function reason(path: string): Promise<string> {
  try {
    await readKeyFile(path);
    return 'read';
  } catch (error) {
    if (!isPrivateKeyError(error)) throw error;
    return error.context.reason;
  }
}

describe('a key file', () => {
  it('is read whole when it is a regular file, also through a symbolic link', async () => {
    writeFileSync(at('key'), 'content', { mode: 0o600 });
    symlinkSync('key', at('link'));
    expect(Buffer.from(await readKeyFile(at('key'))).toString()).toBe('content');
    expect(Buffer.from(await readKeyFile(at('link'))).toString()).toBe('content');
  });

  it('T110 may have 1 MiB and not a byte more', async () => {
    writeFileSync(at('full'), Buffer.alloc(1_048_576), { mode: 0o600 });
    expect(await readKeyFile(at('full'))).toHaveLength(1_048_576);
    writeFileSync(at('over'), Buffer.alloc(1_048_577), { mode: 0o600 });
    expect(await reason(at('over'))).toBe('invalid_format');
  });

  it('that is missing is file_not_found', async () => {
    for (const path of [at('nothing'), at('key/below'), at('x'.repeat(300)), 'nul\0byte']) {
      expect(await reason(path)).toBe('file_not_found');
    }
  });

  it('T110 that is a directory or goes in a circle is refused', async () => {
    mkdirSync(at('directory'));
    symlinkSync('circle', at('circle'));
    expect(await reason(at('directory'))).toBe('invalid_format');
    expect(await reason(at('circle'))).toBe('invalid_format');
  });

  it.skipIf(!posix || !installed('mkfifo', '--version'))(
    'T110 that is a FIFO or a device is refused without waiting',
    async () => {
      execFileSync('mkfifo', [at('fifo')]);
      for (const path of [at('fifo'), '/dev/zero', '/dev/null']) {
        expect(await reason(path)).toBe('invalid_format');
      }
    },
  );

  it.skipIf(!posix)(
    'T110 of ours that others may read is permission_denied, unless that is allowed',
    async () => {
      for (const mode of [0o644, 0o640, 0o604, 0o660]) {
        writeFileSync(at('shared'), 'content');
        chmodSync(at('shared'), mode);
        expect(await reason(at('shared'))).toBe('permission_denied');
        expect(await readKeyFile(at('shared'), { allowShared: true })).toHaveLength(7);
      }
    },
  );

  it.skipIf(!posix || isRoot)('that we may not read is permission_denied', async () => {
    writeFileSync(at('closed'), 'content', { mode: 0o000 });
    expect(await reason(at('closed'))).toBe('permission_denied');
  });
});

describe('a known_hosts file', () => {
  it('that is missing is undefined, and the null device is empty', async () => {
    expect(await readKnownHostsFile(at('none'))).toBeUndefined();
    expect(await readKnownHostsFile(at('none/at/all'))).toBeUndefined();
    expect(await readKnownHostsFile('/dev/null')).toBe('');
    await appendKnownHost('/dev/null', 'host key');
  });

  it('that is a directory is a typed error, to read and to add to', async () => {
    mkdirSync(at('kh-directory'));
    await expect(readKnownHostsFile(at('kh-directory'))).rejects.toSatisfy(isKnownHostsError);
    await expect(appendKnownHost(at('kh-directory'), 'host key')).rejects.toSatisfy(isKnownHostsError);
  });

  it('is made with mode 0600 in a directory with mode 0700', async () => {
    const path = join(at('home-ssh'), 'known_hosts');
    await appendKnownHost(path, 'host key');
    expect(readFileSync(path, 'utf8')).toBe('host key\n');
    if (posix) {
      expect(statSync(path).mode & 0o777).toBe(0o600);
      expect(statSync(at('home-ssh')).mode & 0o777).toBe(0o700);
    }
    await expect(appendKnownHost(join(at('no'), 'such', 'directory', 'kh'), 'x y')).rejects.toSatisfy(
      isKnownHostsError,
    );
    expect(existsSync(at('no'))).toBe(false);
  });

  it('keeps its mode and content, and its last line gets the end it lacks', async () => {
    writeFileSync(at('kh'), 'first line');
    chmodSync(at('kh'), 0o640);
    await appendKnownHost(at('kh'), 'second line');
    await appendKnownHost(at('kh'), 'third line');
    expect(await readKnownHostsFile(at('kh'))).toBe('first line\nsecond line\nthird line\n');
    if (posix) expect(statSync(at('kh')).mode & 0o777).toBe(0o640);
  });

  it('takes exactly one line at a time', async () => {
    for (const line of ['', 'a\nb', 'a\r', 'a\0'])
      await expect(appendKnownHost(at('kh'), line)).rejects.toThrow(RangeError);
  });

  it('gets every line whole when 200 are added at once in one process', async () => {
    const lines = Array.from({ length: 200 }, (_, i) => `host${i} ${'k'.repeat(100 + i)}`);
    await Promise.all(lines.map((line) => appendKnownHost(at('many'), line)));
    expect(readFileSync(at('many'), 'utf8').trimEnd().split('\n').sort()).toEqual([...lines].sort());
  });

  it('gets every line whole when ssh-keygen-like appenders and ours write at once', async () => {
    // Other programs append through stdio: one write for each line, at the end of the file.
    const script = `const fs=require('fs');for(let i=0;i<50;i++)fs.appendFileSync(process.argv[1],'other'+process.argv[2]+'-'+i+' '+'k'.repeat(300)+'\\n')`;
    const children = Array.from({ length: 4 }, (_, i) =>
      spawn(process.execPath, ['-e', script, at('mixed'), String(i)], { stdio: 'inherit' }),
    );
    const exits = children.map((child) => once(child, 'exit'));
    for (let i = 0; i < 100; i += 1) await appendKnownHost(at('mixed'), `ours-${i} ${'o'.repeat(400)}`);
    await Promise.all(exits);
    const lines = readFileSync(at('mixed'), 'utf8').trimEnd().split('\n');
    expect(lines).toHaveLength(300);
    expect(new Set(lines.map((line) => line.split(' ')[0])).size).toBe(300);
    for (const line of lines) expect(line).toMatch(/^(?:other\d-\d+ k{300}|ours-\d+ o{400})$/);
  });
});

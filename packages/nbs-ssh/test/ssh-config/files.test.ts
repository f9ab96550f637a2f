import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { type ScratchDir, scratchDir } from '@nbs-ssh/testing';
import { loadSshConfig, resolveSshConfig } from 'nbs-ssh';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeEnvironment } from '../../src/ssh-config/node/environment.ts';
import { globFiles, readConfigFile } from '../../src/ssh-config/node/files.ts';
import { refusal } from './memory.ts';

let scratch: ScratchDir;
beforeEach(() => {
  scratch = scratchDir('config-files');
});
afterEach(() => scratch.remove());

function file(name: string, text: string, mode = 0o600): string {
  const path = join(scratch.path, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

describe('the files of a configuration', () => {
  it('are refused when others can write them, unless they were named', async () => {
    for (const mode of [0o620, 0o602, 0o666]) {
      const path = file('config', 'Port 5', mode);
      const error = await refusal(readConfigFile(path, true, process.getuid?.()));
      expect(error).toMatchObject({ code: 'CONFIG_PERMISSIONS', context: { file: path } });
      expect((await resolveSshConfig('h', { paths: path })).settings.port).toBe(5);
    }
    expect(await readConfigFile(file('config', 'Port 5', 0o644), true, process.getuid?.())).toBe('Port 5');
  });

  it('are refused when they are included and others can write them', async () => {
    const included = file('inner', 'Port 5', 0o666);
    const error = await refusal(resolveSshConfig('h', { paths: file('config', `Include ${included}`) }));
    expect(error).toMatchObject({ code: 'CONFIG_PERMISSIONS', context: { file: included } });
  });

  it.skipIf(process.getuid?.() !== 0)('are refused when somebody else owns them', async () => {
    const path = file('config', 'Port 5');
    chownSync(path, 12_345, 12_345);
    expect(await refusal(readConfigFile(path, true, 0))).toMatchObject({ code: 'CONFIG_PERMISSIONS' });
    expect(await readConfigFile(path, true, 12_345)).toBe('Port 5');
  });

  it('have to exist when they were named', async () => {
    const missing = join(scratch.path, 'missing');
    const error = await refusal(loadSshConfig({ paths: missing }));
    expect(error).toMatchObject({ code: 'CONFIG_READ', context: { file: missing } });
    expect(await refusal(loadSshConfig({ paths: scratch.path }))).toMatchObject({ code: 'CONFIG_READ' });
  });

  it('are read in the order they are given, each once for all hosts', async () => {
    const paths = [file('one', 'Host a\nPort 1'), file('two', 'Port 2\nUser two')];
    const config = await loadSshConfig({ paths });
    writeFileSync(paths[1] ?? '', 'Port 3');
    expect((await config.resolve('a')).settings).toMatchObject({ port: 1, user: 'two' });
    expect((await config.resolve('b', { user: 'said' })).settings).toMatchObject({ port: 2, user: 'said' });
    expect((await config.resolve('b')).files).toEqual(paths);
  });

  it('T177 are bounded, however long they are', async () => {
    const path = file('config', '#'.repeat(3_000_000));
    expect(await refusal(loadSshConfig({ paths: path }))).toMatchObject({ code: 'CONFIG_LIMIT' });
    expect(await refusal(loadSshConfig({ paths: '/dev/zero' }))).toMatchObject({ code: 'CONFIG_LIMIT' });
  });
});

describe('wildcards of Include', () => {
  it('find files in folders that have them, sorted, also behind links', async () => {
    for (const name of ['b', 'a']) mkdirSync(join(scratch.path, name));
    const files = [file('a/1.conf', ''), file('b/1.conf', ''), file('b/2.conf', '')];
    file('b/.hidden.conf', '');
    symlinkSync(join(scratch.path, 'a'), join(scratch.path, 'c'));
    expect(await globFiles(`${scratch.path}/*/*.conf`)).toEqual([...files, join(scratch.path, 'c/1.conf')]);
    expect(await globFiles(`${scratch.path}/a/1.conf`)).toEqual([files[0]]);
    expect(await globFiles(`${scratch.path}/nowhere/*/x`)).toEqual([]);
  });

  it('T177 refuse a folder with more files than anybody includes', async () => {
    for (let at = 0; at < 1100; at += 1) file(`${at}.conf`, '');
    const error = await refusal(globFiles(`${scratch.path}/*.conf`));
    expect(error).toMatchObject({ code: 'CONFIG_LIMIT', context: { option: 'Include' } });
    expect(await globFiles(`${scratch.path}/7.*`)).toHaveLength(1);
  });
});

describe.skipIf(process.platform === 'win32')('Match exec', () => {
  it('runs with the shell and gives its status', async () => {
    const { exec } = nodeEnvironment(true);
    expect(await exec?.('true')).toBe(0);
    expect(await exec?.('false')).toBe(1);
    expect(await exec?.('test "a b" = "a b" && exit 3')).toBe(0);
    expect(await exec?.('sh -c "exit 7"')).toBe(7);
    expect(await exec?.('sh -c "kill -9 $$"')).toBe(255);
    expect(nodeEnvironment(false).exec).toBeUndefined();
  });

  it('decides about a block through the library when that is allowed', async () => {
    const paths = file('config', 'Match exec "test %n = h"\nPort 5');
    expect((await resolveSshConfig('h', { paths, allowExec: true })).settings.port).toBe(5);
    const { settings, warnings } = await resolveSshConfig('h', { paths });
    expect(settings.port).toBe(22);
    expect(warnings).toMatchObject([{ file: paths, line: 1, option: 'Match', level: 'warning' }]);
  });
});

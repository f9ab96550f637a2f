import { mkdirSync, writeFileSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import { scratchDir } from '@nbs-ssh/testing';
import {
  currentPlatform,
  discoverKeys,
  expandPath,
  getDefaultKeyPaths,
  getKnownHostsPath,
  getSshDir,
  isWindows,
  type Platform,
} from 'nbs-ssh';
import { describe, expect, it, vi } from 'vitest';
import { localUser } from '../src/platform/platform.ts';

const unix: Platform = {
  windows: false,
  home: '/home/me',
  env: { HOME: '/home/me', DIR: '/srv/keys', EMPTY: '', A_1: 'x' },
  homeOf: (user) => (user === 'ann' ? '/home/ann' : undefined),
};
const windows: Platform = {
  windows: true,
  home: 'C:\\Users\\me',
  env: { USERPROFILE: 'C:\\Users\\me', APPDATA: 'C:\\Users\\me\\AppData\\Roaming' },
  homeOf: () => undefined,
};

describe('platform functions', () => {
  it('take the name of a user without a passwd entry from the environment, or say that there is none', () => {
    const nobody = (): undefined => undefined;
    expect(localUser(unix, () => ({ username: 'ann', homedir: '/' }))).toBe('ann');
    expect(localUser({ ...unix, env: { USER: 'bob', LOGNAME: 'eve' } }, nobody)).toBe('bob');
    expect(localUser({ ...unix, env: { USER: '', LOGNAME: 'eve' } }, nobody)).toBe('eve');
    expect(() => localUser(unix, nobody)).toThrow(TypeError);
  });

  it('say where things are on Unix', () => {
    expect(isWindows(unix)).toBe(false);
    expect(getSshDir(unix)).toBe('/home/me/.ssh');
    expect(getKnownHostsPath(unix)).toBe('/home/me/.ssh/known_hosts');
    expect(getDefaultKeyPaths(unix)).toEqual([
      '/home/me/.ssh/id_ed25519',
      '/home/me/.ssh/id_ecdsa',
      '/home/me/.ssh/id_rsa',
    ]);
  });

  it('say where things are on Windows', () => {
    expect(isWindows(windows)).toBe(true);
    expect(getSshDir(windows)).toBe('C:\\Users\\me\\.ssh');
    expect(getKnownHostsPath(windows)).toBe('C:\\Users\\me\\.ssh\\known_hosts');
    expect(getDefaultKeyPaths(windows)[0]).toBe('C:\\Users\\me\\.ssh\\id_ed25519');
  });

  it('know the machine they run on, as its environment is now', () => {
    expect(isWindows()).toBe(process.platform === 'win32');
    vi.stubEnv('HOME', '/somewhere/else');
    vi.stubEnv('USERPROFILE', '/somewhere/else');
    expect(getSshDir()).toBe(join('/somewhere/else', '.ssh'));
    vi.unstubAllEnvs();
    expect(currentPlatform().homeOf(userInfo().username)).toBe(userInfo().homedir);
    expect(currentPlatform().homeOf('no-such-user')).toBeUndefined();
  });

  it('fall back to the account where the environment names no home', () => {
    vi.stubEnv('HOME', undefined);
    vi.stubEnv('USERPROFILE', undefined);
    expect(getSshDir()).toBe(join(homedir(), '.ssh'));
    vi.unstubAllEnvs();
  });

  it('find the default keys that exist, in the order they are tried', async () => {
    using scratch = scratchDir('home');
    const on = { ...unix, home: scratch.path };
    expect(await discoverKeys(on)).toEqual([]);
    const ssh = join(scratch.path, '.ssh');
    mkdirSync(join(ssh, 'id_ecdsa'), { recursive: true });
    for (const name of ['id_rsa', 'id_ed25519', 'id_dsa', 'id_rsa.pub']) writeFileSync(join(ssh, name), '');
    expect(await discoverKeys(on)).toEqual([join(ssh, 'id_ed25519'), join(ssh, 'id_rsa')]);
  });
});

describe('expandPath', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['~', '/home/me'],
    ['~/.ssh/id_rsa', '/home/me/.ssh/id_rsa'],
    ['~ann/key', '/home/ann/key'],
    ['~nobody/key', '~nobody/key'],
    ['/a/~/b', '/a/~/b'],
    ['file~', 'file~'],
    ['$DIR/key', '/srv/keys/key'],
    [`\${DIR}key`, '/srv/keyskey'],
    ['%DIR%/key', '/srv/keys/key'],
    ['$A_1$A_1', 'xx'],
    ['~/$A_1/%A_1%', '/home/me/x/x'],
    [`$UNSET/\${UNSET}/%UNSET%`, `$UNSET/\${UNSET}/%UNSET%`],
    ['a$EMPTY.b', 'a.b'],
    ['100%', '100%'],
    ['50% of 100%', '50% of 100%'],
    ['$', '$'],
    ['${', '${'],
    [`\${}`, `\${}`],
    ['', ''],
    ['plain/relative', 'plain/relative'],
    ['$__proto__', '$__proto__'],
    ['$constructor', '$constructor'],
  ];
  for (const [path, expected] of cases) {
    it(`makes ${JSON.stringify(expected)} of ${JSON.stringify(path)}`, () => {
      expect(expandPath(path, unix)).toBe(expected);
    });
  }

  it('expands what came from a variable no further', () => {
    const on = { ...unix, env: { LOOP: '$LOOP', TILDE: '~/x' } };
    expect(expandPath('$LOOP/$TILDE', on)).toBe('$LOOP/~/x');
  });

  it('takes either kind of slash after ~, and %VAR% on Windows', () => {
    expect(expandPath('~\\.ssh\\id_rsa', windows)).toBe('C:\\Users\\me\\.ssh\\id_rsa');
    expect(expandPath('~/.ssh', windows)).toBe('C:\\Users\\me/.ssh');
    expect(expandPath('%APPDATA%\\ssh', windows)).toBe('C:\\Users\\me\\AppData\\Roaming\\ssh');
    expect(expandPath('%ProgramFiles(x86)%', windows)).toBe('%ProgramFiles(x86)%');
  });
});

import { homedir, userInfo } from 'node:os';
import { posix, win32 } from 'node:path';
import { env, platform } from 'node:process';

/** What differs between operating systems. Given explicitly in tests, so that each path of code runs anywhere. */
export interface Platform {
  readonly windows: boolean;
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Home of another user, or `undefined` when that cannot be known. */
  readonly homeOf: (user: string) => string | undefined;
}

/** The machine we run on, read anew at each call: the environment may change. */
export function currentPlatform(): Platform {
  const windows = platform === 'win32';
  return {
    windows,
    home: (windows ? env['USERPROFILE'] : env['HOME']) ?? homedir(),
    env,
    homeOf: (user) => {
      const me = passwdEntry();
      return me?.username === user ? me.homedir : undefined;
    },
  };
}

/**
 * Name of the user we run as. Containers often run as a number that has no name: then the environment tells.
 *
 * @throws {TypeError} when nothing tells.
 */
export function localUser(on: Platform = currentPlatform(), entry: typeof passwdEntry = passwdEntry): string {
  const name = entry()?.username || on.env['USER'] || on.env['LOGNAME'];
  if (name) return name;
  throw new TypeError('the user we run as has no name: give username (-l), or set USER');
}

function passwdEntry(): { readonly username: string; readonly homedir: string } | undefined {
  try {
    return userInfo();
  } catch {
    return undefined;
  }
}

export function isWindows(on: Platform = currentPlatform()): boolean {
  return on.windows;
}

/** `~/.ssh`, or `%USERPROFILE%\.ssh`. */
export function getSshDir(on: Platform = currentPlatform()): string {
  return pathOf(on).join(on.home, '.ssh');
}

/** `/etc/ssh`, or `%ProgramData%\\ssh`. */
export function systemSshDir(on: Platform = currentPlatform()): string {
  return on.windows ? win32.join(on.env['ProgramData'] ?? 'C:\\ProgramData', 'ssh') : '/etc/ssh';
}

/** The configuration files that ssh reads, the user's and the system's. They need not exist. */
export function defaultConfigPaths(on: Platform = currentPlatform()): readonly [string, string] {
  const { join } = pathOf(on);
  return [join(getSshDir(on), 'config'), join(systemSshDir(on), 'ssh_config')];
}

/** The user's known_hosts; it need not exist. */
export function getKnownHostsPath(on: Platform = currentPlatform()): string {
  return pathOf(on).join(getSshDir(on), 'known_hosts');
}

/** The files that are read when `knownHosts` is not given: the user's two and the system's two, as OpenSSH does. */
export function defaultKnownHostsPaths(on: Platform = currentPlatform()): readonly string[] {
  const { join } = pathOf(on);
  const system = systemSshDir(on);
  return [
    getKnownHostsPath(on),
    join(getSshDir(on), 'known_hosts2'),
    join(system, 'ssh_known_hosts'),
    join(system, 'ssh_known_hosts2'),
  ];
}

/** Private keys that are tried when no authentication is configured, in order. They need not exist. */
export function getDefaultKeyPaths(on: Platform = currentPlatform()): readonly string[] {
  const { join } = pathOf(on);
  return ['id_ed25519', 'id_ecdsa', 'id_rsa'].map((name) => join(getSshDir(on), name));
}

/**
 * Expands `~`, `~user` where that home is known, `$VAR`, `${VAR}` and `%VAR%`. Unset variables stay as they are.
 */
export function expandPath(path: string, on: Platform = currentPlatform()): string {
  return expandHome(path, on).replace(
    /\$\{(\w+)\}|\$(\w+)|%(\w+)%/g,
    (whole, braced?: string, plain?: string, percent?: string) => {
      const value: unknown = on.env[braced ?? plain ?? percent ?? ''];
      // What every object has is no variable: `$constructor`.
      return typeof value === 'string' ? value : whole;
    },
  );
}

function expandHome(path: string, on: Platform): string {
  const match = /^~([^/\\]*)/.exec(path);
  if (match === null) return path;
  const user = match[1] ?? '';
  const home = user === '' ? on.home : on.homeOf(user);
  return home === undefined ? path : home + path.slice(match[0].length);
}

function pathOf(on: Platform): { join: (...parts: string[]) => string } {
  return on.windows ? win32 : posix;
}

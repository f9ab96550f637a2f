import { hostname } from 'node:os';
import { posix, win32 } from 'node:path';
import process from 'node:process';
import {
  currentPlatform,
  getSshDir,
  localUser,
  type Platform,
  systemSshDir,
} from '../../platform/platform.ts';
import type { ConfigEnvironment } from '../environment.ts';
import { runInShell } from './exec.ts';
import { globFiles, readConfigFile } from './files.ts';

/** The machine we run on. */
export function nodeEnvironment(allowExec: boolean, on: Platform = currentPlatform()): ConfigEnvironment {
  const { windows, env, home, homeOf } = on;
  const uid = process.getuid?.();
  return {
    home,
    homeOf,
    localUser: localUser(on),
    uid: uid ?? 0,
    hostName: hostname(),
    env,
    userFolder: getSshDir(on),
    systemFolder: systemSshDir(on),
    isAbsolute: (path) => (windows ? win32 : posix).isAbsolute(path),
    readFile: (path, { checkOwner }) => readConfigFile(path, checkOwner, uid),
    glob: globFiles,
    ...(allowExec ? { exec: (command: string) => runInShell(command, { ...env }, windows) } : {}),
  };
}

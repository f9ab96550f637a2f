import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../command.ts';
import { systemOpenssh } from '../openssh-versions.ts';
import { RUN_PID_VARIABLE } from '../scratch-dir.ts';
import { type KeyFile, type KeyType, makeKey } from '../ssh-keys.ts';
import { createAccount, removeAccount, testAccountObstacle } from '../test-account.ts';

/** A key that the tests log in with, made by `ssh-keygen`. @throws {Error} where there is none. */
export function makeClientKey(dir: string, type: KeyType = 'ed25519', name = `id_${type}`): Promise<KeyFile> {
  const openssh = systemOpenssh();
  if (!openssh.available) throw new Error(openssh.reason);
  return makeKey(openssh.binaries, dir, name, type);
}

/** An account of its own that a key and a password log in to. */
export interface PeerLogin {
  readonly username: string;
  readonly password: string;
  readonly clientKey: string;
  remove(): Promise<void>;
}

/** Why servers that log in accounts of the system cannot be used here, or `undefined`. */
export function accountObstacle(): string | undefined {
  return (
    testAccountObstacle() ?? (findProgram('ssh-keygen') === undefined ? 'no ssh-keygen is here' : undefined)
  );
}

/** For servers that know no other place for keys than the account's own `~/.ssh/authorized_keys`. */
export async function makeLogin(dir: string): Promise<PeerLogin> {
  const key = await makeClientKey(dir);
  // Named after the test run, so that a later one removes it when this worker is killed.
  const { username, password } = await createAccount(Number(process.env[RUN_PID_VARIABLE] ?? process.pid));
  try {
    const { uid, gid, home } = accountEntry(username);
    const folder = join(home, '.ssh');
    const file = join(folder, 'authorized_keys');
    mkdirSync(folder, { mode: 0o700 });
    writeFileSync(file, `${key.publicLine}\n`, { mode: 0o600 });
    // dropbear looks at the whole way down to the file.
    chmodSync(home, 0o755);
    for (const path of [folder, file]) chownSync(path, uid, gid);
  } catch (error) {
    await removeAccount(username);
    throw error;
  }
  return { username, password, clientKey: key.path, remove: () => removeAccount(username) };
}

function accountEntry(username: string): { uid: number; gid: number; home: string } {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${username}:`));
  const [, , uid, gid, , home] = line?.split(':') ?? [];
  if (home === undefined) throw new Error(`${username} is not in /etc/passwd`);
  return { uid: Number(uid), gid: Number(gid), home };
}

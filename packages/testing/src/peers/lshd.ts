import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runOk } from '../command.ts';
import { peerFiles } from './manifest.ts';
import type { Peer } from './peer.ts';
import { accountObstacle, makeLogin } from './peer-login.ts';
import { startPeer } from './peer-server.ts';

export const LSHD_VERSIONS: readonly string[] = ['2.1'];

/** It finds a helper only in the place that it was built for, so it sees its own folder there. */
const IN_PLACE = 'mount --bind "$1" /usr/sbin && shift && exec "$@"';

/**
 * GNU lsh, as old as servers get: SHA-1, CBC and RSA only. Its keys of users are in a format of its own, so it is used
 * with a password. Logs in an account of the system: needs root.
 */
export function lshdPeer(version: string): Peer {
  const files = peerFiles('lshd', version);
  const reason = typeof files === 'string' ? files : (accountObstacle() ?? namespaceObstacle());
  const names = { name: 'lshd', version };
  if (typeof files === 'string' || reason !== undefined) {
    return { ...names, available: false, reason: reason ?? '' };
  }
  const { lshd = '', keygen = '', writekey = '', exportkey = '' } = files.programs;
  return {
    ...names,
    available: true,
    canRekey: false,
    channels: 'many',
    start: () =>
      startPeer('lshd', async (dir, onStop) => {
        const { username, password, remove } = await makeLogin(dir);
        onStop(remove);
        const seed = join(dir, 'seed');
        writeFileSync(seed, randomBytes(32), { mode: 0o600 });
        const env = { ...files.env, LSH_YARROW_SEED_FILE: seed };
        const tool = async (program: string, args: readonly string[], stdin: string): Promise<string> => {
          const { stdout } = await runOk(program, args, { stdin, env: { ...process.env, ...env } });
          return stdout;
        };
        const hostKey = join(dir, 'host_key');
        // The key's own form is bytes, which only a pipe between the two programs keeps.
        const pipe = `"${keygen}" -l 2048 --server | "${writekey}" --server -c none -o "${hostKey}"`;
        await tool('/bin/sh', ['-c', pipe], '');
        const line = await tool(exportkey, ['--openssh', '-r', `${hostKey}.pub`], '');
        return {
          username,
          password,
          hostKeys: [line.trim()],
          command: (port) => ({
            program: 'unshare',
            args: [
              ...['-m', '/bin/sh', '-c', IN_PLACE, 'sh', dirname(lshd), lshd],
              // The port first: with the interface first it is forgotten.
              ...['-p', String(port), '--interface=localhost', '-h', hostKey],
            ],
            env,
          }),
        };
      }),
  };
}

/** A container may be forbidden to have a view of the file system of its own. */
function namespaceObstacle(): string | undefined {
  const { status } = spawnSync('unshare', ['-m', 'true']);
  return status === 0 ? undefined : 'unshare -m is not possible here';
}

import { join } from 'node:path';
import { runOk } from '../command.ts';
import { type PeerFiles, peerFiles } from './manifest.ts';
import type { Peer } from './peer.ts';
import { accountObstacle, makeLogin } from './peer-login.ts';
import { type PeerPlan, startPeer } from './peer-server.ts';

export const DROPBEAR_VERSIONS: readonly string[] = ['2020.81', '2022.83', '2025.89', '2026.94'];

/** `dropbearkey` arguments of each host key. */
const HOST_KEYS: readonly (readonly string[])[] = [
  ['-t', 'ed25519'],
  ['-t', 'ecdsa', '-s', '256'],
  ['-t', 'rsa', '-s', '2048'],
];

/** Logs in an account of the system: needs root. Its own limits for new keys (512 MiB, 8 hours) are compiled in. */
export function dropbearPeer(version: string): Peer {
  const files = peerFiles('dropbear', version);
  const reason = typeof files === 'string' ? files : accountObstacle();
  const names = { name: 'dropbear', version };
  if (typeof files === 'string' || reason !== undefined) {
    return { ...names, available: false, reason: reason ?? '' };
  }
  return {
    ...names,
    available: true,
    canRekey: false,
    channels: 'many',
    start: () =>
      startPeer('dropbear', async (dir, onStop) => {
        const login = await makeLogin(dir);
        onStop(login.remove);
        return { ...login, ...(await plan(files, dir)) };
      }),
  };
}

async function plan({ programs, env }: PeerFiles, dir: string): Promise<Omit<PeerPlan, 'username'>> {
  const { dropbear = '', dropbearkey = '' } = programs;
  const keys = HOST_KEYS.map((args) => ({ args, path: join(dir, `host_${args.join('')}`) }));
  const hostKeys: string[] = [];
  for (const { args, path } of keys) {
    await runOk(dropbearkey, [...args, '-f', path], { env: { ...process.env, ...env } });
    const { stdout } = await runOk(dropbearkey, ['-y', '-f', path], { env: { ...process.env, ...env } });
    hostKeys.push(/^(ssh|ecdsa)-\S+ \S+/m.exec(stdout)?.[0] ?? '');
  }
  return {
    hostKeys,
    command: (port) => ({
      program: dropbear,
      args: ['-F', '-E', '-p', `127.0.0.1:${port}`, ...keys.flatMap(({ path }) => ['-r', path])],
      env,
    }),
  };
}

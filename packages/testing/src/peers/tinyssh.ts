import { join } from 'node:path';
import { runOk } from '../command.ts';
import { peerFiles } from './manifest.ts';
import type { Peer } from './peer.ts';
import { accountObstacle, makeLogin } from './peer-login.ts';
import { startPeer } from './peer-server.ts';

export const TINYSSH_VERSIONS: readonly string[] = ['20230101', '20250501', '20261001'];

/** Ed25519 only, for host and user, and no passwords. Logs in an account of the system: needs root. */
export function tinysshPeer(version: string): Peer {
  const files = peerFiles('tinyssh', version);
  const reason = typeof files === 'string' ? files : accountObstacle();
  const names = { name: 'tinyssh', version };
  if (typeof files === 'string' || reason !== undefined) {
    return { ...names, available: false, reason: reason ?? '' };
  }
  const { tinysshd = '', makekey = '', printkey = '', tcpserver = '' } = files.programs;
  return {
    ...names,
    available: true,
    canRekey: false,
    channels: 'one',
    start: () =>
      startPeer('tinyssh', async (dir, onStop) => {
        const { username, clientKey, remove } = await makeLogin(dir);
        onStop(remove);
        const keys = join(dir, 'keys');
        await runOk(makekey, [keys]);
        const { stdout } = await runOk(printkey, [keys]);
        return {
          username,
          clientKey,
          hostKeys: [stdout.trim()],
          // -H -R -D -l0: no look-ups, no ident, no names. `-v` logs what it does.
          command: (port) => ({
            program: tcpserver,
            args: ['-HRDl0', '127.0.0.1', String(port), tinysshd, '-v', keys],
            env: files.env,
          }),
        };
      }),
  };
}

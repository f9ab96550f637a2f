import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../command.ts';
import { repositoryRoot } from '../repository.ts';
import type { KeyFile, KeyType } from '../ssh-keys.ts';
import type { PeerOptions, PeerServer } from './peer.ts';
import { makeClientKey } from './peer-login.ts';
import type { PeerCommand } from './peer-process.ts';
import { startPeer } from './peer-server.ts';

/** Not an account of the system: these servers run commands with our own rights. */
const USERNAME = 'peer';
const PASSWORD = 'correct horse battery staple';

/** Where the servers are that wrap somebody's library: programs that do nothing but serve one and run commands. */
export function ownProgram(name: string): string {
  return join(repositoryRoot(), 'conformance', 'peers', name);
}

/** Why such a server cannot be started here, or `undefined`. */
export function ownProgramObstacle(): string | undefined {
  return findProgram('ssh-keygen') === undefined ? 'no ssh-keygen is here' : undefined;
}

/**
 * Starts a program of `conformance/peers`. They all read the same variables: PEER_PORT, PEER_USERNAME,
 * PEER_PASSWORD, PEER_HOST_KEYS (paths with colons between), PEER_AUTHORIZED_KEYS (path), PEER_REKEY_BYTES.
 *
 * @param hostKeyTypes - Which host keys it gets, in OpenSSH's format.
 */
export function startOwnProgram(
  name: string,
  hostKeyTypes: readonly KeyType[],
  command: PeerCommand | ((dir: string) => PeerCommand),
  options: PeerOptions,
): Promise<PeerServer> {
  return startPeer(name, async (dir) => {
    const hostKeys: KeyFile[] = [];
    for (const type of hostKeyTypes) hostKeys.push(await makeClientKey(dir, type, hostKeyName(type)));
    const clientKey = await makeClientKey(dir);
    const authorized = join(dir, 'authorized_keys');
    writeFileSync(authorized, `${clientKey.publicLine}\n`);
    const { program, args, env } = typeof command === 'function' ? command(dir) : command;
    return {
      username: USERNAME,
      password: PASSWORD,
      clientKey: clientKey.path,
      hostKeys: hostKeys.map((key) => key.publicLine),
      command: (port) => ({
        program,
        args,
        env: {
          ...env,
          PEER_PORT: String(port),
          PEER_USERNAME: USERNAME,
          PEER_PASSWORD: PASSWORD,
          PEER_HOST_KEYS: hostKeys.map(({ path }) => path).join(':'),
          PEER_AUTHORIZED_KEYS: authorized,
          ...(options.rekeyBytes === undefined ? {} : { PEER_REKEY_BYTES: String(options.rekeyBytes) }),
        },
      }),
    };
  });
}

/** `ssh_host_rsa_key` as OpenSSH and Erlang name it; the larger curves have their size in it. */
function hostKeyName(type: KeyType): string {
  return `ssh_host_${type.replace('-256', '').replace('-', '')}_key`;
}

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runBytes } from '../command.ts';
import { type PeerFiles, peerFiles } from '../peers/manifest.ts';
import { ownProgram } from '../peers/own-program.ts';
import { repositoryRoot } from '../repository.ts';
import type { PeerClient } from './client.ts';

export function asyncsshClient(version: string): PeerClient {
  const files = peerFiles('asyncssh', version);
  return libraryClient('asyncssh', version, files, ['-W', 'ignore', ownProgram('asyncssh_client.py')], true);
}

export function paramikoClient(version: string): PeerClient {
  const files = peerFiles('paramiko', version);
  return libraryClient('paramiko', version, files, ['-W', 'ignore', ownProgram('paramiko_client.py')], true);
}

/** The npm package, which is installed with the workspace. */
export function ssh2Client(): PeerClient {
  const version = '1.17.0';
  const installed = existsSync(join(repositoryRoot(), 'conformance', 'node_modules', 'ssh2'));
  const files = installed
    ? { version, programs: { node: process.execPath }, env: {} }
    : 'ssh2 is not installed: npm run setup';
  return libraryClient('ssh2', version, files, [ownProgram('ssh2_client.mjs')], false);
}

/** A program of ours that runs one command through somebody's library. */
function libraryClient(
  name: string,
  version: string,
  files: PeerFiles | string,
  args: readonly string[],
  canRekey: boolean,
): PeerClient {
  if (typeof files === 'string') return { name, version, available: false, reason: files };
  const [program = ''] = Object.values(files.programs);
  return {
    name,
    version,
    available: true,
    canRekey,
    run: (target, { command, stdin, rekeyBytes }) =>
      runBytes(program, args, {
        stdin: stdin ?? '',
        env: {
          ...process.env,
          ...files.env,
          PEER_PORT: String(target.port),
          PEER_USERNAME: target.username,
          PEER_KNOWN_HOSTS: target.knownHosts,
          PEER_COMMAND: command,
          ...('key' in target.login
            ? { PEER_KEY: target.login.key }
            : { PEER_PASSWORD: target.login.password }),
          ...(rekeyBytes === undefined ? {} : { PEER_REKEY_BYTES: String(rekeyBytes) }),
        },
      }),
  };
}

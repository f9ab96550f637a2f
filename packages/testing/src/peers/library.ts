import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../repository.ts';
import type { KeyType } from '../ssh-keys.ts';
import { type PeerFiles, peerFiles } from './manifest.ts';
import { ownProgram, ownProgramObstacle, startOwnProgram } from './own-program.ts';
import type { Peer } from './peer.ts';
import type { PeerCommand } from './peer-process.ts';

export const LIBSSH_VERSIONS: readonly string[] = ['0.10.6', '0.12.2'];
export const GO_VERSIONS: readonly string[] = ['0.4.0', '0.58.0'];
export const ERLANG_VERSIONS: readonly string[] = ['25.2.3'];
export const MINA_VERSIONS: readonly string[] = ['2.13.2'];

const ALL_KEYS: readonly KeyType[] = ['ed25519', 'ecdsa-256', 'ecdsa-384', 'ecdsa-521', 'rsa'];
/** For servers that hold one ECDSA key at most. */
const ONE_CURVE: readonly KeyType[] = ['ed25519', 'ecdsa-256', 'rsa'];

interface Library {
  readonly hostKeys: readonly KeyType[];
  readonly canRekey: boolean;
  readonly channels: 'one' | 'many';
  readonly command: (files: PeerFiles, dir: string) => PeerCommand;
}

const server = ({ programs, env }: PeerFiles): PeerCommand => ({
  program: programs['server'] ?? '',
  args: [],
  env,
});

/**
 * libssh, behind a server of ours that runs one command for each connection. When it begins a key exchange while it
 * sends, it loses data, with OpenSSH's client too.
 */
export function libsshPeer(version: string): Peer {
  return libraryPeer('libssh', version, {
    hostKeys: ONE_CURVE,
    canRekey: false,
    channels: 'one',
    command: server,
  });
}

/** `golang.org/x/crypto/ssh`. */
export function goPeer(version: string): Peer {
  return libraryPeer('go', version, {
    hostKeys: ALL_KEYS,
    canRekey: true,
    channels: 'many',
    command: server,
  });
}

/** The ssh application of Erlang/OTP. It looks at its limit of bytes once a minute, which is too seldom for tests. */
export function erlangPeer(version: string): Peer {
  return libraryPeer('erlang', version, {
    hostKeys: ONE_CURVE,
    canRekey: false,
    channels: 'many',
    command: ({ programs, env }, dir) => {
      const source = ownProgram('erlang_server.erl');
      const compile = `{ok, _} = compile:file("${source}", [report, {outdir, "${dir}"}])`;
      const program = `${compile}, code:add_patha("${dir}"), erlang_server:start().`;
      return { program: programs['erl'] ?? '', args: ['-noinput', '-eval', program], env };
    },
  });
}

/** Apache MINA SSHD. */
export function minaPeer(version: string): Peer {
  return libraryPeer('mina', version, {
    hostKeys: ALL_KEYS,
    canRekey: true,
    channels: 'many',
    command: ({ programs, env }) => {
      const args = ['-cp', env['CLASSPATH'] ?? '', ownProgram('MinaServer.java')];
      return { program: programs['java'] ?? '', args };
    },
  });
}

/** The npm package, which is installed with the workspace. */
export function ssh2Peer(): Peer {
  const version = '1.17.0';
  const installed = existsSync(join(repositoryRoot(), 'conformance', 'node_modules', 'ssh2'));
  const program = ownProgram('ssh2_server.mjs');
  return fromFiles(
    'ssh2',
    version,
    installed
      ? { version, programs: { node: process.execPath }, env: {} }
      : 'ssh2 is not installed: npm run setup',
    {
      hostKeys: ALL_KEYS,
      canRekey: false,
      channels: 'many',
      command: ({ programs, env }) => ({ program: programs['node'] ?? '', args: [program], env }),
    },
  );
}

function libraryPeer(name: string, version: string, library: Library): Peer {
  return fromFiles(name, version, peerFiles(name, version), library);
}

function fromFiles(name: string, version: string, files: PeerFiles | string, library: Library): Peer {
  const reason = typeof files === 'string' ? files : ownProgramObstacle();
  if (typeof files === 'string' || reason !== undefined) {
    return { name, version, available: false, reason: reason ?? '' };
  }
  const { hostKeys, canRekey, channels, command } = library;
  return {
    name,
    version,
    available: true,
    canRekey,
    channels,
    start: (options = {}) => startOwnProgram(name, hostKeys, (dir) => command(files, dir), options),
  };
}

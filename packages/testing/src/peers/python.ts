import type { KeyType } from '../ssh-keys.ts';
import { peerFiles } from './manifest.ts';
import { ownProgram, ownProgramObstacle, startOwnProgram } from './own-program.ts';
import type { Peer } from './peer.ts';

export const ASYNCSSH_VERSIONS: readonly string[] = ['2.10.1', '2.20.0'];
export const PARAMIKO_VERSIONS: readonly string[] = ['2.12.0', '3.5.1', '5.0.0'];
export const CONCH_VERSIONS: readonly string[] = ['22.4.0'];

const ALL_KEYS: readonly KeyType[] = ['ed25519', 'ecdsa-256', 'ecdsa-384', 'ecdsa-521', 'rsa'];

export function asyncsshPeer(version: string): Peer {
  return pythonPeer('asyncssh', version, { canRekey: true });
}

export function paramikoPeer(version: string): Peer {
  return pythonPeer('paramiko', version, { canRekey: true });
}

/** Twisted Conch. It never begins a key exchange of its own. */
export function conchPeer(version: string): Peer {
  return pythonPeer('conch', version, { canRekey: false });
}

function pythonPeer(name: string, version: string, { canRekey }: { readonly canRekey: boolean }): Peer {
  const files = peerFiles(name, version);
  const reason = typeof files === 'string' ? files : ownProgramObstacle();
  if (typeof files === 'string' || reason !== undefined) {
    return { name, version, available: false, reason: reason ?? '' };
  }
  const args = ['-W', 'ignore', ownProgram(`${name}_server.py`)];
  const command = { program: files.programs['python'] ?? '', args, env: files.env };
  return {
    name,
    version,
    available: true,
    canRekey,
    channels: 'many',
    start: (options = {}) => startOwnProgram(name, ALL_KEYS, command, options),
  };
}

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type OpensshBinaries,
  type OpensshPeer,
  opensshPeer,
  type PeerVersion,
  supportedAlgorithms,
  systemOpenssh,
} from '../openssh-versions.ts';
import type { KeyType } from '../ssh-keys.ts';
import { startSshd } from '../sshd.ts';
import type { Peer, PeerOptions, PeerServer } from './peer.ts';

const HOST_KEYS: readonly KeyType[] = ['ed25519', 'ecdsa-256', 'ecdsa-384', 'ecdsa-521', 'rsa'];

/** One unpacked version, or the machine's own. It offers all that it can, also what is off in it by default. */
export function opensshServerPeer(version: PeerVersion | 'system'): Peer {
  const found: OpensshPeer = version === 'system' ? systemOpenssh() : opensshPeer(version);
  const name = 'openssh';
  if (!found.available) return { name, version, available: false, reason: found.reason };
  const { binaries } = found;
  return {
    name,
    version: binaries.version,
    available: true,
    canRekey: true,
    channels: 'many',
    start: (options = {}) => start(binaries, options),
  };
}

async function start(binaries: OpensshBinaries, { rekeyBytes }: PeerOptions): Promise<PeerServer> {
  const all = (kind: string): string[] => supportedAlgorithms(binaries, kind);
  const server = await startSshd({
    openssh: binaries,
    hostKeyTypes: all('key').includes('ssh-dss') ? [...HOST_KEYS, 'dsa'] : HOST_KEYS,
    kex: all('kex').filter((name) => !name.startsWith('gss-')),
    ciphers: all('cipher'),
    macs: all('mac'),
    hostKeyAlgorithms: all('HostKeyAlgorithms').filter((name) => !/^webauthn-|^sk-/.test(name)),
    ...(rekeyBytes === undefined ? {} : { rekeyLimit: `${rekeyBytes} none` }),
  });
  const hostKeys = server.hostKeys.map((key) => key.publicLine.split(' ').slice(0, 2).join(' '));
  const knownHosts = join(server.dir, 'known_hosts');
  writeFileSync(knownHosts, hostKeys.map((key) => `[127.0.0.1]:${server.port} ${key}\n`).join(''));
  return {
    host: '127.0.0.1',
    port: server.port,
    identification: server.identification,
    username: server.username,
    clientKey: server.clientKey(),
    password: undefined,
    hostKeys,
    knownHosts,
    log: server.log,
    stop: server.stop,
    [Symbol.asyncDispose]: server.stop,
  };
}

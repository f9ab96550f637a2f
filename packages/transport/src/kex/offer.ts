import type { TransportConfig } from '../config.ts';
import { keyTypeOfAlgorithm, plainName } from '../keys/index.ts';
import type { KexInit } from '../messages.ts';
import { MARKERS } from '../negotiate.ts';

/** The KEXINIT we send. Markers mean something in the first exchange only, so later ones leave them out. */
export function offer(config: TransportConfig, first: boolean): KexInit {
  const { algorithms, role } = config;
  const markers: string[] = [];
  if (first) {
    markers.push(role === 'client' ? MARKERS.extInfoClient : MARKERS.extInfoServer);
    if (config.strictKex !== 'off') {
      markers.push(role === 'client' ? MARKERS.strictClient : MARKERS.strictServer);
    }
  }
  return {
    cookie: config.crypto.random(16),
    kex: [...algorithms.kex, ...markers],
    hostKey: role === 'client' ? algorithms.hostKey : ownHostKeyAlgorithms(config),
    cipherClientToServer: algorithms.ciphers,
    cipherServerToClient: algorithms.ciphers,
    macClientToServer: algorithms.macs,
    macServerToClient: algorithms.macs,
    compressionClientToServer: ['none'],
    compressionServerToClient: ['none'],
    languageClientToServer: [],
    languageServerToClient: [],
    firstKexPacketFollows: false,
    reserved: 0,
  };
}

/** A server offers only what one of its host keys can sign. */
function ownHostKeyAlgorithms(config: TransportConfig): readonly string[] {
  const owned = new Set(config.hostKeys.map((key) => key.publicKey.keyType));
  return config.algorithms.hostKey.filter(
    (name) =>
      owned.has(keyTypeOfAlgorithm(name)) &&
      config.crypto.signatures.some((suite) => suite.name === plainName(name)),
  );
}

/** What a peer's first KEXINIT says beside its lists. */
export function markersOf(theirs: KexInit, peer: 'client' | 'server'): { strict: boolean; extInfo: boolean } {
  return {
    strict: theirs.kex.includes(peer === 'client' ? MARKERS.strictClient : MARKERS.strictServer),
    extInfo: theirs.kex.includes(peer === 'client' ? MARKERS.extInfoClient : MARKERS.extInfoServer),
  };
}

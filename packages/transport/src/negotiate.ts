import { type AlgorithmSlot, transportError } from './errors.ts';
import type { KexInit } from './messages.ts';

/** What both sides agreed on. A MAC is `null` where the cipher authenticates by itself. */
export interface NegotiatedAlgorithms {
  readonly kex: string;
  readonly hostKey: string;
  readonly cipherClientToServer: string;
  readonly cipherServerToClient: string;
  readonly macClientToServer: string | null;
  readonly macServerToClient: string | null;
  readonly compressionClientToServer: string;
  readonly compressionServerToClient: string;
}

/** Markers in the kex list that name no method: RFC 8308 §2.1 and OpenSSH PROTOCOL §1.9. */
export const MARKERS = {
  extInfoClient: 'ext-info-c',
  extInfoServer: 'ext-info-s',
  strictClient: 'kex-strict-c-v00@openssh.com',
  strictServer: 'kex-strict-s-v00@openssh.com',
} as const;

const MARKER_NAMES: readonly string[] = Object.values(MARKERS);

/**
 * Agrees on every slot: the first name on the client's list that the server also lists, RFC 4253 §7.1.
 *
 * The same function runs on both ends, so both ends reach the same answer.
 *
 * @param isAead - Says whether a cipher needs no MAC; its MAC slot is then ignored, as OpenSSH does.
 * @throws {TransportError} `TRANSPORT_NO_COMMON_ALGORITHM` with both lists in `context`.
 */
export function negotiate(
  client: KexInit,
  server: KexInit,
  isAead: (cipher: string) => boolean,
): NegotiatedAlgorithms {
  const kex = pick('kex', client, server);
  const hostKey = pick('hostKey', client, server);
  const cipherClientToServer = pick('cipherClientToServer', client, server);
  const cipherServerToClient = pick('cipherServerToClient', client, server);
  return {
    kex,
    hostKey,
    cipherClientToServer,
    cipherServerToClient,
    macClientToServer: isAead(cipherClientToServer) ? null : pick('macClientToServer', client, server),
    macServerToClient: isAead(cipherServerToClient) ? null : pick('macServerToClient', client, server),
    compressionClientToServer: pick('compressionClientToServer', client, server),
    compressionServerToClient: pick('compressionServerToClient', client, server),
  };
}

/** RFC 8308 §2.2 forbids ever choosing a marker, so markers are left out of the comparison. */
function pick(slot: AlgorithmSlot, client: KexInit, server: KexInit): string {
  const offered = new Set(server[slot]);
  const chosen = client[slot].find((name) => offered.has(name) && !isMarker(name));
  if (chosen !== undefined) return chosen;
  const methods = (init: KexInit): readonly string[] => init[slot].filter((name) => !isMarker(name));
  throw transportError('TRANSPORT_NO_COMMON_ALGORITHM', {
    slot,
    client: methods(client),
    server: methods(server),
  });
}

function isMarker(name: string): boolean {
  return MARKER_NAMES.includes(name);
}

/** Whether a guessed first packet was right: both first choices equal, RFC 4253 §7. */
export function guessIsRight(client: KexInit, server: KexInit): boolean {
  return client.kex[0] === server.kex[0] && client.hostKey[0] === server.hostKey[0];
}

import {
  type OpensshPeer,
  opensshPeer,
  PEER_VERSIONS,
  type Sshd,
  startSshd,
  systemOpenssh,
} from '@nbs-ssh/testing';
import { createNodeProvider, nobleProvider } from 'nbs-ssh';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectTo, echo, MIB } from './lab.ts';

const KEX = [
  'diffie-hellman-group14-sha256',
  'diffie-hellman-group16-sha512',
  'diffie-hellman-group18-sha512',
  'diffie-hellman-group-exchange-sha256',
];
const SERVERS: readonly (readonly [string, OpensshPeer])[] = [
  ['the installed OpenSSH', systemOpenssh()],
  ...PEER_VERSIONS.map((version) => [`OpenSSH ${version}`, opensshPeer(version)] as const),
];

for (const [server, peer] of SERVERS) {
  if (!peer.available) console.warn(`Diffie-Hellman is not tried on ${server}: ${peer.reason}`);
  describe.skipIf(!peer.available)(
    `Diffie-Hellman in finite fields on ${server}, 4 MiB each way with a rekey`,
    () => {
      let sshd: Sshd;
      beforeAll(async () => {
        if (peer.available) sshd = await startSshd({ openssh: peer.binaries, kex: KEX });
      });
      afterAll(() => sshd.stop());

      for (const crypto of [nobleProvider, createNodeProvider()]) {
        for (const name of KEX) {
          it(`${name} (${crypto.name})`, async () => {
            await using connection = await connectTo(sshd, { crypto, algorithms: { kex: [name] } });
            expect(connection.algorithms?.kex).toBe(name);
            await echo(connection, 4 * MIB, 1);
          }, 240_000);
        }
      }
    },
  );
}

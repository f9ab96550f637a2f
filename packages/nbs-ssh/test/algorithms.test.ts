import { processExec, SSHServer } from '@nbs-ssh/server';
import { opensshPeer, type Sshd, sshdAvailable, startSshd } from '@nbs-ssh/testing';
import {
  type AlgorithmPolicy,
  type CryptoProvider,
  createNodeProvider,
  createPasswordAuth,
  nobleProvider,
  SSHConnection,
} from 'nbs-ssh';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectTo, echo, MIB } from './lab.ts';

const SIZE = 64 * MIB;
const REKEYS = 3;

const KEX = [
  'sntrup761x25519-sha512',
  'sntrup761x25519-sha512@openssh.com',
  'curve25519-sha256',
  'curve25519-sha256@libssh.org',
  'ecdh-sha2-nistp256',
  'ecdh-sha2-nistp384',
  'ecdh-sha2-nistp521',
];
const HOST_KEYS = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-256',
  'rsa-sha2-512',
];
const CIPHERS = [
  'chacha20-poly1305@openssh.com',
  'aes128-gcm@openssh.com',
  'aes256-gcm@openssh.com',
  'aes128-ctr',
  'aes192-ctr',
  'aes256-ctr',
];
const MACS = [
  'hmac-sha2-256',
  'hmac-sha2-512',
  'hmac-sha2-256-etm@openssh.com',
  'hmac-sha2-512-etm@openssh.com',
];

/** Each algorithm alone in its slot. A MAC counts only beside a cipher that needs one. */
const SINGLY: readonly (readonly [string, AlgorithmPolicy])[] = [
  ...KEX.map((name) => [name, { kex: [name] }] as const),
  ...HOST_KEYS.map((name) => [name, { hostKey: [name] }] as const),
  ...CIPHERS.map((name) => [name, { ciphers: [name] }] as const),
  ...MACS.map((name) => [name, { macs: [name], ciphers: ['aes256-ctr'] }] as const),
];

const PROVIDERS: readonly (readonly [string, CryptoProvider])[] = [
  ['noble', nobleProvider],
  ['node', createNodeProvider()],
];

describe.skipIf(!sshdAvailable())(
  'each algorithm alone, 64 MiB each way with three rekeys, on OpenSSH',
  () => {
    let sshd: Sshd;
    beforeAll(async () => {
      sshd = await startSshd({
        password: true,
        hostKeyTypes: ['ed25519', 'ecdsa-256', 'ecdsa-384', 'ecdsa-521', 'rsa'],
      });
    });
    afterAll(() => sshd.stop());

    for (const [provider, crypto] of PROVIDERS) {
      for (const [name, algorithms] of SINGLY) {
        it(`${name} (${provider})`, async () => {
          await using connection = await connectTo(sshd, { crypto, algorithms });
          expect(Object.values(connection.algorithms ?? {})).toContain(name);
          await echo(connection, SIZE, REKEYS);
        }, 240_000);
      }
    }
  },
);

describe('mlkem768x25519-sha256, 64 MiB each way with three rekeys, on newer servers', () => {
  for (const version of ['10.0', '10.6'] as const) {
    const peer = opensshPeer(version);
    if (!peer.available)
      console.warn(`mlkem768x25519-sha256 is not tried on OpenSSH ${version}: ${peer.reason}`);
    for (const [provider, crypto] of PROVIDERS) {
      it.skipIf(!peer.available)(
        `OpenSSH ${version} (${provider})`,
        async () => {
          if (!peer.available) return;
          await using sshd = await startSshd({ openssh: peer.binaries, password: true });
          const algorithms = { kex: ['mlkem768x25519-sha256'] };
          await using connection = await connectTo(sshd, { crypto, algorithms });
          expect(connection.algorithms?.kex).toBe('mlkem768x25519-sha256');
          await echo(connection, SIZE, REKEYS);
        },
        240_000,
      );
    }
  }
});

describe('mlkem768x25519-sha256, 64 MiB each way with three rekeys, on our own server', () => {
  for (const [provider, crypto] of PROVIDERS) {
    it(`both ends on ${provider}`, async () => {
      await using server = await SSHServer.listen({
        auth: { password: ({ password }) => password.reveal() === 'open sesame' },
        ...processExec(),
        crypto,
      });
      await using connection = await SSHConnection.connect({
        ...server.address,
        username: 'somebody',
        auth: createPasswordAuth('open sesame'),
        knownHosts: null,
        crypto,
        algorithms: { kex: ['mlkem768x25519-sha256'] },
      });
      expect(connection.algorithms?.kex).toBe('mlkem768x25519-sha256');
      await echo(connection, SIZE, REKEYS);
    }, 240_000);
  }
});

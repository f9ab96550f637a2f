import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  type KeyFile,
  makeKey,
  opensshPeer,
  PEER_VERSIONS,
  scratchDir,
  supportedAlgorithms,
} from '@nbs-ssh/testing';
import { insecureNames } from '@nbs-ssh/transport/crypto';
import { nobleProvider } from '@nbs-ssh/transport/crypto/noble';
import { nodeProvider } from '@nbs-ssh/transport/crypto/node';
import { afterAll, assert, beforeAll, describe, it } from 'vitest';
import { clientEnv, onlyKey, runBytes, sha256, startServer, system } from './support.ts';

/** Enough for a rekey on the way. */
const SIZE = 2_000_000;
/** We verify DSA and never sign with it, so no server of ours has such a key. */
const NAMES = insecureNames(nobleProvider).filter((name) => name !== 'ssh-dss');
const CLIENTS = [
  ['the installed client', system] as const,
  ...PEER_VERSIONS.map((version) => [`the client of OpenSSH ${version}`, opensshPeer(version)] as const),
];

for (const [client, peer] of CLIENTS) {
  if (!peer.available) console.warn(`insecure algorithms are not tried with ${client}: ${peer.reason}`);
  describe.skipIf(!peer.available)(`insecure algorithms with ${client}`, () => {
    const scratch = scratchDir('insecure');
    const data = randomBytes(SIZE);
    const known = new Set<string>();
    if (peer.available) {
      for (const kind of ['kex', 'cipher', 'mac', 'key', 'sig'])
        for (const name of supportedAlgorithms(peer.binaries, kind)) known.add(name);
    }
    let key: KeyFile;
    let rsa: KeyFile;
    beforeAll(async () => {
      assert(peer.available);
      key = await makeKey(peer.binaries, scratch.path, 'id', 'ed25519');
      rsa = await makeKey(peer.binaries, scratch.path, 'id_rsa', 'rsa');
    });
    afterAll(() => scratch.remove());

    const echo = async (
      options: Parameters<typeof startServer>[0],
      identity: KeyFile,
      settings: readonly string[],
    ): Promise<string> => {
      assert(peer.available);
      await using fixture = await startServer({
        ...onlyKey(identity.publicLine),
        rekey: { bytes: 1_000_000 },
        ...options,
      });
      const lines = ['BatchMode=yes', ...settings].flatMap((line) => ['-o', line]);
      const args = fixture.arguments('-i', identity.path, ...lines);
      const result = await runBytes(peer.binaries.ssh, [...args, 'cat'], {
        stdin: data,
        keep: false,
        env: clientEnv(peer.binaries),
      });
      if (result.exitCode === 0) assert.equal(result.sha256, sha256(data));
      return result.exitCode === 0 ? 'fine' : result.stderr;
    };

    const settingsFor = (name: string): readonly string[] => {
      if (name.startsWith('diffie-hellman-')) return [`KexAlgorithms=${name}`];
      if (name.startsWith('hmac-')) return ['Ciphers=aes128-ctr', `MACs=${name}`];
      if (name.endsWith('-cbc')) return [`Ciphers=${name}`, 'MACs=hmac-sha2-256'];
      return [`HostKeyAlgorithms=${name}`];
    };

    for (const crypto of [nodeProvider, nobleProvider]) {
      for (const name of NAMES) {
        it.skipIf(!known.has(name))(`${name} on the ${crypto.name} provider, when opted into`, async () => {
          const hostKeys = [readFileSync(rsa.path, 'utf8')];
          const settings = settingsFor(name);
          const without = name === 'ssh-rsa' ? undefined : await echo({ crypto }, key, settings);
          assert.match(without ?? 'no matching', /no matching/);
          const algorithms = { insecure: [name] };
          const options = { crypto, algorithms, ...(name === 'ssh-rsa' ? { hostKeys } : {}) };
          assert.equal(await echo(options, key, settings), 'fine');
        });
      }
    }

    it('a user’s SHA-1 signature is taken when ssh-rsa was opted into, and refused otherwise [T064]', async () => {
      assert(peer.available);
      const setting = peer.binaries.version.startsWith('8.4')
        ? 'PubkeyAcceptedKeyTypes=ssh-rsa'
        : 'PubkeyAcceptedAlgorithms=ssh-rsa';
      assert.match(await echo({}, rsa, [setting]), /Permission denied|signature algorithm/);
      assert.equal(await echo({ algorithms: { insecure: ['ssh-rsa'] } }, rsa, [setting]), 'fine');
    });
  });
}

describe('options of a server', () => {
  it('refuse an insecure name that was not opted into, and say how to', async () => {
    for (const [slot, name] of [
      ['kex', 'diffie-hellman-group1-sha1'],
      ['hostKey', 'ssh-rsa'],
      ['ciphers', '3des-cbc'],
      ['macs', 'hmac-sha1'],
      ['publicKey', 'ssh-rsa'],
    ] as const) {
      const refusal = await startServer({ algorithms: { [slot]: [name] } }).then(
        () => assert.fail('it started'),
        (error: unknown) => error,
      );
      assert.instanceOf(refusal, RangeError);
      assert.include(String(refusal), `insecure: ['${name}']`);
      await using fixture = await startServer({ algorithms: { [slot]: [name], insecure: [name] } });
      assert.ok(fixture.server.address.port > 0);
    }
  });

  it('refuse to opt into what is not there', async () => {
    const refusal = await startServer({ algorithms: { insecure: ['arcfour'] } }).catch(
      (error: unknown) => error,
    );
    assert.instanceOf(refusal, RangeError);
  });
});

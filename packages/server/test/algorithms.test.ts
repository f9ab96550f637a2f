import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  type KeyFile,
  type KeyType,
  makeKey,
  type OpensshBinaries,
  opensshPeer,
  PEER_VERSIONS,
  scratchDir,
  supportedAlgorithms,
} from '@nbs-ssh/testing';
import { nobleProvider } from '@nbs-ssh/transport/crypto/noble';
import { nodeProvider } from '@nbs-ssh/transport/crypto/node';
import { afterAll, assert, beforeAll, describe, it } from 'vitest';
import { clientEnv, type Fixture, onlyKey, runBytes, sha256, startServer, system } from './support.ts';

/** Enough for several windows' worth of adjustments on the smallest windows, and quick with every cipher. */
const SIZE = 3_000_000;

const HOST_KEYS: readonly [KeyType, readonly string[]][] = [
  ['ed25519', ['ssh-ed25519']],
  ['ecdsa-256', ['ecdsa-sha2-nistp256']],
  ['ecdsa-384', ['ecdsa-sha2-nistp384']],
  ['ecdsa-521', ['ecdsa-sha2-nistp521']],
  ['rsa', ['rsa-sha2-256', 'rsa-sha2-512']],
];

/** No OpenSSH has it. `scripts/test/prove-kex.test.ts` tries it with libssh. */
const ELSEWHERE = ['mlkem1024nistp384-sha384'];

const modern = opensshPeer('10.6');

describe.skipIf(!system.available)('each algorithm alone with the OpenSSH client', () => {
  const binaries = (system.available ? system.binaries : undefined) as OpensshBinaries;
  const scratch = scratchDir('algorithms');
  const data = randomBytes(SIZE);
  let key: KeyFile;
  const known = new Set<string>();

  beforeAll(async () => {
    key = await makeKey(binaries, scratch.path, 'id', 'ed25519');
    for (const kind of ['kex', 'cipher', 'mac', 'sig'])
      for (const name of supportedAlgorithms(binaries, kind)) known.add(name);
  });
  afterAll(() => scratch.remove());

  const echo = async (fixture: Fixture, client: OpensshBinaries, more: readonly string[]): Promise<void> => {
    const args = fixture.arguments('-i', key.path, '-o', 'BatchMode=yes', ...more);
    const result = await runBytes(client.ssh, [...args, 'cat'], {
      stdin: data,
      keep: false,
      env: clientEnv(client),
    });
    assert.equal(result.exitCode, 0, result.stderr);
    assert.equal(result.sha256, sha256(data));
    assert.deepEqual(fixture.errors, []);
  };

  for (const provider of [nodeProvider, nobleProvider]) {
    describe(`from the ${provider.name} provider`, () => {
      const start = (more: Parameters<typeof startServer>[0] = {}): Promise<Fixture> =>
        startServer({ ...onlyKey(key.publicLine), crypto: provider, rekey: { bytes: 1_000_000 }, ...more });

      for (const { name } of provider.kex.filter((suite) => !ELSEWHERE.includes(suite.name))) {
        it(`key exchange ${name}`, async (context) => {
          const old = !known.has(name);
          if (old && !modern.available) {
            context.skip(`the installed client does not know ${name}, and ${modern.reason}`);
            return;
          }
          await using fixture = await start();
          const client = old && modern.available ? modern.binaries : binaries;
          await echo(fixture, client, ['-o', `KexAlgorithms=${name}`]);
        });
      }

      for (const { name } of provider.ciphers) {
        it(`cipher ${name}`, async () => {
          await using fixture = await start();
          await echo(fixture, binaries, ['-o', `Ciphers=${name}`]);
        });
      }

      for (const { name } of provider.macs) {
        it(`MAC ${name}`, async () => {
          await using fixture = await start();
          await echo(fixture, binaries, ['-o', 'Ciphers=aes128-ctr', '-o', `MACs=${name}`]);
        });
      }

      for (const [type, names] of HOST_KEYS) {
        for (const name of names) {
          it(`host key ${name}`, async () => {
            const host = await makeKey(binaries, scratch.path, `host-${provider.name}-${name}`, type);
            await using fixture = await start({ hostKeys: [readFileSync(host.path, 'utf8')] });
            await echo(fixture, binaries, ['-o', `HostKeyAlgorithms=${name}`]);
          });
        }
      }
    });
  }

  it('offers all its host keys, and the client picks', async () => {
    const paths = await Promise.all(
      HOST_KEYS.map(async ([type]) => (await makeKey(binaries, scratch.path, `all-${type}`, type)).path),
    );
    await using fixture = await startServer({
      ...onlyKey(key.publicLine),
      hostKeys: paths.map((path) => readFileSync(path, 'utf8')),
    });
    assert.lengthOf(fixture.server.hostKeyLines, 5);
    await echo(fixture, binaries, ['-o', 'HostKeyAlgorithms=ecdsa-sha2-nistp384']);
    await echo(fixture, binaries, ['-o', 'HostKeyAlgorithms=rsa-sha2-512']);
  });

  for (const version of PEER_VERSIONS) {
    it(`the client of OpenSSH ${version}`, async (context) => {
      const peer = opensshPeer(version);
      if (!peer.available) {
        context.skip(peer.reason);
        return;
      }
      await using fixture = await startServer(onlyKey(key.publicLine));
      await echo(fixture, peer.binaries, []);
    });
  }

  it.skipIf(!modern.available)('a client that tolerates nothing during a key exchange', async () => {
    if (!modern.available) return;
    await using fixture = await startServer({ ...onlyKey(key.publicLine), rekey: { bytes: 200_000 } });
    await echo(fixture, modern.binaries, ['-o', 'RekeyLimit=300K']);
  });
});

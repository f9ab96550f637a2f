// Makes thousands of key exchanges with other people's servers and clients, each over one connection.
//
//   node scripts/prove-kex.mjs [--count N] [--kex NAME[,NAME…]] [PEER…]
//
// PEER is a part of a peer's name, for example `tinyssh` or `openssh 10`. Default: 1000 exchanges of each kind by
// sntrup761x25519-sha512, the one primitive of a key exchange that is our own. Peers that are not here, and methods that a
// peer does not have, are named.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { dropbearClient, opensshClient, proveForClient, proveOnServer } from './lib/prove-kex.mjs';
import { root, script } from './lib/repo.mjs';
import { loadTesting } from './lib/testing.mjs';

const PLAIN = 'sntrup761x25519-sha512';
/** What peers of before 2024, and tinyssh, call it. */
const METHODS = [PLAIN, `${PLAIN}@openssh.com`];

await script(async () => {
  const { values, positionals } = parseArgs({
    options: { count: { type: 'string', default: '1000' }, kex: { type: 'string', default: METHODS.join() } },
    allowPositionals: true,
  });
  const count = Number(values.count);
  if (!Number.isSafeInteger(count) || count < 1) throw new Error('--count wants a number from 1');
  const methods = values.kex.split(',');
  const testing = await loadTesting();
  const ours = { client: await published('index.js'), server: await published('server.js') };
  const wanted = (name) => positionals.length === 0 || positionals.some((part) => name.includes(part));
  const scratch = testing.scratchDir('prove');
  let failed = 0;
  const prove = async (what, kex, work) => {
    const before = performance.now();
    try {
      const made = await work();
      if (made !== count) throw new Error(`${made} exchanges were made instead of ${count}`);
      const each = ((performance.now() - before) / count).toFixed(1);
      console.log(`${what}: ${made} exchanges by ${kex}, ${each} ms each`);
    } catch (error) {
      if (error?.errorType === 'NoMutualKex' || error?.code === 'TRANSPORT_NO_COMMON_ALGORITHM') {
        console.log(`${what}: has no ${kex}`);
        return;
      }
      failed += 1;
      console.log(`${what}: FAILED by ${kex}: ${error?.stack ?? error}`);
    }
  };
  try {
    for (const peer of testing.allPeers()) {
      const name = `${peer.name} ${peer.version}`;
      if (!wanted(name)) continue;
      if (!peer.available) console.log(`our client on ${name}: ${peer.reason}`);
      else
        for (const kex of methods)
          await prove(`our client on ${name}`, kex, () => proveOnServer(ours, peer, kex, count));
    }
    for await (const { name, command, publicLine, reason } of clients(testing, scratch.path, wanted)) {
      if (reason !== undefined) console.log(`${name} on our server: ${reason}`);
      else
        for (const kex of methods) {
          await prove(`${name} on our server`, kex, () =>
            proveForClient(ours, command, publicLine, kex, count),
          );
        }
    }
  } finally {
    scratch.remove();
  }
  if (failed > 0) throw new Error(`${failed} of the above failed`);
});

/** Clients that serve: OpenSSH's in every version, dropbear's in those that have a post-quantum exchange. */
async function* clients(testing, dir, wanted) {
  const { systemOpenssh, opensshPeer, PEER_VERSIONS, DROPBEAR_VERSIONS, peerFiles } = testing;
  const { makeKey, supportedAlgorithms } = testing;
  const found = [systemOpenssh(), ...PEER_VERSIONS.map(opensshPeer)];
  for (const [i, peer] of found.entries()) {
    const name = `openssh ${peer.available ? peer.binaries.version : (PEER_VERSIONS[i - 1] ?? 'system')}`;
    if (!wanted(name)) continue;
    if (!peer.available) yield { name, reason: peer.reason };
    else {
      const key = await makeKey(peer.binaries, dir, `id_${i}`, 'ed25519');
      const known = supportedAlgorithms(peer.binaries, 'kex');
      const command = opensshClient(peer.binaries, known, dir, key.path);
      yield { name, command, publicLine: key.publicLine };
    }
  }
  for (const version of DROPBEAR_VERSIONS) {
    const name = `dropbear ${version}`;
    if (!wanted(name)) continue;
    const files = peerFiles('dropbear', version);
    if (typeof files === 'string') yield { name, reason: files };
    else {
      const folder = testing.scratchDir('dbclient');
      try {
        yield { name, ...(await dropbearClient(files, folder.path)) };
      } finally {
        folder.remove();
      }
    }
  }
}

/** What users import. `npm run setup` builds it. */
function published(file) {
  return import(pathToFileURL(join(root, 'packages', 'nbs-ssh', 'dist', file)).href);
}

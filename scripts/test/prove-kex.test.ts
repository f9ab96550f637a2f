import {
  allPeers,
  makeKey,
  opensshPeer,
  peerFiles,
  scratchDir,
  supportedAlgorithms,
  systemOpenssh,
} from '@nbs-ssh/testing';
import { assert, describe, it } from 'vitest';
import * as client from '../../packages/nbs-ssh/src/index.ts';
import * as server from '../../packages/nbs-ssh/src/server.ts';
import { dropbearClient, opensshClient, proveForClient, proveOnServer } from '../lib/prove-kex.mjs';

// The short form of what `node scripts/prove-kex.mjs` does a thousand times.

const COUNT = 8;
const PATIENCE = 120_000;
const PLAIN = 'sntrup761x25519-sha512';
const OLDER = `${PLAIN}@openssh.com`;
const ours = { client, server };

/** Peers by the beginning of their name and version, with what is tried on each. */
const SERVERS = [
  ['openssh 9.', [PLAIN, OLDER]],
  ['openssh 10.6', [PLAIN, 'mlkem768nistp256-sha256']],
  ['dropbear 2025.89', [PLAIN, OLDER]],
  ['tinyssh 20250501', [OLDER]],
  ['tinyssh 20261001', [PLAIN]],
  ['libssh 0.12.2', ['mlkem768nistp256-sha256', 'mlkem1024nistp384-sha384']],
] as const;

describe(`${COUNT} key exchanges over one connection of our client`, () => {
  for (const [prefix, methods] of SERVERS) {
    const peer = allPeers().find(({ name, version }) => `${name} ${version}`.startsWith(prefix));
    if (peer?.available !== true) {
      console.warn(`no key exchanges are proven on ${prefix}: ${peer?.reason ?? 'the tests do not know it'}`);
      continue;
    }
    for (const kex of methods) {
      it(`${kex} on ${peer.name} ${peer.version}`, { timeout: PATIENCE }, async () => {
        assert.equal(await proveOnServer(ours, peer, kex, COUNT), COUNT);
      });
    }
  }
});

describe(`${COUNT} key exchanges over one connection to our server`, () => {
  for (const [peer, methods] of [
    [systemOpenssh(), [PLAIN, OLDER]],
    [opensshPeer('10.6'), [PLAIN, 'mlkem768nistp256-sha256']],
  ] as const) {
    if (!peer.available) continue;
    const { binaries } = peer;
    for (const kex of methods) {
      it(`${kex} from OpenSSH ${binaries.version}`, { timeout: PATIENCE }, async () => {
        const { path, remove } = scratchDir('prove');
        try {
          const key = await makeKey(binaries, path, 'id', 'ed25519');
          const command = opensshClient(binaries, supportedAlgorithms(binaries, 'kex'), path, key.path);
          assert.equal(await proveForClient(ours, command, key.publicLine, kex, COUNT), COUNT);
        } finally {
          remove();
        }
      });
    }
  }

  const dropbear = peerFiles('dropbear', '2025.89');
  if (typeof dropbear === 'string') return;
  it(`${PLAIN} from dropbear 2025.89`, { timeout: PATIENCE }, async () => {
    const { path, remove } = scratchDir('prove');
    try {
      const { command, publicLine } = await dropbearClient(dropbear, path);
      assert.equal(await proveForClient(ours, command, publicLine, PLAIN, COUNT), COUNT);
    } finally {
      remove();
    }
  });
});

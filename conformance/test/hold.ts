import { fileURLToPath } from 'node:url';
import { allPeers, type Peer } from '@nbs-ssh/testing';
import { createNodeProvider } from 'nbs-ssh';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPart } from '../src/documentation.ts';
import { type Load, makeLoad } from '../src/load.ts';
import { type TriedCell, tryPeer } from '../src/matrix.ts';
import { PEERS, parse, titleOf } from '../src/report.ts';

const FULL_LOAD = 8 * 1024 * 1024;
/** More than one packet: one that comes right behind NEWKEYS waits a minute in tinyssh when nothing follows. */
const SMALL_LOAD = 131_072;
const DOCS = fileURLToPath(new URL('../../docs/interop.md', import.meta.url));

/**
 * Holds the servers of `which` to docs/interop.md. With the provider of Node, because that document comes from the
 * other one, and because it takes a third of the time.
 */
export function holdToDocumentation(which: (peer: Peer) => boolean): void {
  const documented = parse(readPart(DOCS, PEERS));
  describe('what docs/interop.md says works', () => {
    let small: Load;
    let full: Load;
    beforeAll(() => {
      small = makeLoad(SMALL_LOAD);
      full = makeLoad(FULL_LOAD);
    });
    afterAll(() => {
      small[Symbol.dispose]();
      full[Symbol.dispose]();
    });

    for (const peer of allPeers().filter(which)) {
      const title = `still works with ${titleOf(peer)}, and it offers nothing else`;
      const report = documented.find((one) => titleOf(one) === titleOf(peer));
      const obstacle = peer.available
        ? report === undefined && 'docs/interop.md says nothing about this version'
        : peer.reason;
      it(obstacle === false ? title : `${title} (${obstacle})`, { timeout: 240_000 }, async ({ skip }) => {
        if (obstacle !== false || !peer.available) return skip(obstacle || '');
        const said = new Map(report?.cells.map((cell) => [key(cell), cell]));
        const command = `node conformance/run.mjs --write "${titleOf(peer)}"`;
        const offered = new Set<string>();
        const { cells } = await tryPeer(peer, {
          crypto: createNodeProvider(),
          // Each exchange with post-quantum keys takes a tenth of a second on a small machine, and each cell has two.
          prefer: { kex: ['curve25519-sha256', 'curve25519-sha256@libssh.org'] },
          // One cell as large as in the documentation, with key exchanges of the peer's too; the others are quick.
          load: (index) => (index === 0 ? full : small),
          peerRekeys: (index) => index === 0,
          wanted: (cell) => {
            offered.add(key(cell));
            return works(said.get(key(cell)));
          },
        });
        expect(
          cells.filter((cell) => !works(cell)),
          `docs/interop.md says that these work; if that has changed: ${command}`,
        ).toEqual([]);
        expect([...offered].sort(), `docs/interop.md has another list: ${command}`).toEqual(
          [...said.keys()].sort(),
        );
      });
    }
  });
}

const key = ({ slot, name }: { readonly slot: string; readonly name: string }): string => `${slot} ${name}`;

function works(cell: TriedCell | undefined): boolean {
  return cell?.outcome.result === 'ok' || cell?.outcome.result === 'ours only';
}

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scratchDir } from '@nbs-ssh/testing';
import { describe, it } from 'vitest';
import { fetchPeers } from '../fetch-peers.mjs';
import { PEERS } from '../lib/peer-table.mjs';

/** Nothing here may need a network: what a test does not prepare must not be asked for. */
describe('fetching peers', () => {
  it('leaves a peer that is there alone, also behind a link', async () => {
    using dir = scratchDir('peers');
    const real = join(dir.path, 'real');
    const folder = join(real, 'tinyssh-20230101');
    mkdirSync(folder, { recursive: true });
    const program = join(folder, 'tinysshd');
    writeFileSync(program, '');
    const manifest = { version: '20230101', folder, programs: { tinysshd: program }, env: {} };
    writeFileSync(join(folder, 'peer.json'), JSON.stringify(manifest));
    const link = join(dir.path, 'link');
    symlinkSync(real, link);
    await fetchPeers({ into: link, names: ['tinyssh-20230101'] });
    assert.deepEqual(JSON.parse(readFileSync(join(folder, 'peer.json'), 'utf8')), manifest);
    assert.deepEqual(readdirSync(real), ['tinyssh-20230101']);
  });

  it('asks again for what could not be had only after a while', async () => {
    using dir = scratchDir('peers');
    const said = JSON.stringify({ unavailable: 'no network', triedAt: Date.now() });
    for (const { name, version } of PEERS) {
      const folder = join(dir.path, `${name}-${version}`);
      mkdirSync(folder);
      writeFileSync(join(folder, 'peer.json'), said);
    }
    await fetchPeers({ into: dir.path, all: true });
    for (const name of readdirSync(dir.path)) {
      assert.equal(readFileSync(join(dir.path, name, 'peer.json'), 'utf8'), said);
    }
  });

  it('removes what a run that was killed an hour ago left, and no other', async () => {
    using dir = scratchDir('peers');
    const long = new Date(Date.now() - 2 * 3_600_000);
    for (const name of ['.apt-old', '.apt-new']) mkdirSync(join(dir.path, name));
    utimesSync(join(dir.path, '.apt-old'), long, long);
    await assert.rejects(
      fetchPeers({ into: dir.path, names: ['no-such-peer'] }),
      /no-such-peer is not among/,
    );
    assert.deepEqual(readdirSync(dir.path), ['.apt-new']);
  });
});

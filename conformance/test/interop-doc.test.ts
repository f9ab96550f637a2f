import { fileURLToPath } from 'node:url';
import { allClients, allPeers } from '@nbs-ssh/testing';
import { describe, expect, it } from 'vitest';
import { CLIENTS, parseClients, renderClients } from '../src/client-report.ts';
import { STEPS } from '../src/clients.ts';
import { readPart } from '../src/documentation.ts';
import { isExplained } from '../src/explained.ts';
import { KNOWN } from '../src/names.ts';
import { ourAlgorithms, PEERS, parse, render, titleOf } from '../src/report.ts';

const DOCS = fileURLToPath(new URL('../../docs/interop.md', import.meta.url));
const part = readPart(DOCS, PEERS);
const peers = parse(part);
const clients = parseClients(readPart(DOCS, CLIENTS));
const NEWER = 'docs/interop.md is stale: node conformance/run.mjs --write --new';
/** The system's OpenSSH is another one on each machine. */
const SYSTEM = 'openssh';

describe('docs/interop.md', () => {
  it('lists the algorithms that the provider has', () => {
    expect(part, NEWER).toContain(ourAlgorithms());
  });

  it('calls nothing unimplemented that we have, and says of nothing that we lack that it works', () => {
    const wrong = peers.flatMap((report) =>
      report.cells
        .filter(
          ({ slot, name, outcome }) => KNOWN[slot].includes(name) === (outcome.result === 'not implemented'),
        )
        .map(({ slot, name }) => `${titleOf(report)}: ${slot} ${name}`),
    );
    expect(wrong, NEWER).toEqual([]);
  });

  it('has every server and every client that the fixtures know', () => {
    const missing = (known: readonly { name: string; version: string }[], there: typeof known): string[] =>
      known
        .filter(({ name }) => name !== SYSTEM)
        .map(titleOf)
        .filter((title) => !there.some((report) => titleOf(report) === title));
    expect(missing(allPeers(), peers), 'node conformance/run.mjs --write NAME').toEqual([]);
    expect(missing(allClients(), clients), 'node conformance/run.mjs --clients --write NAME').toEqual([]);
  });

  it('explains each failure', () => {
    const reasons = [
      ...peers.flatMap(({ cells }) =>
        cells.flatMap(({ outcome }) =>
          outcome.result === 'failed' || outcome.result === 'ours only' ? [outcome.why] : [],
        ),
      ),
      ...clients.flatMap(({ steps }) =>
        STEPS.map((step) => steps[step]).filter((said) => said !== 'ok' && said !== 'not configurable'),
      ),
    ];
    expect(reasons.filter((why) => why === '' || !isExplained(why))).toEqual([]);
  });

  it('is what its own text gives when it is read and written again', () => {
    expect(render(peers).trim()).toBe(part.trim());
    expect(renderClients(clients).trim()).toBe(readPart(DOCS, CLIENTS).trim());
  });
});

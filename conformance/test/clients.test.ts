import { fileURLToPath } from 'node:url';
import { allClients } from '@nbs-ssh/testing';
import { describe, expect, it } from 'vitest';
import { CLIENTS, parseClients } from '../src/client-report.ts';
import { STEPS, tryClient } from '../src/clients.ts';
import { readPart } from '../src/documentation.ts';
import { makeLoad } from '../src/load.ts';
import { titleOf } from '../src/report.ts';

const DOCS = fileURLToPath(new URL('../../docs/interop.md', import.meta.url));
const documented = parseClients(readPart(DOCS, CLIENTS));

describe('clients of others on our server', () => {
  for (const client of allClients()) {
    const title = `${titleOf(client)} does all that docs/interop.md says it can`;
    const report = documented.find((one) => titleOf(one) === titleOf(client));
    const obstacle = client.available
      ? report === undefined && 'docs/interop.md says nothing about this version'
      : client.reason;
    it(obstacle === false ? title : `${title} (${obstacle})`, { timeout: 240_000 }, async ({ skip }) => {
      if (obstacle !== false || !client.available) return skip(obstacle || '');
      using load = makeLoad(300_000);
      const { steps } = await tryClient(client, load);
      const broken = STEPS.filter((step) => report?.steps[step] === 'ok' && steps[step] !== 'ok');
      expect(
        broken.map((step) => `${step}: ${steps[step]}`),
        `if that has changed: node conformance/run.mjs --clients --write "${titleOf(client)}"`,
      ).toEqual([]);
    });
  }
});

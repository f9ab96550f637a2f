import { parseArgs } from 'node:util';
import { allClients, allPeers } from '@nbs-ssh/testing';
import type { Cell } from './cell.ts';
import { CLIENTS, parseClients, renderClients } from './client-report.ts';
import { STEPS, tryClient } from './clients.ts';
import { readPart, writePart } from './documentation.ts';
import { type Load, makeLoad } from './load.ts';
import { type PeerReport, tryPeer } from './matrix.ts';
import { KNOWN } from './names.ts';
import { PEERS, parse, render, titleOf } from './report.ts';

const FULL_LOAD = 8 * 1024 * 1024;

interface Choice {
  readonly load: Load;
  readonly write: boolean;
  /** Only what the documentation does not know yet. */
  readonly fresh: boolean;
  /** Name of the one algorithm to try. */
  readonly cell: string | undefined;
  readonly named: (one: { readonly name: string; readonly version: string }) => boolean;
}

/**
 * Tries every peer that is here, or those whose names begin like one of the arguments.
 *
 * @param docs - Path of docs/interop.md.
 */
export async function main(docs: string, args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      write: { type: 'boolean', default: false },
      clients: { type: 'boolean', default: false },
      new: { type: 'boolean', default: false },
      bytes: { type: 'string', default: String(FULL_LOAD) },
      cell: { type: 'string' },
    },
  });
  using load = makeLoad(Number(values.bytes));
  const choice = {
    load,
    write: values.write,
    fresh: values.new,
    cell: values.cell,
    named: (one: { readonly name: string; readonly version: string }) =>
      positionals.length === 0 || positionals.some((prefix) => titleOf(one).startsWith(prefix)),
  };
  if (values.clients) await tryClients(docs, choice);
  else await tryPeers(docs, choice);
}

async function tryPeers(docs: string, { load, write, fresh, cell: only, named }: Choice): Promise<void> {
  for (const peer of allPeers().filter(named)) {
    if (!peer.available) {
      console.log(`${titleOf(peer)}: not here: ${peer.reason}`);
      continue;
    }
    const old = parse(readPart(docs, PEERS)).find((report) => titleOf(report) === titleOf(peer));
    const report = await tryOne(
      peer,
      load,
      (cell) => (only === undefined || cell.name === only) && (!fresh || isNew(old, cell)),
    );
    if (!write || report.cells.length === 0) continue;
    const whole = fresh || only !== undefined ? merge(old, report) : report;
    // After each peer, so that an interrupted run keeps what it has.
    const others = parse(readPart(docs, PEERS)).filter((other) => titleOf(other) !== titleOf(whole));
    writePart(docs, PEERS, render(inOrder([...others, whole], allPeers())));
  }
  // Also when nothing had to be tried: our own list may have changed.
  if (write) writePart(docs, PEERS, render(parse(readPart(docs, PEERS))));
}

async function tryClients(docs: string, { load, write, named }: Choice): Promise<void> {
  for (const client of allClients().filter(named)) {
    if (!client.available) {
      console.log(`${titleOf(client)}: not here: ${client.reason}`);
      continue;
    }
    const report = await tryClient(client, load);
    console.log(`${titleOf(client)}: ${STEPS.map((step) => `${step} ${report.steps[step]}`).join('; ')}`);
    if (!write) continue;
    const others = parseClients(readPart(docs, CLIENTS)).filter((one) => titleOf(one) !== titleOf(report));
    writePart(docs, CLIENTS, renderClients(inOrder([...others, report], allClients())));
  }
}

/** Whether the documentation lacks the cell, or says that we cannot what we can by now. */
function isNew(old: PeerReport | undefined, { slot, name }: Cell): boolean {
  const said = old?.cells.find((cell) => cell.slot === slot && cell.name === name)?.outcome.result;
  return said === undefined || (said === 'not implemented' && KNOWN[slot].includes(name));
}

/** Some cells were tried again; the others stay as they are. */
function merge(old: PeerReport | undefined, report: PeerReport): PeerReport {
  if (old === undefined) return report;
  const fresh = new Map(report.cells.map((cell) => [`${cell.slot} ${cell.name}`, cell]));
  const cells = old.cells.map((cell) => fresh.get(`${cell.slot} ${cell.name}`) ?? cell);
  const added = report.cells.filter((cell) => !cells.includes(cell));
  return { ...report, bytes: Math.min(old.bytes, report.bytes), cells: [...cells, ...added] };
}

async function tryOne(
  peer: Parameters<typeof tryPeer>[0],
  load: Load,
  wanted: (cell: Cell) => boolean,
): Promise<PeerReport> {
  console.log(titleOf(peer));
  const counts = new Map<string, number>();
  const report = await tryPeer(peer, {
    load: () => load,
    wanted,
    onCell: ({ slot, name, outcome }, milliseconds) => {
      counts.set(outcome.result, (counts.get(outcome.result) ?? 0) + 1);
      const why = 'why' in outcome ? `: ${outcome.why}` : '';
      console.log(`  ${slot} ${name} ${outcome.result}${why} (${milliseconds.toFixed(0)} ms)`);
    },
  });
  console.log(`  ${[...counts].map(([result, count]) => `${count} ${result}`).join(', ')}`);
  return report;
}

type Named = { readonly name: string; readonly version: string };

/** In the order of the fixtures; what they do not know any more comes last. */
function inOrder<T extends Named>(reports: readonly T[], known: readonly Named[]): readonly T[] {
  const titles = known.map(titleOf);
  const rank = (one: T): number => (titles.indexOf(titleOf(one)) + titles.length + 1) % (titles.length + 1);
  return [...reports].sort((a, b) => rank(a) - rank(b));
}

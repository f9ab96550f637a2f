import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { allPeers } from '@nbs-ssh/testing';
import type { Cell } from './cell.ts';
import { type Load, makeLoad } from './load.ts';
import { type PeerReport, tryPeer } from './matrix.ts';
import { KNOWN } from './names.ts';
import { BEGIN, END, parse, peerTitle, render } from './report.ts';

const MIB = 1024 * 1024;
const FULL_LOAD = 8 * MIB;

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
      bytes: { type: 'string', default: String(FULL_LOAD) },
      cell: { type: 'string' },
      new: { type: 'boolean', default: false },
    },
  });
  using load = makeLoad(Number(values.bytes));
  const named = (title: string): boolean =>
    positionals.length === 0 || positionals.some((prefix) => title.startsWith(prefix));
  for (const peer of allPeers().filter((one) => named(peerTitle(one)))) {
    if (!peer.available) {
      console.log(`${peerTitle(peer)}: not here: ${peer.reason}`);
      continue;
    }
    const old = readReports(docs).find((report) => peerTitle(report) === peerTitle(peer));
    const wanted = (cell: Cell): boolean =>
      (values.cell === undefined || cell.name === values.cell) && (!values.new || isNew(old, cell));
    const report = await tryOne(peer, load, wanted);
    if (values.write && report.cells.length > 0) {
      write(docs, values.new || values.cell !== undefined ? merge(old, report) : report);
    }
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
  console.log(peerTitle(peer));
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

/** After each peer, so that an interrupted run keeps what it has. Peers that were not tried keep their sections. */
function write(docs: string, report: PeerReport): void {
  const { text, start, end } = place(docs);
  const reports = new Map(readReports(docs).map((old) => [peerTitle(old), old]));
  reports.set(peerTitle(report), report);
  const order = allPeers().map(peerTitle);
  const rank = (one: PeerReport): number => {
    const found = order.indexOf(peerTitle(one));
    return found < 0 ? order.length : found;
  };
  const sorted = [...reports.values()].sort((a, b) => rank(a) - rank(b));
  writeFileSync(docs, `${text.slice(0, start + BEGIN.length)}\n\n${render(sorted)}\n\n${text.slice(end)}`);
}

function readReports(docs: string): readonly PeerReport[] {
  const { text, start, end } = place(docs);
  return parse(text.slice(start, end));
}

function place(docs: string): { readonly text: string; readonly start: number; readonly end: number } {
  const text = readFileSync(docs, 'utf8');
  const [start, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (start < 0 || end < start) throw new Error(`${docs} lacks the lines ${BEGIN} and ${END}`);
  return { text, start, end };
}

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { allPeers } from '@nbs-ssh/testing';
import { type Load, makeLoad } from './load.ts';
import { type PeerReport, tryPeer } from './matrix.ts';
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
    },
  });
  using load = makeLoad(Number(values.bytes));
  const wanted = (title: string): boolean =>
    positionals.length === 0 || positionals.some((prefix) => title.startsWith(prefix));
  for (const peer of allPeers().filter(({ name, version }) => wanted(`${name} ${version}`))) {
    if (!peer.available) {
      console.log(`${peer.name} ${peer.version}: not here: ${peer.reason}`);
      continue;
    }
    const report = await tryOne(peer, load, values.cell);
    if (values.write) write(docs, report);
  }
}

async function tryOne(
  peer: Parameters<typeof tryPeer>[0],
  load: Load,
  only: string | undefined,
): Promise<PeerReport> {
  console.log(`${peer.name} ${peer.version}`);
  const counts = new Map<string, number>();
  const report = await tryPeer(peer, {
    load: () => load,
    wanted: ({ name }) => only === undefined || name === only,
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
  const text = existsSync(docs) ? readFileSync(docs, 'utf8') : '';
  const [start, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (start < 0 || end < start) throw new Error(`${docs} lacks the lines ${BEGIN} and ${END}`);
  const reports = new Map(parse(text.slice(start, end)).map((old) => [peerTitle(old), old]));
  reports.set(peerTitle(report), report);
  const order = allPeers().map(({ name, version }) => `${name} ${version}`);
  const place = (one: PeerReport): number => {
    const found = order.indexOf(peerTitle(one));
    return found < 0 ? order.length : found;
  };
  const sorted = [...reports.values()].sort((a, b) => place(a) - place(b));
  writeFileSync(docs, `${text.slice(0, start + BEGIN.length)}\n\n${render(sorted)}\n\n${text.slice(end)}`);
}

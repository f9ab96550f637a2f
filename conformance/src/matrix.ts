import type { Peer, PeerServer } from '@nbs-ssh/testing';
import { type CryptoProvider, nobleProvider, SSHConnection } from 'nbs-ssh';
import { type Cell, type Outcome, optionsFor, tryCell } from './cell.ts';
import { explain } from './explained.ts';
import type { Load } from './load.ts';
import { algorithmsAmong, type Names, SLOTS } from './names.ts';

export interface TriedCell extends Cell {
  readonly outcome: Outcome;
}

/** All that was tried with one peer. */
export interface PeerReport {
  readonly name: string;
  readonly version: string;
  readonly identification: string;
  /** `YYYY-MM-DD`. */
  readonly date: string;
  /** Bytes of what was moved each way, twice. */
  readonly bytes: number;
  /** Whether it was made to begin key exchanges of its own. */
  readonly rekeysItself: boolean;
  readonly strictKex: boolean;
  readonly cells: readonly TriedCell[];
}

export interface MatrixOptions {
  /** What the cell with this number moves. */
  readonly load: (index: number) => Load;
  /** Whether the peer is made to begin key exchanges too, within the first cell's load. Default: in each cell. */
  readonly peerRekeys?: (index: number) => boolean;
  /** Default: the one that connections have by default. */
  readonly crypto?: CryptoProvider;
  /** Offered before the defaults in the slots that a cell does not vary. */
  readonly prefer?: Partial<Names>;
  /** Narrows what is tried. */
  readonly wanted?: (cell: Cell) => boolean;
  readonly onCell?: (cell: TriedCell, milliseconds: number) => void;
}

type AvailablePeer = Extract<Peer, { readonly available: true }>;

/** Starts the peer, asks what it offers, and tries each of it singly, one after the other. */
export async function tryPeer(peer: AvailablePeer, options: MatrixOptions): Promise<PeerReport> {
  const { load, crypto = nobleProvider, prefer = {}, onCell } = options;
  const { wanted = () => true, peerRekeys = () => true } = options;
  const bytes = load(0).bytes.length;
  await using server = await peer.start();
  await using restless = peer.canRekey ? await peer.start({ rekeyBytes: rekeyBytes(bytes) }) : undefined;
  const { names, strictKex } = await offerOf(server, crypto);
  const subject = { server, restless, channels: peer.channels, offer: names, crypto, prefer };
  const cells: TriedCell[] = [];
  for (const [index, cell] of cellsOf(names).filter(wanted).entries()) {
    const startedAt = performance.now();
    const now = peerRekeys(index) ? subject : { ...subject, restless: undefined };
    const tried = { ...cell, outcome: explained(peer, await tryCell(now, cell, load(index))) };
    cells.push(tried);
    onCell?.(tried, performance.now() - startedAt);
  }
  return {
    name: peer.name,
    version: peer.version,
    identification: server.identification,
    date: new Date().toISOString().slice(0, 10),
    bytes,
    rekeysItself: restless !== undefined,
    strictKex,
    cells,
  };
}

function explained(peer: AvailablePeer, outcome: Outcome): Outcome {
  const { result } = outcome;
  if (result !== 'failed' && result !== 'ours only') return outcome;
  return { result, why: explain(`${peer.name} ${peer.version}`, outcome.why) };
}

export function cellsOf(offer: Names): readonly Cell[] {
  return SLOTS.flatMap((slot) => offer[slot].map((name) => ({ slot, name })));
}

/** As the peer's KEXINIT has it, by our own evidence. Reading it needs no common algorithm. */
async function offerOf(
  server: PeerServer,
  crypto: CryptoProvider,
): Promise<{ names: Names; strictKex: boolean }> {
  const connection = new SSHConnection(optionsFor(server, crypto));
  let failure: unknown;
  try {
    await connection.connect();
  } catch (error) {
    failure = error;
  } finally {
    await connection.close();
  }
  const offer = connection.getEvidenceBundle().algorithms.offers.server;
  if (offer === null) throw failure ?? new Error(`${server.identification} offered nothing`);
  const both = (cs: readonly string[], sc: readonly string[]): readonly string[] =>
    algorithmsAmong(cs).filter((name) => sc.includes(name));
  const names = {
    kex: algorithmsAmong(offer.kex),
    hostKey: algorithmsAmong(offer.host_key),
    ciphers: both(offer.cipher_cs, offer.cipher_sc),
    macs: both(offer.mac_cs, offer.mac_sc),
  };
  return { names, strictKex: offer.kex.includes('kex-strict-s-v00@openssh.com') };
}

/** Twice in a load, and not where one command ends and the next begins. */
const rekeyBytes = (loadBytes: number): number => Math.max(1024, Math.floor(loadBytes * 0.4));

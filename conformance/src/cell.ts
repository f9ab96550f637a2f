import type { PeerServer } from '@nbs-ssh/testing';
import {
  type AlgorithmPolicy,
  type CryptoProvider,
  createKeyAuth,
  createPasswordAuth,
  SSHConnection,
  type SSHConnectionOptions,
} from 'nbs-ssh';
import type { Load } from './load.ts';
import { DEFAULTS, isAead, KNOWN, type Names, type Slot, withEverything } from './names.ts';
import { notImplemented } from './reasons.ts';
import { TRANSFERS } from './transfer.ts';

/** One algorithm against one peer, with everything else at its default. */
export interface Cell {
  readonly slot: Slot;
  readonly name: string;
}

export type Outcome =
  /** Connected, ran a command, moved the data both ways, rekeyed, and moved it again. */
  | { readonly result: 'ok' }
  /** All of that, but not when the peer began a key exchange. */
  | { readonly result: 'ours only'; readonly why: string }
  /** We do not have the algorithm. */
  | { readonly result: 'not implemented'; readonly why: string }
  /** The peer lists it and can never use it. */
  | { readonly result: 'never used'; readonly why: string }
  | { readonly result: 'failed'; readonly why: string };

/** A running peer. */
export interface Subject {
  readonly server: PeerServer;
  /** Another one that begins key exchanges of its own; `undefined` where it cannot be told to. */
  readonly restless: PeerServer | undefined;
  readonly channels: 'one' | 'many';
  readonly offer: Names;
  readonly crypto: CryptoProvider;
  /** Offered before the defaults in the slots that are not varied. */
  readonly prefer?: Partial<Names>;
}

/** A key exchange takes well under a second; a hang must still end. */
const REKEY_LIMIT_MS = 60_000;

export async function tryCell(subject: Subject, cell: Cell, load: Load): Promise<Outcome> {
  if (!KNOWN[cell.slot].includes(cell.name)) {
    return { result: 'not implemented', why: notImplemented(cell.name) };
  }
  const algorithms = policyFor(subject.offer, cell, subject.prefer);
  if (algorithms === undefined) {
    return { result: 'never used', why: 'all its ciphers authenticate by themselves' };
  }
  const transfer = TRANSFERS[subject.channels];
  try {
    await using connection = await SSHConnection.connect(
      optionsFor(subject.server, subject.crypto, algorithms),
    );
    expectNegotiated(connection, cell);
    await transfer(connection, load, async () => {
      await connection.rekey({ signal: AbortSignal.timeout(REKEY_LIMIT_MS) });
    });
    expectNegotiated(connection, cell);
  } catch (error) {
    return { result: 'failed', why: describe(error) };
  }
  if (subject.restless === undefined) return { result: 'ok' };
  try {
    await using connection = await SSHConnection.connect(
      optionsFor(subject.restless, subject.crypto, algorithms),
    );
    await transfer(connection, load, () => Promise.resolve());
    expectNegotiated(connection, cell);
    expectPeerRekeyed(connection);
    return { result: 'ok' };
  } catch (error) {
    return { result: 'ours only', why: describe(error) };
  }
}

/** @returns The policy for one connection; `undefined` when no connection with this peer can use the cell's algorithm. */
export function policyFor(
  offer: Names,
  { slot, name }: Cell,
  prefer: Partial<Names> = {},
): AlgorithmPolicy | undefined {
  const list = (slot: Slot): readonly string[] => [
    ...new Set([...(prefer[slot] ?? []), ...usable(offer, slot)]),
  ];
  const others = { kex: list('kex'), hostKey: list('hostKey'), ciphers: list('ciphers'), macs: list('macs') };
  if (slot !== 'macs') return { ...others, [slot]: [name] };
  const needMac = (list: readonly string[]): readonly string[] =>
    list.filter((cipher) => offer.ciphers.includes(cipher) && !isAead(cipher));
  const ciphers = [needMac(others.ciphers), needMac(KNOWN.ciphers)].find((list) => list.length > 0);
  return ciphers === undefined ? undefined : { ...others, ciphers, macs: [name] };
}

/** Our defaults, and what must be added where the peer has none of them. */
function usable(offer: Names, slot: Slot): readonly string[] {
  const common = DEFAULTS[slot].some((name) => offer[slot].includes(name));
  return common ? DEFAULTS[slot] : KNOWN[slot];
}

export function optionsFor(
  server: PeerServer,
  crypto: CryptoProvider,
  algorithms?: AlgorithmPolicy,
): SSHConnectionOptions {
  const { host, port, username, knownHosts, clientKey, password } = server;
  return {
    host,
    port,
    username,
    knownHosts,
    auth: clientKey === undefined ? createPasswordAuth(password ?? '') : createKeyAuth(clientKey),
    crypto: withEverything(crypto),
    algorithms: algorithms ?? { ...DEFAULTS },
  };
}

function expectNegotiated(connection: SSHConnection, { slot, name }: Cell): void {
  const got = connection.algorithms;
  const names = {
    kex: [got?.kex],
    hostKey: [got?.hostKey],
    ciphers: [got?.cipherClientToServer, got?.cipherServerToClient],
    macs: [got?.macClientToServer, got?.macServerToClient],
  }[slot];
  if (names.some((found) => found !== name)) throw new Error(`negotiated was ${names.join(' and ')}`);
}

function expectPeerRekeyed(connection: SSHConnection): void {
  const { events } = connection.getEvidenceBundle();
  const causes = events.flatMap((event) =>
    event.eventType === 'KEX' && event.data.status === 'negotiated' ? [event.data.cause] : [],
  );
  if (!causes.includes('peer')) throw new Error('the peer never began a key exchange');
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? `${error.code}: ` : '';
  return `${code}${error.message}`;
}

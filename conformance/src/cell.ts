import type { PeerServer } from '@nbs-ssh/testing';
import {
  type AlgorithmPolicy,
  createKeyAuth,
  createPasswordAuth,
  SSHConnection,
  type SSHConnectionOptions,
} from 'nbs-ssh';
import { type Load, sha256 } from './load.ts';
import { DEFAULTS, everything, isAead, KNOWN, type Names, type Slot } from './names.ts';
import { notImplemented } from './reasons.ts';

/** One algorithm against one peer, with everything else at its default. */
export interface Cell {
  readonly slot: Slot;
  readonly name: string;
}

export type Outcome =
  /** Connected, ran a command, moved the data both ways, rekeyed, and moved it again. */
  | { readonly result: 'ok' }
  /** We do not have the algorithm. */
  | { readonly result: 'not implemented'; readonly why: string }
  /** The peer lists it and can never use it. */
  | { readonly result: 'never used'; readonly why: string }
  | { readonly result: 'failed'; readonly why: string };

/** Long enough for the slowest cipher on a busy machine; a hang must still end. */
const COMMAND_LIMIT_SEC = 120;

/**
 * @param restless - The same peer, started so that it begins key exchanges of its own; `undefined` where it cannot.
 */
export async function tryCell(
  server: PeerServer,
  restless: PeerServer | undefined,
  offer: Names,
  cell: Cell,
  load: Load,
): Promise<Outcome> {
  if (!KNOWN[cell.slot].includes(cell.name)) {
    return { result: 'not implemented', why: notImplemented(cell.name) };
  }
  const algorithms = policyFor(offer, cell);
  if (algorithms === undefined) {
    return { result: 'never used', why: 'all its ciphers authenticate by themselves' };
  }
  let step = 'connecting';
  try {
    await using connection = await SSHConnection.connect(optionsFor(server, algorithms));
    step = 'negotiating';
    expectNegotiated(connection, cell);
    step = 'running a command';
    const { stdout, exitCode } = await connection.exec('printf here; exit 7', {
      timeoutSec: COMMAND_LIMIT_SEC,
    });
    if (stdout !== 'here' || exitCode !== 7)
      throw new Error(`it gave ${JSON.stringify(stdout)}, ${exitCode}`);
    step = 'moving data';
    await move(connection, load);
    step = 'rekeying';
    await connection.rekey({ signal: AbortSignal.timeout(COMMAND_LIMIT_SEC * 1000) });
    expectNegotiated(connection, cell);
    step = 'moving data after rekeying';
    await move(connection, load);
    if (restless !== undefined) {
      step = 'connecting for the peer to rekey';
      await using other = await SSHConnection.connect(optionsFor(restless, algorithms));
      step = 'moving data while the peer rekeys';
      await move(other, load);
      expectNegotiated(other, cell);
      expectPeerRekeyed(other);
    }
    return { result: 'ok' };
  } catch (error) {
    return { result: 'failed', why: `${step}: ${describe(error)}` };
  }
}

/** @returns The policy for one connection; `undefined` when no connection with this peer can use the cell's algorithm. */
export function policyFor(offer: Names, { slot, name }: Cell): AlgorithmPolicy | undefined {
  const others = {
    kex: usable(offer, 'kex'),
    hostKey: usable(offer, 'hostKey'),
    ciphers: usable(offer, 'ciphers'),
    macs: usable(offer, 'macs'),
  };
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

export function optionsFor(server: PeerServer, algorithms?: AlgorithmPolicy): SSHConnectionOptions {
  const { host, port, username, knownHosts, clientKey, password } = server;
  return {
    host,
    port,
    username,
    knownHosts,
    auth: clientKey === undefined ? createPasswordAuth(password ?? '') : createKeyAuth(clientKey),
    crypto: everything,
    algorithms: algorithms ?? { ...DEFAULTS },
  };
}

async function move(connection: SSHConnection, { bytes, path, sha256: wanted }: Load): Promise<void> {
  const down = await connection.exec(`cat ${path}`, { encoding: 'bytes', timeoutSec: COMMAND_LIMIT_SEC });
  if (down.exitCode !== 0 || sha256(down.stdout) !== wanted) {
    throw new Error(`${down.stdout.length} of ${bytes.length} bytes came, exit ${down.exitCode}`);
  }
  // Counted, not until end of file: not every peer can pass one on.
  const command = `head -c ${bytes.length} | sha256sum`;
  const up = await connection.exec(command, { stdin: bytes, timeoutSec: COMMAND_LIMIT_SEC });
  if (up.exitCode !== 0 || !up.stdout.startsWith(wanted)) {
    throw new Error(`something else than the ${bytes.length} bytes arrived, exit ${up.exitCode}`);
  }
}

function expectNegotiated(connection: SSHConnection, { slot, name }: Cell): void {
  const got = connection.algorithms;
  const names = {
    kex: [got?.kex],
    hostKey: [got?.hostKey],
    ciphers: [got?.cipherClientToServer, got?.cipherServerToClient],
    macs: [got?.macClientToServer, got?.macServerToClient],
  }[slot];
  if (names.some((found) => found !== name)) throw new Error(`${names.join(' and ')} was negotiated`);
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

import assert from 'node:assert/strict';
import type { CryptoProvider, DhGroup } from '@nbs-ssh/transport/crypto';
import { createNodeProvider } from '@nbs-ssh/transport/crypto/node';
import { vectors } from '../crypto/fixtures.ts';
import { pumpRaw, RawPeer } from './raw-peer.ts';
import { config, End, type Overrides, other, type Role } from './twins.ts';

export const GEX = 'diffie-hellman-group-exchange-sha256';
export const gex: Overrides = { algorithms: { kex: [GEX] } };
export const { moduli, wellKnown } = vectors<{
  moduli: readonly { bits: number; g: number; p: string }[];
  wellKnown: readonly { name: string; p: string }[];
}>('dh-groups');
/** A good group that is none of the well-known ones. */
export const unknown = (bits: number): DhGroup => {
  const found = moduli.find((entry) => entry.bits === bits);
  assert(found !== undefined);
  return { p: BigInt(`0x${found.p}`), g: BigInt(found.g) };
};

/** A provider with a memory of its own, whose server role gives this group whatever is asked for. */
export function giving(
  group: DhGroup | undefined,
  base: CryptoProvider = createNodeProvider(),
): CryptoProvider {
  return {
    ...base,
    kex: base.kex.map((suite) =>
      suite.kind === 'group-exchange' && group !== undefined ? { ...suite, choose: () => group } : suite,
    ),
  };
}

/** A client that examines the group of the server, with time standing still until the test moves it on. */
export function examining(overrides: Overrides): { readonly client: End; readonly server: End } {
  const server = new End(config('server', overrides)).start();
  const client = new End(config('client', overrides));
  // The helper ticks whatever is due at its own time, and that is before any here.
  client.now = -1;
  client.machine.start(0);
  for (let i = 0; i < 3; i += 1) {
    server.receive(client.take());
    client.machine.receive(server.take());
    while (client.machine.poll() !== undefined);
  }
  assert.equal(client.machine.deadline(), 0);
  return { client, server };
}

/** Numbers of the messages of key exchanges, in order. */
export const numbers = (end: End, direction: 'sent' | 'received'): number[] =>
  end
    .packets(direction)
    .map(([number]) => number)
    .filter((number) => number >= 20 && number <= 49);

/** A machine, and a peer that changes one of its own messages, or says nothing from there on. */
export function forged(
  role: Role,
  number: number,
  change: (payload: Uint8Array) => Uint8Array | undefined,
  both: Overrides = gex,
): End {
  const end = new End(config(role, both)).start();
  const peer = new RawPeer(config(other(role), both));
  let silent = false;
  peer.outgoing.forge = (payload) => {
    if (payload[0] !== number) return silent ? [] : [payload];
    const changed = change(payload);
    silent = changed === undefined;
    return changed === undefined ? [] : [changed];
  };
  peer.start();
  try {
    pumpRaw(end, peer);
  } catch {
    // The peer finds that the hash differs.
  }
  return end;
}

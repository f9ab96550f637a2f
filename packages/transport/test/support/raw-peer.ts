import type { TransportConfig } from '@nbs-ssh/transport';
import { concat, type TraceEvent, utf8 } from '@nbs-ssh/transport/wire';
import { KeyExchanges } from '../../src/kex/exchanges.ts';
import { OutgoingPackets } from '../../src/packet/outgoing.ts';
import { PacketReader } from '../../src/packet/reader.ts';
import { TransportTrace } from '../../src/transport-trace.ts';

/**
 * A peer that can do a key exchange and has no manners: it sends whatever it is told whenever it is told, and
 * checks nothing.
 */
export class RawPeer {
  readonly reader: PacketReader = new PacketReader();
  readonly outgoing: ForgedPackets;
  readonly exchanges: KeyExchanges;
  readonly received: Uint8Array[] = [];
  readonly events: TraceEvent[] = [];
  /** Key exchange messages are answered. */
  answers = true;
  readonly #line: Uint8Array;
  #heard: Uint8Array | undefined = new Uint8Array(0);

  constructor(config: TransportConfig) {
    this.#line = utf8(`SSH-2.0-${config.software}`);
    const trace = new TransportTrace((event) => this.events.push(event), true);
    this.outgoing = new ForgedPackets(config.crypto.random, trace);
    this.exchanges = new KeyExchanges(config, this.#line, this.reader, this.outgoing, trace);
  }

  /** Identification and KEXINIT. */
  start(): this {
    this.identify();
    this.exchanges.start();
    return this;
  }

  identify(): void {
    this.outgoing.raw(concat(this.#line, utf8('\r\n')));
  }

  receive(bytes: Uint8Array): void {
    let rest = bytes.slice();
    if (this.#heard !== undefined) {
      const all = concat(this.#heard, rest);
      const end = all.indexOf(0x0a);
      this.#heard = end === -1 ? all : undefined;
      if (end === -1) return;
      this.exchanges.identified(all.slice(0, end - 1));
      rest = all.slice(end + 1);
    }
    this.reader.feed(rest);
    for (let payload = this.reader.next(); payload !== undefined; payload = this.reader.next()) {
      this.received.push(payload.slice());
      const number = payload[0] as number;
      if (!this.answers || number < 20 || number > 49) continue;
      this.exchanges.receive(payload);
      if (this.exchanges.awaitingTrust) this.exchanges.trusted();
    }
  }

  /** Sends a message now, whatever the rules say. */
  send(...payloads: readonly Uint8Array[]): this {
    for (const payload of payloads) this.outgoing.sealAsIs(payload);
    return this;
  }

  take(): Uint8Array {
    const parts: Uint8Array[] = [];
    for (let part = this.outgoing.take(); part !== undefined; part = this.outgoing.take()) parts.push(part);
    return concat(...parts);
  }

  numbers(): number[] {
    return this.received.map((payload) => payload[0] as number);
  }
}

class ForgedPackets extends OutgoingPackets {
  forge: ((payload: Uint8Array) => readonly Uint8Array[]) | undefined;

  override seal(head: Uint8Array, body?: Uint8Array): number {
    const payload = body === undefined ? head : concat(head, body);
    const sequences = (this.forge?.(payload) ?? [payload]).map((forged) => super.seal(forged));
    return sequences.at(-1) ?? -1;
  }

  sealAsIs(payload: Uint8Array): void {
    super.seal(payload);
  }
}

interface Receiver {
  receive(bytes: Uint8Array): void;
  take(): Uint8Array;
}

/** Carries bytes between a machine and a raw peer until both are silent. */
export function pumpRaw(end: Receiver & { settle(): void }, peer: Receiver): void {
  for (let quiet = false; !quiet; ) {
    end.settle();
    const out = end.take();
    if (out.length > 0) peer.receive(out);
    const back = peer.take();
    if (back.length > 0) end.receive(back);
    quiet = out.length === 0 && back.length === 0;
  }
}

import type { RekeyLimits } from '../config.ts';
import type { PacketSealer } from '../crypto/index.ts';
import { transportError } from '../errors.ts';
import { KeyUsage } from '../rekey-policy.ts';
import type { TransportTrace } from '../transport-trace.ts';
import { EMPTY } from '../wire/index.ts';
import { PacketWriter } from './writer.ts';

/** Bytes of answers that wait for the end of an exchange. The only large one is the echo of a ping. */
const MAX_DEFERRED = 262_144;

/** Everything we send: sealed, counted against its keys, traced. */
export class OutgoingPackets {
  readonly #writer: PacketWriter;
  readonly #usage = new KeyUsage();
  readonly #trace: TransportTrace;
  #deferred: Uint8Array[] = [];
  #deferredBytes = 0;

  constructor(random: (length: number) => Uint8Array, trace: TransportTrace) {
    this.#writer = new PacketWriter(random);
    this.#trace = trace;
  }

  get pending(): number {
    return this.#writer.pending;
  }

  raw(bytes: Uint8Array): void {
    this.#writer.raw(bytes);
  }

  take(): Uint8Array | undefined {
    return this.#writer.take();
  }

  recycle(bytes: Uint8Array | undefined): void {
    if (bytes === undefined) this.#writer.rest();
    else this.#writer.recycle(bytes);
  }

  /** @returns the packet's sequence number. @throws {TransportError} `TRANSPORT_SEQUENCE_WRAP` */
  seal(head: Uint8Array, body: Uint8Array = EMPTY): number {
    if (this.#usage.exhausted) throw transportError('TRANSPORT_SEQUENCE_WRAP', { direction: 'send' });
    const { sequence } = this.#writer;
    this.#trace.packet('sent', head[0] as number, head.length + body.length, sequence);
    this.#usage.count(this.#writer.seal(head, body));
    return sequence;
  }

  /** No packet may be sealed any more with these keys. */
  get exhausted(): boolean {
    return this.#usage.exhausted;
  }

  /**
   * Keeps an answer of our own until the running exchange lets it out. The noise budget bounds how many there are,
   * the limit here how large they are together.
   *
   * @throws {TransportError} `TRANSPORT_FLOOD`
   */
  defer(payload: Uint8Array): void {
    this.#deferredBytes += payload.length;
    if (this.#deferredBytes > MAX_DEFERRED) {
      throw transportError('TRANSPORT_FLOOD', {
        what: 'bytes to answer after the key exchange',
        limit: MAX_DEFERRED,
      });
    }
    this.#deferred.push(payload);
  }

  /** Uses new keys from here on and sends what was deferred. */
  rekey(sealer: PacketSealer, resetSequence: boolean): void {
    this.#writer.rekey(sealer, resetSequence);
    this.#usage.reset();
  }

  sendDeferred(): void {
    this.#deferredBytes = 0;
    for (const payload of this.#deferred.splice(0)) this.seal(payload);
  }

  rekeyDue(limits: RekeyLimits): 'bytes' | 'packets' | undefined {
    return this.#usage.due(limits);
  }

  wipe(): void {
    this.#writer.wipe();
    this.#deferred = [];
  }
}

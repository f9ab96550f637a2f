import type { PacketSealer } from '../crypto/index.ts';
import { EMPTY } from '../wire/index.ts';
import { plainSealer } from './plain.ts';

/** Smallest and largest buffer that sealed packets are gathered in. The size follows the traffic. */
const MIN_SLAB = 4096;
const MAX_SLAB = 262_144;
/** Buffers that came back and wait to be filled again. As many as a socket holds at a time, so that none is made anew. */
const MAX_SPARE = 8;
/** Padding bytes fetched from the CSPRNG at a time: one call per packet would cost more than the packet. */
const PADDING_POOL = 512;

/**
 * Seals payloads into packets, in order, and gathers them into buffers that are large enough for one write.
 *
 * Bytes given out by {@link take} are never touched again, unless they come back: the socket may keep them as long as it
 * likes. Making a large buffer anew for each write costs a quarter of the time of a bulk upload, most of it for the
 * collector of garbage.
 */
export class PacketWriter {
  readonly #random: (length: number) => Uint8Array;
  #sealer: PacketSealer = plainSealer;
  #sequence = 0;
  #slab: Uint8Array = EMPTY;
  #taken = 0;
  #used = 0;
  #full: Uint8Array[] = [];
  #fullBytes = 0;
  #nextSlab = MIN_SLAB;
  readonly #spare: Uint8Array[] = [];
  #padding: Uint8Array = EMPTY;
  #paddingUsed = 0;

  constructor(random: (length: number) => Uint8Array) {
    this.#random = random;
  }

  /** Sequence number of the next packet. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Sealed bytes that were not taken yet. */
  get pending(): number {
    return this.#fullBytes + this.#used - this.#taken;
  }

  /** Bytes that are no packet: the identification line. */
  raw(bytes: Uint8Array): void {
    this.#flushSlab();
    this.#full.push(bytes);
    this.#fullBytes += bytes.length;
  }

  /** Uses new keys from the next packet on. */
  rekey(sealer: PacketSealer, resetSequence: boolean): void {
    this.#sealer.wipe();
    this.#sealer = sealer;
    if (resetSequence) this.#sequence = 0;
  }

  wipe(): void {
    this.#sealer.wipe();
    this.#sealer = plainSealer;
  }

  /**
   * Seals one payload, given in one or two parts so that channel data is copied only here.
   *
   * @returns Bytes of the whole packet.
   */
  seal(head: Uint8Array, body: Uint8Array = EMPTY): number {
    const { blockLength, lengthOutside, tagLength } = this.#sealer;
    const payload = head.length + body.length;
    // RFC 4253 §6: at least 4 bytes of padding, the padded part a multiple of the block, 16 bytes in all.
    const unpadded = 5 - lengthOutside + payload;
    let padding = blockLength - (unpadded % blockLength);
    if (padding < 4) padding += blockLength;
    if (5 + payload + padding < 16) padding += blockLength;
    const length = 1 + payload + padding;
    const total = 4 + length + tagLength;
    const packet = this.#reserve(total);
    packet[0] = length >>> 24;
    packet[1] = length >>> 16;
    packet[2] = length >>> 8;
    packet[3] = length;
    packet[4] = padding;
    packet.set(head, 5);
    if (body.length > 0) packet.set(body, 5 + head.length);
    this.#pad(packet, 5 + payload, padding);
    this.#sealer.seal(this.#sequence, packet);
    this.#sequence = (this.#sequence + 1) >>> 0;
    return total;
  }

  /** The next bytes to write, or `undefined`. Call until it is empty. */
  take(): Uint8Array | undefined {
    const full = this.#full.shift();
    if (full !== undefined) {
      this.#fullBytes -= full.length;
      return full;
    }
    if (this.#used === this.#taken) return undefined;
    const bytes = this.#slab.subarray(this.#taken, this.#used);
    this.#taken = this.#used;
    // A large slab is not kept for a connection that may now be idle; a small one serves many small packets.
    this.#nextSlab = Math.min(MAX_SLAB, Math.max(MIN_SLAB, bytes.length * 2));
    if (this.#slab.length > MIN_SLAB) this.#dropSlab();
    return bytes;
  }

  /** Takes back what {@link take} gave, when nobody reads it any more. */
  recycle(bytes: Uint8Array): void {
    const { buffer } = bytes;
    // Small ones are given out in pieces, of which others may still be on their way.
    if (buffer.byteLength < MAX_SLAB || this.#spare.length === MAX_SPARE) return;
    this.#spare.push(new Uint8Array(buffer));
  }

  /** Lets go of what came back: there may be nothing to send for long. */
  rest(): void {
    this.#spare.length = 0;
  }

  #reserve(total: number): Uint8Array {
    if (this.#used + total > this.#slab.length) {
      this.#flushSlab();
      const size = Math.max(total, this.#nextSlab);
      this.#slab = (size === MAX_SLAB ? this.#spare.pop() : undefined) ?? new Uint8Array(size);
      this.#nextSlab = Math.min(MAX_SLAB, this.#slab.length * 2);
    }
    const packet = this.#slab.subarray(this.#used, this.#used + total);
    this.#used += total;
    return packet;
  }

  #flushSlab(): void {
    if (this.#used > this.#taken) {
      const bytes = this.#slab.subarray(this.#taken, this.#used);
      this.#full.push(bytes);
      this.#fullBytes += bytes.length;
    }
    this.#dropSlab();
  }

  #dropSlab(): void {
    this.#slab = EMPTY;
    this.#used = 0;
    this.#taken = 0;
  }

  #pad(packet: Uint8Array, start: number, count: number): void {
    if (this.#paddingUsed + count > this.#padding.length) {
      this.#padding = this.#random(PADDING_POOL);
      this.#paddingUsed = 0;
    }
    packet.set(this.#padding.subarray(this.#paddingUsed, this.#paddingUsed + count), start);
    this.#paddingUsed += count;
  }
}

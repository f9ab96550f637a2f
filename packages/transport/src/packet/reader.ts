import type { PacketOpener } from '../crypto/index.ts';
import { isTransportError, type TransportError, transportError } from '../errors.ts';
import { EMPTY, plainBytes, type SshError } from '../wire/index.ts';
import { HiddenLength } from './hidden-length.ts';
import { plainOpener } from './plain.ts';

/** Largest packet_length we take, in bytes. RFC 4253 §6.1 asks for 35,000; OpenSSH stops at 256 KiB. */
export const MAX_PACKET_LENGTH = 262_144;

/** Chunks up to this size are joined while they wait, so that a peer that sends single bytes costs no array each. */
const SMALL_CHUNK = 1024;
const JOINED = 16_384;

/**
 * Cuts the received stream into packets and opens them, in order.
 *
 * A packet is decrypted where it lies when it arrived in one piece, or in pieces that lie one behind the other in the
 * same memory: the payload handed out is a view of that, and stays valid as long as somebody holds it. Only a packet
 * whose pieces lie apart is copied together first.
 */
export class PacketReader {
  #opener: PacketOpener = plainOpener;
  #cipher = 'none';
  #mac: string | null = null;
  #sequence = 0;
  /** Received chunks behind the current one; those before `#nextChunk` are used up. */
  #chunks: Uint8Array[] = [];
  #nextChunk = 0;
  /** Where small chunks are joined: the last of `#chunks` is its beginning. */
  #joined: Uint8Array = EMPTY;
  #joinedLength = 0;
  #chunk: Uint8Array = EMPTY;
  #position = 0;
  #buffered = 0;
  /** A packet being put together: the prefix at first, the whole packet once its length is known. */
  #partial: Uint8Array = EMPTY;
  #filled = 0;
  /** Total length of the current packet in bytes, 0 while it is unknown. */
  #total = 0;
  /** Where the opener asks for it. */
  #hidden: HiddenLength | undefined;
  #now = 0;

  /** Sequence number of the next packet. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Bytes received and not yet opened. */
  get buffered(): number {
    return this.#buffered;
  }

  get midPacket(): boolean {
    return this.#buffered > 0 || this.#hidden?.failing === true;
  }

  /** When {@link checkDeadline} must be called at the latest. */
  get deadline(): number | undefined {
    return this.#hidden?.deadline;
  }

  /** What is wrong with the packet that is being received, while nobody may know yet. */
  get failure(): SshError | undefined {
    return this.#hidden?.failure;
  }

  tick(now: number): void {
    this.#now = now;
  }

  /** @throws {TransportError} `TRANSPORT_BAD_TAG` when it has passed. */
  checkDeadline(): void {
    const { deadline } = this;
    if (deadline !== undefined && this.#now >= deadline) throw this.#badTag();
  }

  /** Nothing was read for a while, which was not the peer's doing. */
  resume(): void {
    this.#hidden?.resume(this.#now);
  }

  /** Takes over `received`: it will be decrypted in place. */
  feed(received: Uint8Array): void {
    if (received.length === 0) return;
    if (this.#hidden?.failing === true) {
      this.#hidden.more(received.length);
      return;
    }
    const chunk = plainBytes(received);
    this.#buffered += chunk.length;
    if (this.#position === this.#chunk.length) {
      this.#chunk = chunk;
      this.#position = 0;
    } else if (this.#chunks.length === 0 && liesBehind(this.#chunk, chunk)) {
      const { buffer, byteOffset, length } = this.#chunk;
      this.#chunk = new Uint8Array(buffer, byteOffset, length + chunk.length);
    } else if (chunk.length > SMALL_CHUNK) {
      this.#joinedLength = 0;
      this.#chunks.push(chunk);
    } else {
      this.#join(chunk);
    }
  }

  #join(chunk: Uint8Array): void {
    if (this.#joinedLength === 0 || this.#joinedLength + chunk.length > this.#joined.length) {
      this.#joined = new Uint8Array(JOINED);
      this.#joinedLength = 0;
      this.#chunks.push(EMPTY);
    }
    this.#joined.set(chunk, this.#joinedLength);
    this.#joinedLength += chunk.length;
    this.#chunks[this.#chunks.length - 1] = this.#joined.subarray(0, this.#joinedLength);
  }

  /** Uses new keys from the next packet on. */
  rekey(opener: PacketOpener, cipher: string, mac: string | null, resetSequence: boolean): void {
    this.#opener.wipe();
    this.#opener = opener;
    this.#hidden = opener.hidesLength === true ? new HiddenLength() : undefined;
    this.#cipher = cipher;
    this.#mac = mac;
    if (resetSequence) this.#sequence = 0;
  }

  wipe(): void {
    this.#opener.wipe();
    this.#hidden = undefined;
    this.#drop();
  }

  #drop(): void {
    this.#chunks = [];
    this.#nextChunk = 0;
    this.#joined = EMPTY;
    this.#joinedLength = 0;
    this.#chunk = EMPTY;
    this.#partial = EMPTY;
    this.#position = 0;
    this.#buffered = 0;
  }

  /**
   * @returns The payload of the next packet, or `undefined` when it has not arrived whole.
   * @throws {TransportError} `TRANSPORT_PACKET_LENGTH`, `TRANSPORT_BAD_TAG`, `TRANSPORT_PADDING`
   */
  next(): Uint8Array | undefined {
    return this.#hidden === undefined ? this.#next() : this.#nextHiding(this.#hidden);
  }

  #nextHiding(hidden: HiddenLength): Uint8Array | undefined {
    hidden.check();
    if (hidden.failing) return undefined;
    const seen = this.#buffered;
    try {
      const payload = this.#next();
      if (payload !== undefined) hidden.opened();
      else if (this.#buffered > 0) hidden.waiting(this.#now);
      return payload;
    } catch (error) {
      // What the padding of a genuine packet is may be known.
      if (isTransportError(error) && error.code === 'TRANSPORT_PADDING') throw error;
      hidden.fail(this.#badTag(), seen, this.#now);
      this.#drop();
      hidden.check();
      return undefined;
    }
  }

  #next(): Uint8Array | undefined {
    const packet = this.#partial.length > 0 && this.#total > 0 ? this.#complete() : this.#begin();
    if (packet === undefined) return undefined;
    this.#total = 0;
    this.#filled = 0;
    this.#partial = EMPTY;
    this.#buffered -= packet.length;
    const sequence = this.#sequence;
    const { tagLength } = this.#opener;
    if (!this.#opener.open(sequence, packet)) {
      throw this.#badTag();
    }
    this.#sequence = (sequence + 1) >>> 0;
    const length = packet.length - 4 - tagLength;
    const padding = packet[4] as number;
    // RFC 4253 §6: at least 4 bytes of padding; a payload is at least its message number.
    if (padding < 4 || padding > length - 2) {
      throw transportError('TRANSPORT_PADDING', { sequence, padding, length });
    }
    return packet.subarray(5, 4 + length - padding);
  }

  #badTag(): TransportError {
    const { cipher, mac } = { cipher: this.#cipher, mac: this.#mac };
    return transportError('TRANSPORT_BAD_TAG', { sequence: this.#sequence, cipher, mac });
  }

  /** Finds the length of the next packet, then its bytes. */
  #begin(): Uint8Array | undefined {
    const { prefixLength } = this.#opener;
    const available = this.#available();
    // Waiting for more is waiting for bytes that lie right behind; once a piece lies elsewhere, copying begins.
    const apart = this.#chunks.length > 0;
    if (this.#filled === 0 && available >= prefixLength) {
      const chunk = this.#chunk;
      const start = this.#position;
      if (this.#total === 0) this.#total = this.#readLength(chunk.subarray(start, start + prefixLength));
      const total = this.#total;
      if (available >= total) {
        this.#position = start + total;
        this.#advance();
        return chunk.subarray(start, start + total);
      }
      if (!apart) return undefined;
      this.#startPartial(total);
      return this.#complete();
    }
    if (this.#filled === 0 && !apart) return undefined;
    if (this.#filled === 0) this.#partial = new Uint8Array(prefixLength);
    if (!this.#fill(prefixLength)) return undefined;
    const prefix = this.#partial;
    this.#startPartial(this.#readLength(prefix));
    this.#partial.set(prefix);
    this.#filled = prefixLength;
    return this.#complete();
  }

  #complete(): Uint8Array | undefined {
    return this.#fill(this.#total) ? this.#partial : undefined;
  }

  #startPartial(total: number): void {
    this.#total = total;
    this.#partial = new Uint8Array(total);
    this.#filled = 0;
  }

  /** Moves received bytes into the partial packet. @returns whether it holds `wanted` bytes. */
  #fill(wanted: number): boolean {
    while (this.#filled < wanted) {
      const available = this.#available();
      if (available === 0) return false;
      const take = Math.min(available, wanted - this.#filled);
      this.#partial.set(this.#chunk.subarray(this.#position, this.#position + take), this.#filled);
      this.#filled += take;
      this.#position += take;
      this.#advance();
    }
    return true;
  }

  #available(): number {
    return this.#chunk.length - this.#position;
  }

  /** Steps to the next received chunk when the current one is used up. */
  #advance(): void {
    if (this.#position < this.#chunk.length) return;
    this.#position = 0;
    if (this.#nextChunk < this.#chunks.length) {
      this.#chunk = this.#chunks[this.#nextChunk] as Uint8Array;
      this.#chunks[this.#nextChunk] = EMPTY;
      this.#nextChunk += 1;
      if (this.#nextChunk < this.#chunks.length) return;
    } else {
      this.#chunk = EMPTY;
    }
    // All are taken: what is joined so far is being read, so nothing may be added to it.
    this.#chunks = [];
    this.#nextChunk = 0;
    this.#joinedLength = 0;
  }

  /** @returns Bytes of the whole packet, tag included. */
  #readLength(prefix: Uint8Array): number {
    const { blockLength, lengthOutside, tagLength } = this.#opener;
    const length = this.#opener.length(this.#sequence, prefix);
    const padded = length + 4 - lengthOutside;
    // RFC 4253 §6: the padded part is a multiple of the block, and a packet is at least 16 bytes or one block.
    // 12 is the shortest length that 16 bytes in all allow; with the length outside, one block is the least.
    const least = lengthOutside === 4 ? blockLength : Math.max(12, blockLength - 4);
    if (length > MAX_PACKET_LENGTH || length < least || padded % blockLength !== 0) {
      throw transportError('TRANSPORT_PACKET_LENGTH', {
        sequence: this.#sequence,
        length,
        limit: MAX_PACKET_LENGTH,
      });
    }
    return 4 + length + tagLength;
  }
}

/** Whether `second` is the memory right after `first`. */
function liesBehind(first: Uint8Array, second: Uint8Array): boolean {
  return second.buffer === first.buffer && second.byteOffset === first.byteOffset + first.length;
}

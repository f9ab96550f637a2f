import type { RekeyLimits } from './config.ts';

/** Packets after which the 32-bit sequence number would repeat under one key. */
const SEQUENCE_SPACE = 0xffff_ffff;

/** Counts what one direction carried under its current keys. */
export class KeyUsage {
  #bytes = 0;
  #packets = 0;

  count(bytes: number): void {
    this.#bytes += bytes;
    this.#packets += 1;
  }

  reset(): void {
    this.#bytes = 0;
    this.#packets = 0;
  }

  /** Why new keys are due, or `undefined`. */
  due(limits: RekeyLimits): 'bytes' | 'packets' | undefined {
    if (this.#bytes >= limits.bytes) return 'bytes';
    if (this.#packets >= limits.packets) return 'packets';
    return undefined;
  }

  /** The next packet would reuse a sequence number, and with it a nonce. */
  get exhausted(): boolean {
    return this.#packets >= SEQUENCE_SPACE;
  }
}

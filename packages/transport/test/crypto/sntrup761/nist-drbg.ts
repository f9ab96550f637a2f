import { createCipheriv } from 'node:crypto';

/** The generator of NIST's known answers: CTR_DRBG with AES-256, no derivation function, SP 800-90A §10.2.1. */
export class NistDrbg {
  #key: Uint8Array = new Uint8Array(32);
  readonly #counter: Uint8Array = new Uint8Array(16);

  /** @param seed - 48 bytes. */
  constructor(seed: Uint8Array) {
    this.#update(this.#blocks(3), seed);
  }

  fill(length: number): Uint8Array {
    const whole = Math.ceil(length / 16);
    // What comes behind the random bytes is the next state.
    const blocks = this.#blocks(whole + 3);
    this.#update(blocks.subarray(16 * whole), new Uint8Array(48));
    return blocks.slice(0, length);
  }

  #blocks(count: number): Uint8Array {
    const counters = new Uint8Array(16 * count);
    for (let i = 0; i < count; i += 1) {
      for (let at = 15, carry = 1; at >= 0 && carry > 0; at -= 1) {
        carry += this.#counter[at] as number;
        this.#counter[at] = carry & 0xff;
        carry >>= 8;
      }
      counters.set(this.#counter, 16 * i);
    }
    const cipher = createCipheriv('aes-256-ecb', this.#key, null).setAutoPadding(false);
    return new Uint8Array(cipher.update(counters));
  }

  #update(blocks: Uint8Array, seed: Uint8Array): void {
    const state = blocks.map((byte, i) => byte ^ (seed[i] as number));
    this.#key = state.slice(0, 32);
    this.#counter.set(state.subarray(32));
  }
}

import { piFraction } from './pi.ts';

/** Words of P and S together. */
const P_WORDS = 18;
const S_WORDS = 1024;

/**
 * Blowfish with the salted key schedule of bcrypt ("eksblowfish"). Words are big-endian.
 *
 * One object may be used for many hashes: {@link reset} brings back the digits of π.
 */
export class Blowfish {
  readonly #p = new Int32Array(P_WORDS);
  readonly #s = new Int32Array(S_WORDS);
  /** The block being worked on, so that no call allocates. */
  readonly #block = new Int32Array(2);

  constructor() {
    this.reset();
  }

  reset(): void {
    const initial = initialState();
    this.#p.set(initial.subarray(0, P_WORDS));
    this.#s.set(initial.subarray(P_WORDS));
  }

  /** Mixes `key` into the state; with `salt`, its words are mixed into every block that is encrypted. */
  expand(key: Int32Array, salt?: Int32Array): void {
    const p = this.#p;
    for (let i = 0; i < P_WORDS; i += 1) p[i] = (p[i] as number) ^ (key[i % key.length] as number);
    this.#block.fill(0);
    const next = this.#replace(p, salt, 0);
    this.#replace(this.#s, salt, next);
  }

  /** Encrypts the two words at `at` in place. */
  encrypt(words: Int32Array, at: number): void {
    encipher(this.#p, this.#s, words, at);
  }

  wipe(): void {
    this.#p.fill(0);
    this.#s.fill(0);
    this.#block.fill(0);
  }

  /** Overwrites `target` with a chain of encryptions; returns where in the salt to go on. */
  #replace(target: Int32Array, salt: Int32Array | undefined, from: number): number {
    const block = this.#block;
    const p = this.#p;
    const s = this.#s;
    let next = from;
    for (let i = 0; i < target.length; i += 2) {
      if (salt !== undefined) {
        block[0] = (block[0] as number) ^ (salt[next] as number);
        block[1] = (block[1] as number) ^ (salt[next + 1] as number);
        next = (next + 2) % salt.length;
      }
      encipher(p, s, block, 0);
      target[i] = block[0] as number;
      target[i + 1] = block[1] as number;
    }
    return next;
  }
}

/** A plain function: every bcrypt hash calls it 67,000 times, and private fields would be looked up each time. */
function encipher(p: Int32Array, s: Int32Array, words: Int32Array, at: number): void {
  let left = words[at] as number;
  let right = words[at + 1] as number;
  for (let i = 0; i < 16; i += 2) {
    left ^= p[i] as number;
    right ^= (p[i + 1] as number) ^ mix(s, left);
    left ^= mix(s, right);
  }
  words[at] = right ^ (p[17] as number);
  words[at + 1] = left ^ (p[16] as number);
}

/** Blowfish's F: four bytes through four S-boxes. */
function mix(s: Int32Array, x: number): number {
  const high = ((s[x >>> 24] as number) + (s[256 | ((x >>> 16) & 255)] as number)) | 0;
  return ((high ^ (s[512 | ((x >>> 8) & 255)] as number)) + (s[768 | (x & 255)] as number)) | 0;
}

let computed: Int32Array | undefined;

/** P then S: 1,042 words of π, worked out at first use. Public constants, so keeping them is no global state. */
function initialState(): Int32Array {
  computed ??= Int32Array.from(piFraction(P_WORDS + S_WORDS));
  return computed;
}

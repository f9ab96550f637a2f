import { piFraction } from './pi.ts';

const P_WORDS = 18;
const S_WORDS = 1024;

// The state of two Blowfish ciphers that work side by side. Every round of one waits for its tables; a second one that
// depends on nothing of the first fills the gap, which nearly doubles the speed. The arrays are constants of the
// module because an engine that knows their length need not check each index. Nothing stays in them: a hash that
// begins overwrites all, and ends with `wipe`, before anybody else can run.
const P1 = /* @__PURE__ */ new Int32Array(P_WORDS);
const S1 = /* @__PURE__ */ new Int32Array(S_WORDS);
const P2 = /* @__PURE__ */ new Int32Array(P_WORDS);
const S2 = /* @__PURE__ */ new Int32Array(S_WORDS);
/** The block of the first cipher, then that of the second. */
const BLOCK = /* @__PURE__ */ new Int32Array(4);

/** One argument for each of the two ciphers. */
export type Both = readonly [first: Int32Array, second: Int32Array];

/** Brings both ciphers back to the digits of π. */
export function reset(): void {
  const initial = initialState();
  for (const p of [P1, P2]) p.set(initial.subarray(0, P_WORDS));
  for (const s of [S1, S2]) s.set(initial.subarray(P_WORDS));
}

/**
 * Mixes a key of sixteen words into each cipher; with salts, also of sixteen words, these are mixed into every block
 * that is encrypted ("eksblowfish", the key schedule of bcrypt). Words are big-endian.
 */
export function expand(keys: Both, salts?: Both): void {
  for (let i = 0; i < P_WORDS; i += 1) {
    P1[i] = (P1[i] as number) ^ (keys[0][i & 15] as number);
    P2[i] = (P2[i] as number) ^ (keys[1][i & 15] as number);
  }
  BLOCK.fill(0);
  for (let i = 0; i < P_WORDS + S_WORDS; i += 2) {
    if (salts !== undefined) addSalt(salts, i & 15);
    encipher();
    if (i < P_WORDS) store(P1, P2, i);
    else store(S1, S2, i - P_WORDS);
  }
}

/** Encrypts one block with each cipher. @param blocks - Two words for the first, two for the second; overwritten. */
export function encrypt(blocks: Int32Array): void {
  BLOCK.set(blocks);
  encipher();
  blocks.set(BLOCK);
}

export function wipe(): void {
  for (const words of [P1, S1, P2, S2, BLOCK]) words.fill(0);
}

function addSalt(salts: Both, at: number): void {
  BLOCK[0] = (BLOCK[0] as number) ^ (salts[0][at] as number);
  BLOCK[1] = (BLOCK[1] as number) ^ (salts[0][at + 1] as number);
  BLOCK[2] = (BLOCK[2] as number) ^ (salts[1][at] as number);
  BLOCK[3] = (BLOCK[3] as number) ^ (salts[1][at + 1] as number);
}

function store(first: Int32Array, second: Int32Array, at: number): void {
  first[at] = BLOCK[0] as number;
  first[at + 1] = BLOCK[1] as number;
  second[at] = BLOCK[2] as number;
  second[at + 1] = BLOCK[3] as number;
}

function encipher(): void {
  let left1 = BLOCK[0] as number;
  let right1 = BLOCK[1] as number;
  let left2 = BLOCK[2] as number;
  let right2 = BLOCK[3] as number;
  for (let i = 0; i < 16; i += 2) {
    left1 ^= P1[i] as number;
    left2 ^= P2[i] as number;
    right1 ^= (P1[i + 1] as number) ^ mix(S1, left1);
    right2 ^= (P2[i + 1] as number) ^ mix(S2, left2);
    left1 ^= mix(S1, right1);
    left2 ^= mix(S2, right2);
  }
  BLOCK[0] = right1 ^ (P1[17] as number);
  BLOCK[1] = left1 ^ (P1[16] as number);
  BLOCK[2] = right2 ^ (P2[17] as number);
  BLOCK[3] = left2 ^ (P2[16] as number);
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

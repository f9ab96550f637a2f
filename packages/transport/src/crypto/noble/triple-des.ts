/**
 * DES-EDE3 in CBC mode, FIPS 46-3 and SP 800-67, for old private-key files and, opted into, for old equipment.
 *
 * Not constant-time: its tables are looked up by secrets. Whoever insists on 3DES has larger worries.
 */
export interface TripleDesCbc {
  /** Works on whole blocks of 8 bytes in place, and goes on from the last one at the next call. */
  readonly apply: (bytes: Uint8Array) => void;
  readonly wipe: () => void;
}

/**
 * @param key - 24 bytes; parity bits are ignored.
 * @param iv - 8 bytes.
 */
export function tripleDesCbc(
  direction: 'encrypt' | 'decrypt',
  key: Uint8Array,
  iv: Uint8Array,
): TripleDesCbc {
  const keys = schedule(key, direction);
  const previous = words(iv, 0);
  return {
    apply: (bytes) => {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      const block = new Int32Array(2);
      for (let at = 0; at < bytes.length; at += 8) {
        const [high, low] = [view.getInt32(at), view.getInt32(at + 4)];
        if (direction === 'encrypt') {
          block[0] = high ^ (previous[0] as number);
          block[1] = low ^ (previous[1] as number);
          crypt(block, keys);
          previous.set(block);
        } else {
          block[0] = high;
          block[1] = low;
          crypt(block, keys);
          block[0] = (block[0] as number) ^ (previous[0] as number);
          block[1] = (block[1] as number) ^ (previous[1] as number);
          previous[0] = high;
          previous[1] = low;
        }
        view.setInt32(at, block[0] as number);
        view.setInt32(at + 4, block[1] as number);
      }
    },
    wipe: () => {
      keys.fill(0);
      previous.fill(0);
    },
  };
}

/** A whole message. @param data - Whole blocks of 8 bytes. @returns a fresh array. */
export function tripleDesCbcDecrypt(key: Uint8Array, iv: Uint8Array, data: Uint8Array): Uint8Array {
  return whole('decrypt', key, iv, data);
}

/** The reverse of {@link tripleDesCbcDecrypt}, with the same parameters. */
export function tripleDesCbcEncrypt(key: Uint8Array, iv: Uint8Array, data: Uint8Array): Uint8Array {
  return whole('encrypt', key, iv, data);
}

function whole(
  direction: 'encrypt' | 'decrypt',
  key: Uint8Array,
  iv: Uint8Array,
  data: Uint8Array,
): Uint8Array {
  const out = new Uint8Array(data);
  const cbc = tripleDesCbc(direction, key, iv);
  cbc.apply(out);
  cbc.wipe();
  return out;
}

function words(bytes: Uint8Array, at: number): Int32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Int32Array.of(view.getInt32(at), view.getInt32(at + 4));
}

/** Pieces of six bits: 3 times 16 rounds of 8. E(k1) D(k2) E(k3), or its reverse; DES decrypts with reversed rounds. */
function schedule(key: Uint8Array, direction: 'encrypt' | 'decrypt'): Uint8Array {
  const [k1, k2, k3] = [0, 8, 16].map((at) => roundKeys(key.subarray(at, at + 8))) as [Keys, Keys, Keys];
  const order =
    direction === 'encrypt'
      ? [...k1, ...[...k2].reverse(), ...k3]
      : [...[...k3].reverse(), ...k2, ...[...k1].reverse()];
  return Uint8Array.from(order.flat());
}

/** Sixteen round keys of eight six-bit pieces. */
type Keys = readonly (readonly number[])[];

/** One block through three times sixteen rounds, in place. */
function crypt(block: Int32Array, keys: Uint8Array): void {
  boxes ??= substitutions();
  const table = boxes;
  initialPermutation(block);
  let left = block[0] as number;
  let right = block[1] as number;
  for (let at = 0; at < 384; at += 8) {
    // The expansion E repeats edge bits: six bits at every fourth position of `right` turned by one, at the top here.
    let turned = (right >>> 1) | (right << 31);
    let mixed = left;
    for (let i = 0; i < 8; i += 1) {
      mixed ^= table[64 * i + ((turned >>> 26) ^ (keys[at + i] as number))] as number;
      turned = (turned << 4) | (turned >>> 28);
    }
    left = right;
    right = mixed;
    if ((at & 127) === 120) {
      // The halves are swapped after the last round. Between two DES, final and initial permutation undo each other.
      right = left;
      left = mixed;
    }
  }
  block[0] = left;
  block[1] = right;
  finalPermutation(block);
}

/** IP as exchanges of bits between both words: row by row it is a transposition of the 8 × 8 bits. */
const EXCHANGES = [
  [0, 4, 0x0f0f_0f0f],
  [0, 16, 0x0000_ffff],
  [1, 2, 0x3333_3333],
  [1, 8, 0x00ff_00ff],
  [0, 1, 0x5555_5555],
] as const;

function initialPermutation(block: Int32Array): void {
  for (const [from, shift, mask] of EXCHANGES) exchange(block, from, shift, mask);
}

function finalPermutation(block: Int32Array): void {
  for (let i = EXCHANGES.length - 1; i >= 0; i -= 1) {
    const [from, shift, mask] = EXCHANGES[i] as (typeof EXCHANGES)[number];
    exchange(block, from, shift, mask);
  }
}

/** Exchanges the bits of `mask` in one word with those `shift` above in the other, `from`. */
function exchange(block: Int32Array, from: 0 | 1, shift: number, mask: number): void {
  const high = block[from] as number;
  const low = block[1 - from] as number;
  const different = ((high >>> shift) ^ low) & mask;
  block[1 - from] = low ^ different;
  block[from] = high ^ (different << shift);
}

// All tables count bits from 1, most significant first, and keep the rows of FIPS 46-3.
// biome-ignore format: rows of the standard
const PC1: readonly number[] = [
  57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18, 10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60, 52, 44, 36,
  63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 28, 20, 12, 4,
];
// biome-ignore format: rows of the standard
const PC2: readonly number[] = [
  14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2,
  41, 52, 31, 37, 47, 55, 30, 40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32,
];
// biome-ignore format: rows of the standard
const P: readonly number[] = [
  16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10,
  2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6, 22, 11, 4, 25,
];
const SHIFTS: readonly number[] = [1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1];
/** S1 to S8, each four rows of sixteen hex digits. */
const S: readonly string[] = [
  'e4d12fb83a6c59070f74e2d1a6cb953841e8d62bfc973a50fc8249175b3ea06d',
  'f18e6b34972dc05a3d47f28ec01a69b50e7ba4d158c6932fd8a13f42b67c05e9',
  'a09e63f51dc7b428d709346a285ecbf1d6498f30b12c5ae71ad069874fe3b52c',
  '7de3069a1285bc4fd8b56f03472c1ae9a690cb7df13e52843f06a1d8945bc72e',
  '2c417ab6853fd0e9eb2c47d150fa3986421bad78f9c5630eb8c71e2d6f09a453',
  'c1af92680d34e75baf427c9561de0b389ef528c3704a1db6432c95fabe17608d',
  '4b2ef08d3c975a61d0b7491ae35c2f8614bdc37eaf6805926bd814a7950fe23c',
  'd2846fb1a93e50c71fd8a374c56b0e927b419ce206adf35821e74a8dfc90356b',
];

function roundKeys(key: Uint8Array): Keys {
  let halves = permute(bitsOf(key), PC1);
  return SHIFTS.map((shift) => {
    const c = halves.slice(0, 28);
    const d = halves.slice(28);
    halves = [...c.slice(shift), ...c.slice(0, shift), ...d.slice(shift), ...d.slice(0, shift)];
    const bits = permute(halves, PC2);
    return Array.from({ length: 8 }, (_, i) =>
      bits.slice(6 * i, 6 * i + 6).reduce((n, bit) => n * 2 + bit, 0),
    );
  });
}

let boxes: Int32Array | undefined;

/** Each S-box with the permutation P already applied: six bits in, a 32-bit word out. Made once, at the first use. */
function substitutions(): Int32Array {
  const table = new Int32Array(8 * 64);
  S.forEach((box, index) => {
    for (let six = 0; six < 64; six += 1) {
      const row = ((six >> 4) & 2) | (six & 1);
      const value = Number.parseInt(box[row * 16 + ((six >> 1) & 15)] as string, 16);
      table[64 * index + six] = toWord(permute(wordBits(value << (28 - 4 * index)), P));
    }
  });
  return table;
}

const permute = (bits: readonly number[], table: readonly number[]): number[] =>
  table.map((position) => bits[position - 1] as number);
const bitsOf = (bytes: Uint8Array): number[] =>
  Array.from({ length: bytes.length * 8 }, (_, i) => ((bytes[i >> 3] as number) >> (7 - (i & 7))) & 1);
const wordBits = (word: number): number[] => Array.from({ length: 32 }, (_, i) => (word >>> (31 - i)) & 1);

function toWord(bits: readonly number[]): number {
  let word = 0;
  for (let i = 0; i < 32; i += 1) word = (word << 1) | (bits[i] as number);
  return word;
}

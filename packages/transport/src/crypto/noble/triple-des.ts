/**
 * DES-EDE3 in CBC mode, FIPS 46-3 and SP 800-67.
 *
 * Only for private-key files: its tables are made anew for each call and it is not constant-time, which is fine for a
 * file on one's own disk and for nothing else.
 *
 * @param key - 24 bytes; parity bits are ignored.
 * @param iv - 8 bytes.
 * @param data - Whole blocks of 8 bytes.
 */
export function tripleDesCbcDecrypt(key: Uint8Array, iv: Uint8Array, data: Uint8Array): Uint8Array {
  const [k1, k2, k3] = schedule(key);
  // E(k1) D(k2) E(k3) undone from its end; DES decrypts when its round keys are reversed.
  const steps: readonly Keys[] = [[...k3].reverse(), k2, [...k1].reverse()];
  const boxes = substitutions();
  const out = new Uint8Array(data.length);
  let previous = iv;
  for (let at = 0; at < data.length; at += 8) {
    const block = data.subarray(at, at + 8);
    out.set(exclusiveOr(tripleDes(block, steps, boxes), previous), at);
    previous = block;
  }
  return out;
}

/** The reverse of {@link tripleDesCbcDecrypt}, with the same parameters. */
export function tripleDesCbcEncrypt(key: Uint8Array, iv: Uint8Array, data: Uint8Array): Uint8Array {
  const [k1, k2, k3] = schedule(key);
  const steps: readonly Keys[] = [k1, [...k2].reverse(), k3];
  const boxes = substitutions();
  const out = new Uint8Array(data.length);
  let previous = iv;
  for (let at = 0; at < data.length; at += 8) {
    previous = tripleDes(exclusiveOr(data.subarray(at, at + 8), previous), steps, boxes);
    out.set(previous, at);
  }
  return out;
}

const schedule = (key: Uint8Array): readonly [Keys, Keys, Keys] => [
  roundKeys(key.subarray(0, 8)),
  roundKeys(key.subarray(8, 16)),
  roundKeys(key.subarray(16, 24)),
];
const tripleDes = (block: Uint8Array, steps: readonly Keys[], boxes: readonly Int32Array[]): Uint8Array =>
  steps.reduce((value, keys) => des(value, keys, boxes), block);
const exclusiveOr = (a: Uint8Array, b: Uint8Array): Uint8Array => a.map((byte, i) => byte ^ (b[i] as number));

/** Sixteen round keys of eight six-bit pieces. */
type Keys = readonly (readonly number[])[];

// All tables count bits from 1, most significant first, and keep the rows of FIPS 46-3.
// biome-ignore format: rows of the standard
const IP: readonly number[] = [
  58, 50, 42, 34, 26, 18, 10, 2, 60, 52, 44, 36, 28, 20, 12, 4,
  62, 54, 46, 38, 30, 22, 14, 6, 64, 56, 48, 40, 32, 24, 16, 8,
  57, 49, 41, 33, 25, 17, 9, 1, 59, 51, 43, 35, 27, 19, 11, 3,
  61, 53, 45, 37, 29, 21, 13, 5, 63, 55, 47, 39, 31, 23, 15, 7,
];
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

/** One block through sixteen rounds. */
function des(block: Uint8Array, keys: Keys, boxes: readonly Int32Array[]): Uint8Array {
  const bits = permute(bitsOf(block), IP);
  let left = toWord(bits, 0);
  let right = toWord(bits, 32);
  for (const key of keys) {
    // The expansion E repeats edge bits: six bits at every fourth position of `right` turned by one.
    const turned = (right >>> 1) | (right << 31);
    let mixed = 0;
    for (let i = 0; i < 8; i += 1) {
      const six = ((turned << (4 * i)) | (i === 0 ? 0 : turned >>> (32 - 4 * i))) >>> 26;
      mixed |= (boxes[i] as Int32Array)[six ^ ((key as readonly number[])[i] as number)] as number;
    }
    [left, right] = [right, left ^ mixed];
  }
  const joined = [...wordBits(right), ...wordBits(left)];
  const final = new Array<number>(64);
  for (let i = 0; i < 64; i += 1) final[(IP[i] as number) - 1] = joined[i] as number;
  const out = new Uint8Array(8);
  for (let i = 0; i < 64; i += 1) out[i >> 3] = ((out[i >> 3] as number) << 1) | (final[i] as number);
  return out;
}

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

/** Each S-box with the permutation P already applied: six bits in, a 32-bit word out. */
function substitutions(): readonly Int32Array[] {
  return S.map((box, index) => {
    const table = new Int32Array(64);
    for (let six = 0; six < 64; six += 1) {
      const row = ((six >> 4) & 2) | (six & 1);
      const value = Number.parseInt(box[row * 16 + ((six >> 1) & 15)] as string, 16);
      table[six] = toWord(permute(wordBits(value << (28 - 4 * index)), P), 0);
    }
    return table;
  });
}

const permute = (bits: readonly number[], table: readonly number[]): number[] =>
  table.map((position) => bits[position - 1] as number);
const bitsOf = (bytes: Uint8Array): number[] =>
  Array.from({ length: bytes.length * 8 }, (_, i) => ((bytes[i >> 3] as number) >> (7 - (i & 7))) & 1);
const wordBits = (word: number): number[] => Array.from({ length: 32 }, (_, i) => (word >>> (31 - i)) & 1);

function toWord(bits: readonly number[], at: number): number {
  let word = 0;
  for (let i = 0; i < 32; i += 1) word = (word << 1) | (bits[at + i] as number);
  return word;
}

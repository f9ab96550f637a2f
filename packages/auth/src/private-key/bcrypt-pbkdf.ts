import type { CryptoProvider } from '@nbs-ssh/transport/crypto';
import { utf8, wipe as wipeBytes } from '@nbs-ssh/transport/wire';
import { type Both, encrypt, expand, reset, wipe } from './blowfish.ts';

/** bcrypt's output for one block, in bytes. */
const HASH_LENGTH = 32;
/** The format's own bound: with more than 32 blocks the output could not be interleaved. */
const MAX_OUTPUT = HASH_LENGTH * HASH_LENGTH;
/** bcrypt's cost 6 as a number of key expansions, fixed in bcrypt_pbkdf. */
const EXPANSIONS = 64;
const MAGIC = 'OxychromaticBlowfishSwatDynamite';

/**
 * The key derivation of encrypted openssh-key-v1 files, OpenBSD's bcrypt_pbkdf(3): PBKDF2 with bcrypt over
 * SHA-512 in place of HMAC, and output bytes spread over the blocks so that every block must be computed.
 *
 * Costs about 5 ms for each round and each 64 bytes of output. The caller bounds `rounds`.
 *
 * @param length - Bytes wanted, at most 1,024.
 * @throws {RangeError} when a parameter is empty, zero or too large.
 */
export function bcryptPbkdf(
  crypto: Pick<CryptoProvider, 'hash'>,
  password: Uint8Array,
  salt: Uint8Array,
  rounds: number,
  length: number,
): Uint8Array {
  const steps = bcryptPbkdfSteps(crypto, password, salt, rounds, length);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** The same, stopping after each round, so that the caller can do something else in between. */
export function* bcryptPbkdfSteps(
  crypto: Pick<CryptoProvider, 'hash'>,
  password: Uint8Array,
  salt: Uint8Array,
  rounds: number,
  length: number,
): Generator<void, Uint8Array, void> {
  const valid = password.length > 0 && salt.length > 0 && rounds >= 1 && length >= 1 && length <= MAX_OUTPUT;
  if (!valid) throw new RangeError('bcrypt_pbkdf: a parameter is empty or out of range');
  const blocks = Math.ceil(length / HASH_LENGTH);
  const output = new Uint8Array(length);
  const hashedPassword = crypto.hash('sha512', password);
  const key = toWords(hashedPassword);
  // Blocks do not depend on each other, and two take little longer than one; an odd one is computed twice.
  for (let block = 0; block < blocks; block += 2) {
    const numbers = [block, Math.min(block + 1, blocks - 1)] as const;
    let hashed = bcryptHashes(
      key,
      numbers.map((number) => crypto.hash('sha512', salt, Uint8Array.of(0, 0, 0, number + 1))),
    );
    const sums = hashed.map((hash) => hash.slice());
    for (let round = 1; round < rounds; round += 1) {
      yield;
      hashed = bcryptHashes(
        key,
        hashed.map((hash) => crypto.hash('sha512', hash)),
      );
      for (const [which, hash] of hashed.entries()) {
        const sum = sums[which] as Uint8Array;
        for (let i = 0; i < HASH_LENGTH; i += 1) sum[i] = (sum[i] as number) ^ (hash[i] as number);
      }
    }
    for (const [which, number] of numbers.entries()) {
      const sum = sums[which] as Uint8Array;
      for (let i = 0; i * blocks + number < length && i < HASH_LENGTH; i += 1) {
        output[i * blocks + number] = sum[i] as number;
      }
    }
    wipeBytes(...hashed, ...sums);
  }
  key.fill(0);
  wipeBytes(hashedPassword);
  return output;
}

/** bcrypt of two salts of 64 bytes with one key. */
function bcryptHashes(key: Int32Array, saltBytes: readonly Uint8Array[]): readonly Uint8Array[] {
  const keys: Both = [key, key];
  const salts = saltBytes.map(toWords) as unknown as Both;
  reset();
  expand(keys, salts);
  for (let i = 0; i < EXPANSIONS; i += 1) {
    expand(salts);
    expand(keys);
  }
  const clear = toWords(utf8(MAGIC));
  const words = saltBytes.map(() => new Int32Array(clear.length));
  const pair = new Int32Array(4);
  for (let i = 0; i < clear.length; i += 2) {
    for (const at of [0, 2]) pair.set(clear.subarray(i, i + 2), at);
    for (let pass = 0; pass < EXPANSIONS; pass += 1) encrypt(pair);
    for (const [which, target] of words.entries()) target.set(pair.subarray(2 * which, 2 * which + 2), i);
  }
  wipe();
  return words.map(littleEndian);
}

/** bcrypt reads its words big-endian and gives them out little-endian. */
function littleEndian(words: Int32Array): Uint8Array {
  const out = new Uint8Array(HASH_LENGTH);
  const view = new DataView(out.buffer);
  words.forEach((word, i) => {
    view.setInt32(4 * i, word, true);
  });
  return out;
}

function toWords(bytes: Uint8Array): Int32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Int32Array.from({ length: bytes.length / 4 }, (_, i) => view.getInt32(4 * i));
}

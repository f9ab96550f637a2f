import type { CryptoProvider } from '@nbs-ssh/transport/crypto';
import { utf8, wipe } from '@nbs-ssh/transport/wire';
import { Blowfish } from './blowfish.ts';

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
 * Costs about 4 ms for each round and each 32 bytes of output. The caller bounds `rounds`.
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
  const valid = password.length > 0 && salt.length > 0 && rounds >= 1 && length >= 1 && length <= MAX_OUTPUT;
  if (!valid) throw new RangeError('bcrypt_pbkdf: a parameter is empty or out of range');
  const blocks = Math.ceil(length / HASH_LENGTH);
  const output = new Uint8Array(length);
  const hashedPassword = crypto.hash('sha512', password);
  const key = toWords(hashedPassword);
  const blowfish = new Blowfish();
  for (let block = 0; block < blocks; block += 1) {
    const counter = Uint8Array.of(0, 0, 0, block + 1);
    let hashed = bcryptHash(blowfish, key, toWords(crypto.hash('sha512', salt, counter)));
    const sum = hashed.slice();
    for (let round = 1; round < rounds; round += 1) {
      hashed = bcryptHash(blowfish, key, toWords(crypto.hash('sha512', hashed)));
      for (let i = 0; i < HASH_LENGTH; i += 1) sum[i] = (sum[i] as number) ^ (hashed[i] as number);
    }
    for (let i = 0; i * blocks + block < length && i < HASH_LENGTH; i += 1) {
      output[i * blocks + block] = sum[i] as number;
    }
    wipe(hashed, sum);
  }
  blowfish.wipe();
  key.fill(0);
  wipe(hashedPassword);
  return output;
}

function bcryptHash(blowfish: Blowfish, key: Int32Array, salt: Int32Array): Uint8Array {
  blowfish.reset();
  blowfish.expand(key, salt);
  for (let i = 0; i < EXPANSIONS; i += 1) {
    blowfish.expand(salt);
    blowfish.expand(key);
  }
  const words = toWords(utf8(MAGIC));
  for (let i = 0; i < words.length; i += 2) {
    for (let pass = 0; pass < EXPANSIONS; pass += 1) blowfish.encrypt(words, i);
  }
  // bcrypt reads its words big-endian and gives them out little-endian.
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

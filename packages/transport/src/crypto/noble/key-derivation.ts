import {
  argon2d,
  argon2dAsync,
  argon2i,
  argon2iAsync,
  argon2id,
  argon2idAsync,
} from '@noble/hashes/argon2.js';
import { md5, sha1 } from '@noble/hashes/legacy.js';
import { pbkdf2, pbkdf2Async } from '@noble/hashes/pbkdf2.js';
import { scrypt, scryptAsync } from '@noble/hashes/scrypt.js';
import { sha224, sha256, sha384, sha512, sha512_224, sha512_256 } from '@noble/hashes/sha2.js';
import { nextTick } from '@noble/hashes/utils.js';

/**
 * How key files turn a passphrase into keys, as data. Whoever reads the file bounds every number in it: nothing
 * here does. `length` is in bytes.
 */
export type AtRestDerivation =
  | {
      readonly kdf: 'pbkdf2';
      readonly hash: Pbkdf2Hash;
      readonly salt: Uint8Array;
      readonly iterations: number;
      readonly length: number;
    }
  | {
      readonly kdf: 'scrypt';
      readonly salt: Uint8Array;
      /** Cost, a power of two. */
      readonly n: number;
      readonly r: number;
      readonly p: number;
      readonly length: number;
    }
  | {
      readonly kdf: 'argon2';
      readonly variant: 'd' | 'i' | 'id';
      /** At least 8 bytes. */
      readonly salt: Uint8Array;
      /** KiB, at least eight for each lane. */
      readonly memory: number;
      readonly passes: number;
      readonly parallelism: number;
      readonly length: number;
    }
  /** OpenSSL's EVP_BytesToKey with MD5 and one iteration: the encryption of old PEM files. */
  | { readonly kdf: 'evp-md5'; readonly salt: Uint8Array; readonly length: number };

/** RFC 8018 B.1.2. */
export type Pbkdf2Hash = 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512' | 'sha512-224' | 'sha512-256';

const PBKDF2_HASHES = {
  sha1,
  sha224,
  sha256,
  sha384,
  sha512,
  'sha512-224': sha512_224,
  'sha512-256': sha512_256,
} satisfies Record<Pbkdf2Hash, unknown>;
const ARGON2 = { d: argon2d, i: argon2i, id: argon2id } as const;
const ARGON2_ASYNC = { d: argon2dAsync, i: argon2iAsync, id: argon2idAsync } as const;

/** Milliseconds of work between two looks at the event loop. */
export const SLICE_MS = 8;

/** Derives at once. Blocks for as long as the parameters ask for. @throws {RangeError} for impossible parameters. */
export function deriveAtRest(derivation: AtRestDerivation, password: Uint8Array): Uint8Array {
  switch (derivation.kdf) {
    case 'pbkdf2': {
      const { hash, salt, iterations: c, length: dkLen } = derivation;
      return pbkdf2(PBKDF2_HASHES[hash], password, salt, { c, dkLen });
    }
    case 'scrypt': {
      const { salt, n: N, r, p, length: dkLen } = derivation;
      return scrypt(password, salt, { N, r, p, dkLen });
    }
    case 'argon2': {
      const { variant, salt, memory: m, passes: t, parallelism: p, length: dkLen } = derivation;
      return ARGON2[variant](password, salt, { m, t, p, dkLen });
    }
    case 'evp-md5':
      return evpMd5(password, derivation.salt, derivation.length);
  }
}

/** The same in slices of {@link SLICE_MS}, with the event loop served in between. */
export async function deriveAtRestInSlices(
  derivation: AtRestDerivation,
  password: Uint8Array,
): Promise<Uint8Array> {
  const asyncTick = SLICE_MS;
  switch (derivation.kdf) {
    case 'pbkdf2': {
      const { hash, salt, iterations: c, length: dkLen } = derivation;
      return pbkdf2Async(PBKDF2_HASHES[hash], password, salt, { c, dkLen, asyncTick });
    }
    case 'scrypt': {
      const { salt, n: N, r, p, length: dkLen } = derivation;
      return scryptAsync(password, salt, { N, r, p, dkLen, asyncTick });
    }
    case 'argon2': {
      const { variant, salt, memory: m, passes: t, parallelism: p, length: dkLen } = derivation;
      return ARGON2_ASYNC[variant](password, salt, { m, t, p, dkLen, asyncTick });
    }
    case 'evp-md5':
      return evpMd5(password, derivation.salt, derivation.length);
  }
}

/**
 * Runs `steps` to its end in slices of {@link SLICE_MS}, with the event loop served in between: for derivations that
 * are not noble's.
 */
export async function inSlices<T>(steps: Iterator<void, T>): Promise<T> {
  for (let since = Date.now(); ; ) {
    const step = steps.next();
    if (step.done === true) return step.value;
    const spent = Date.now() - since;
    // A clock that went backwards must not make one long slice.
    if (spent >= 0 && spent < SLICE_MS) continue;
    await nextTick();
    since = Date.now();
  }
}

function evpMd5(password: Uint8Array, salt: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(Math.ceil(length / 16) * 16);
  let block = new Uint8Array(0);
  for (let at = 0; at < length; at += 16) {
    block = md5.create().update(block).update(password).update(salt).digest();
    out.set(block, at);
  }
  return out.subarray(0, length);
}

import { hmac } from '@noble/hashes/hmac.js';
import { md5, sha1 } from '@noble/hashes/legacy.js';
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import type { HashName } from '../hash.ts';

/** SHA-1 and MD5 serve old file formats and fingerprints only. */
const HASHES = { md5, sha1, sha256, sha384, sha512 } as const;

export function nobleHash(name: HashName, ...parts: readonly Uint8Array[]): Uint8Array {
  const state = hashOf(name).create();
  for (const part of parts) state.update(part);
  return state.digest();
}

export function nobleHmac(name: HashName, key: Uint8Array, data: Uint8Array): Uint8Array {
  return hmac(hashOf(name), key, data);
}

function hashOf(name: HashName): (typeof HASHES)[HashName] {
  if (!Object.hasOwn(HASHES, name)) throw new RangeError(`unknown hash ${name}`);
  return HASHES[name];
}

import { createHash, createHmac, randomFillSync } from 'node:crypto';
import type { HashName } from '../hash.ts';
import type { CryptoProvider } from '../provider.ts';
import { own } from './bytes.ts';

export const nodeRandom = (length: number): Uint8Array => randomFillSync(new Uint8Array(length));

/** `hash` and `hmac` of the platform; a hash it refuses (MD5 under FIPS) is computed by `fallback`. */
export function nodeHashes(
  fallback: Pick<CryptoProvider, 'hash' | 'hmac'>,
): Pick<CryptoProvider, 'hash' | 'hmac'> {
  const known = new Map<HashName, boolean>();
  const works = (name: HashName): boolean => {
    const before = known.get(name);
    if (before !== undefined) return before;
    const now = tryHash(name);
    known.set(name, now);
    return now;
  };
  return {
    hash: (name, ...parts) => {
      if (!works(name)) return fallback.hash(name, ...parts);
      const state = createHash(name);
      for (const part of parts) state.update(part);
      return own(state.digest());
    },
    hmac: (name, key, data) =>
      works(name) ? own(createHmac(name, key).update(data).digest()) : fallback.hmac(name, key, data),
  };
}

function tryHash(name: HashName): boolean {
  try {
    createHash(name);
    createHmac(name, new Uint8Array(1));
    return true;
  } catch {
    return false;
  }
}

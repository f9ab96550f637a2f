import type { CryptoProvider, HashName } from './crypto/index.ts';
import { concat, utf8 } from './wire/index.ts';

/** Which end we are. The only place role enters key derivation is {@link directions}. */
export type Role = 'client' | 'server';

export type Direction = 'clientToServer' | 'serverToClient';

/** Letters of RFC 4253 §7.2, one row per direction of travel. */
const LETTERS = {
  clientToServer: { iv: 'A', key: 'C', mac: 'E' },
  serverToClient: { iv: 'B', key: 'D', mac: 'F' },
} as const;

export function directions(role: Role): { readonly send: Direction; readonly receive: Direction } {
  return role === 'client'
    ? { send: 'clientToServer', receive: 'serverToClient' }
    : { send: 'serverToClient', receive: 'clientToServer' };
}

/** What one key exchange leaves behind for deriving keys. */
export interface KeySource {
  readonly crypto: CryptoProvider;
  readonly hash: HashName;
  /** K as it is encoded for this method: an mpint or a string, with its length. */
  readonly sharedSecret: Uint8Array;
  readonly exchangeHash: Uint8Array;
  /** Exchange hash of the first exchange of the connection. */
  readonly sessionId: Uint8Array;
}

/**
 * Derives one key, RFC 4253 §7.2: HASH(K ‖ H ‖ letter ‖ session_id), extended by HASH(K ‖ H ‖ all so far).
 *
 * @param length - Bytes wanted; 0 gives an empty array.
 */
export function deriveKey(
  source: KeySource,
  direction: Direction,
  purpose: keyof (typeof LETTERS)[Direction],
  length: number,
): Uint8Array {
  if (length === 0) return new Uint8Array(0);
  const { crypto, hash, sharedSecret, exchangeHash, sessionId } = source;
  const letter = utf8(LETTERS[direction][purpose]);
  let key = crypto.hash(hash, sharedSecret, exchangeHash, letter, sessionId);
  while (key.length < length) {
    key = concat(key, crypto.hash(hash, sharedSecret, exchangeHash, key));
  }
  return key.slice(0, length);
}

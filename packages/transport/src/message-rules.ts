/** What a message number is for, once decoding of it is allowed at all. */
export type Route = 'disconnect' | 'noise' | 'ext-info' | 'kex' | 'ping' | 'upper' | 'unknown';

/**
 * Where the connection is, as far as legality of messages goes.
 *
 * - `strict-first`: the first exchange, and both sides offered strict KEX
 * - `exchange`: the first exchange otherwise, or a later one between the peer's KEXINIT and its NEWKEYS
 * - `open`: everything else
 */
export type Stage = 'strict-first' | 'exchange' | 'open';

/** Meaning by number, RFC 4250 §4.1.2. 30–49 and 60–79 are decoded by the method that is active. */
export function routeOf(number: number): Route {
  if (number === 1) return 'disconnect';
  if (number >= 2 && number <= 4) return 'noise';
  if (number === 7) return 'ext-info';
  if (number === 20 || number === 21 || (number >= 30 && number <= 49)) return 'kex';
  if (number === 5 || number === 6 || (number >= 50 && number <= 127)) return 'upper';
  return number === 192 || number === 193 ? 'ping' : 'unknown';
}

/**
 * Routes that are legal in each stage.
 *
 * RFC 4253 §7.1 allows 1–4 and the exchange's own messages while one runs; strict KEX (OpenSSH PROTOCOL §1.9) takes
 * even IGNORE and DEBUG away in the first one, because an unauthenticated packet there shifts sequence numbers.
 */
export const LEGAL: { readonly [S in Stage]: readonly Route[] } = {
  'strict-first': ['disconnect', 'kex'],
  exchange: ['disconnect', 'noise', 'kex'],
  open: ['disconnect', 'noise', 'ext-info', 'kex', 'ping', 'upper', 'unknown'],
};

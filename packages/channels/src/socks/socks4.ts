import { socksError } from './errors.ts';
import { IPV4_LENGTH, ipv4Text, readName, readPort } from './target.ts';
import type { Parsed, SocksRequest } from './types.ts';

export const SOCKS4 = 4;
const CONNECT = 1;
/** Version, command, port and address. */
const FIXED_LENGTH = 8;
/** Longest user id, in bytes. Nobody looks at it; names of accounts are shorter, OpenSSH takes 256. */
export const MAX_USER_ID = 255;
/** Longest name of 4a, in bytes: as in version 5. */
export const MAX_NAME = 255;

const GRANTED = 90;
/** The others are about identd, which nobody asks. */
const REJECTED = 91;

/** The reply has no use for its address and port: they are 0, as OpenSSH sends them. */
const reply = (code: number): Uint8Array => Uint8Array.of(0, code, 0, 0, 0, 0, 0, 0);

export const granted4 = (): Uint8Array => reply(GRANTED);
export const rejected4 = (): Uint8Array => reply(REJECTED);

/** Reads a whole request of version 4, or of 4a, which has a name behind an address 0.0.0.x. */
export function readSocks4(received: Uint8Array): Parsed<SocksRequest> {
  const refused = (error: Extract<Parsed<never>, { type: 'refused' }>['error']): Parsed<never> => ({
    type: 'refused',
    error,
    reply: rejected4(),
  });
  const command = received[1];
  if (command !== undefined && command !== CONNECT) {
    return refused(socksError('SOCKS_COMMAND', { received: command }));
  }
  if (received.length < FIXED_LENGTH) return { type: 'need-more' };
  const port = readPort(received, 2);
  if (port === 0) return refused(socksError('SOCKS_PORT', { received: port }));
  const userId = readText(received, FIXED_LENGTH, MAX_USER_ID);
  if (userId === 'too-long') {
    return refused(socksError('SOCKS_TOO_LONG', { field: 'a user id', limit: MAX_USER_ID }));
  }
  if (userId === 'need-more') return { type: 'need-more' };
  const address = received.subarray(4, 4 + IPV4_LENGTH);
  const [a, b, c, d] = address;
  if (a !== 0 || b !== 0 || c !== 0 || d === 0) {
    const value: SocksRequest = { protocol: 'socks4', host: ipv4Text(address), port };
    return { type: 'found', value, consumed: userId.next };
  }
  const text = readText(received, userId.next, MAX_NAME);
  if (text === 'too-long') {
    return refused(socksError('SOCKS_TOO_LONG', { field: 'a name', limit: MAX_NAME }));
  }
  if (text === 'need-more') return { type: 'need-more' };
  const host = readName(text.bytes);
  if (host.name === undefined) return refused(socksError('SOCKS_HOST', { reason: host.reason }));
  return { type: 'found', value: { protocol: 'socks4a', host: host.name, port }, consumed: text.next };
}

/** Text that a NUL ends. `next` is where what follows begins. */
function readText(
  received: Uint8Array,
  start: number,
  limit: number,
): { readonly bytes: Uint8Array; readonly next: number } | 'need-more' | 'too-long' {
  const end = received.indexOf(0, start);
  if ((end === -1 ? received.length : end) - start > limit) return 'too-long';
  return end === -1 ? 'need-more' : { bytes: received.subarray(start, end), next: end + 1 };
}

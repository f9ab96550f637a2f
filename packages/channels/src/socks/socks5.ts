import { type SocksError, socksError } from './errors.ts';
import { IPV4_LENGTH, IPV6_LENGTH, ipv4Text, ipv6Text, readName, readPort } from './target.ts';
import type { Parsed, SocksFailure, SocksRequest } from './types.ts';

export const SOCKS5 = 5;
const CONNECT = 1;
const NO_AUTHENTICATION = 0;
const NO_ACCEPTABLE_METHOD = 0xff;

/** Address types, RFC 1928 §5. */
const IPV4 = 1;
const NAME = 3;
const IPV6 = 4;

/** Replies, RFC 1928 §6. */
const REPLY = {
  succeeded: 0,
  failed: 1,
  'not-allowed': 2,
  'network-unreachable': 3,
  'host-unreachable': 4,
  refused: 5,
  'timed-out': 6,
  'command-not-supported': 7,
  'address-type-not-supported': 8,
} as const;

/** A reply tells no address that the connection comes from: nobody uses it, OpenSSH does the same. */
const reply = (name: keyof typeof REPLY): Uint8Array =>
  Uint8Array.of(SOCKS5, REPLY[name], 0, IPV4, 0, 0, 0, 0, 0, 0);

export const chosen5 = (): Uint8Array => Uint8Array.of(SOCKS5, NO_AUTHENTICATION);
export const granted5 = (): Uint8Array => reply('succeeded');
export const rejected5 = (failure: SocksFailure): Uint8Array => reply(failure);

/** Reads the methods that the client offers, RFC 1928 §3. Found when no authentication is among them. */
export function readMethods(received: Uint8Array): Parsed<undefined> {
  const count = received[1];
  if (count === undefined || received.length < 2 + count) return { type: 'need-more' };
  const offered = received.subarray(2, 2 + count);
  if (offered.includes(NO_AUTHENTICATION)) return { type: 'found', value: undefined, consumed: 2 + count };
  return {
    type: 'refused',
    error: socksError('SOCKS_METHODS', { offered: [...offered] }),
    reply: Uint8Array.of(SOCKS5, NO_ACCEPTABLE_METHOD),
  };
}

/** Reads a whole request, RFC 1928 §4. What stands in its reserved byte is not looked at, as in OpenSSH. */
export function readSocks5(received: Uint8Array): Parsed<SocksRequest> {
  const [version, command, , type] = received;
  if (version !== undefined && version !== SOCKS5) {
    return refused('failed', socksError('SOCKS_VERSION', { received: version, speaks: undefined }));
  }
  if (command !== undefined && command !== CONNECT) {
    return refused('command-not-supported', socksError('SOCKS_COMMAND', { received: command }));
  }
  if (type === undefined) return { type: 'need-more' };
  const start = type === NAME ? 5 : 4;
  const length = addressLength(type, received[4]);
  if (length === 'unknown') {
    return refused('address-type-not-supported', socksError('SOCKS_ADDRESS_TYPE', { received: type }));
  }
  if (length === 'need-more') return { type: 'need-more' };
  if (length === 0) return refused('host-unreachable', socksError('SOCKS_HOST', { reason: 'is empty' }));
  const consumed = start + length + 2;
  if (received.length < consumed) return { type: 'need-more' };
  const address = received.subarray(start, start + length);
  const host = type === NAME ? readName(address) : { name: (type === IPV4 ? ipv4Text : ipv6Text)(address) };
  if (host.name === undefined) {
    return refused('host-unreachable', socksError('SOCKS_HOST', { reason: host.reason }));
  }
  const port = readPort(received, start + length);
  if (port === 0) return refused('failed', socksError('SOCKS_PORT', { received: port }));
  return { type: 'found', value: { protocol: 'socks5', host: host.name, port }, consumed };
}

function addressLength(type: number, first: number | undefined): number | 'need-more' | 'unknown' {
  if (type === IPV4) return IPV4_LENGTH;
  if (type === IPV6) return IPV6_LENGTH;
  if (type !== NAME) return 'unknown';
  return first ?? 'need-more';
}

const refused = (name: keyof typeof REPLY, error: SocksError): Parsed<never> => ({
  type: 'refused',
  error,
  reply: reply(name),
});

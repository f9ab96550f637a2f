import { isIPv4, isIPv6, SocketAddress } from 'node:net';

/** What a client calls a host, in the one form in which it is compared and dialled. */
export type Host =
  /** IPv4 or IPv6, written in the one way that the operating system writes it. */
  | { readonly type: 'address'; readonly address: string }
  /** In small letters, without a dot at the end. Somebody has to be asked for its addresses. */
  | { readonly type: 'name'; readonly name: string };

/** Longest name, RFC 1035 §2.3.4. */
const MAX_NAME = 253;
/** The addresses of {@link LOCALHOST}, which nobody is asked about: RFC 6761 §6.3. */
export const LOOPBACK: readonly string[] = ['127.0.0.1', '::1'];
export const LOCALHOST = 'localhost';

/**
 * Reads a host as the resolvers of operating systems do, so that each spelling of an address is known for what it is:
 * `0x7f.1`, `017700000001`, `2130706433` and `::ffff:127.0.0.1` are 127.0.0.1. So are `0` and `::`, 'this host', which
 * systems dial as loopback.
 *
 * @returns `undefined` for what is neither an address nor a name.
 */
export function parseHost(text: string): Host | undefined {
  if (text.includes(':')) return parseIPv6(text);
  const name = text.toLowerCase().replace(/\.$/, '');
  const labels = name.split('.');
  if (isNumber(labels.at(-1) ?? '')) return parseIPv4(labels);
  if (name.length > MAX_NAME || !labels.every((label) => /^[a-z0-9_](?:[a-z0-9_-]{0,62})$/.test(label))) {
    return undefined;
  }
  return { type: 'name', name };
}

export const isLoopback = (address: string): boolean =>
  address === '::1' || (isIPv4(address) && address.startsWith('127.'));

/** Addresses that stand for all addresses of the machine, when somebody listens. */
export const isEverywhere = (text: string): boolean => ['', '*', '0.0.0.0', '::'].includes(text);

function parseIPv6(text: string): Host | undefined {
  const [, bare = '', zone = ''] = /^([0-9a-f:.]+)(%[a-z0-9_.-]{1,16})?$/i.exec(text) ?? [];
  if (!isIPv6(bare)) return undefined;
  const { address } = new SocketAddress({ address: bare, family: 'ipv6' });
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address)?.[1];
  if (mapped !== undefined) return parseIPv4(mapped.split('.'));
  return { type: 'address', address: address === '::' ? '::1' : `${address}${zone}` };
}

const isNumber = (label: string): boolean => /^(?:\d+|0x[0-9a-f]*)$/.test(label);

/** As `inet_aton`: up to four numbers, decimal, octal or hexadecimal, of which the last fills what is left. */
function parseIPv4(labels: readonly string[]): Host | undefined {
  if (labels.length > 4) return undefined;
  const numbers = labels.map(numberOf);
  const last = numbers.pop() ?? Number.NaN;
  if (!numbers.every((number) => number < 256)) return undefined;
  const room = 256 ** (4 - numbers.length);
  if (!(last < room)) return undefined;
  const value = numbers.reduce((sum, number, i) => sum + number * 256 ** (3 - i), last);
  const address = [24, 16, 8, 0].map((shift) => (value / 2 ** shift) & 0xff).join('.');
  return { type: 'address', address: address === '0.0.0.0' ? '127.0.0.1' : address };
}

/** NaN for what is no number. */
function numberOf(label: string): number {
  if (/^0x[0-9a-f]+$/.test(label)) return Number(label);
  if (/^0[0-7]+$/.test(label)) return Number(`0o${label.slice(1)}`);
  return /^(?:0|[1-9]\d*)$/.test(label) ? Number(label) : Number.NaN;
}

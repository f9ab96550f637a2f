import { isIPv4, SocketAddress } from 'node:net';
import { fromUtf8Lossy, toHex, WireReader } from '@nbs-ssh/transport/wire';

/** One line of `xauth list`. */
export interface XauthEntry {
  /** Kind of {@link address}: 0 is IPv4, 6 is IPv6, 256 the name of this machine, 65535 stands for all. */
  readonly family: number;
  readonly address: Uint8Array;
  /** Number of the display in decimal; empty for all. */
  readonly display: string;
  /** Name of the authorization. */
  readonly name: string;
  readonly data: Uint8Array;
}

/** Largest file that is read: xauth writes some 50 bytes for each display. */
export const MAX_XAUTHORITY = 1_048_576;

const FAMILY = { ipv4: 0, ipv6: 6, local: 256, wild: 65_535 } as const;

/**
 * Takes an Xauthority file apart: entries of a number and four strings, each with a length of 16 bits, most significant byte
 * first. An entry that is cut off ends the list, as it does for libXau.
 */
export function parseXauthority(bytes: Uint8Array): readonly XauthEntry[] {
  const entries: XauthEntry[] = [];
  const reader = new WireReader(bytes);
  const string = (what: string): Uint8Array => reader.fixed(number(what), what);
  const number = (what: string): number => reader.u8(what) * 256 + reader.u8(what);
  try {
    while (reader.remaining > 0) {
      const family = number('family');
      const address = string('address');
      const display = fromUtf8Lossy(string('display'));
      const name = fromUtf8Lossy(string('name'));
      entries.push({ family, address, display, name, data: string('data') });
    }
  } catch {
    // The rest is no entry.
  }
  return entries;
}

/** What a display is looked up by. */
export interface XauthTarget {
  readonly number: number;
  /** Name of this machine, when the display is on it. */
  readonly localName: string | undefined;
  /** {@link canonical} IP address of the display, when it is reached by TCP. */
  readonly address: string | undefined;
}

/** The cookie of the first entry that fits, as libXau chooses. */
export function findCookie(
  entries: readonly XauthEntry[],
  protocol: string,
  { number, localName, address }: XauthTarget,
): Uint8Array | undefined {
  const fits = ({ family, address: its }: XauthEntry): boolean => {
    if (family === FAMILY.wild) return true;
    if (family === FAMILY.local) return localName !== undefined && fromUtf8Lossy(its) === localName;
    return address !== undefined && ipText(family, its) === address;
  };
  return entries.find(
    (entry) =>
      entry.name === protocol && (entry.display === '' || entry.display === String(number)) && fits(entry),
  )?.data;
}

function ipText(family: number, bytes: Uint8Array): string | undefined {
  if (family === FAMILY.ipv4 && bytes.length === 4) return bytes.join('.');
  if (family !== FAMILY.ipv6 || bytes.length !== 16) return undefined;
  const hex = toHex(bytes);
  return canonical(Array.from({ length: 8 }, (_, at) => hex.slice(at * 4, at * 4 + 4)).join(':'));
}

/** One spelling of an address, for comparing. */
export function canonical(address: string): string {
  if (isIPv4(address)) return address;
  return new SocketAddress({ address: address.replace(/%.*$/, ''), family: 'ipv6' }).address;
}

/** What an address says about itself and may be told: class facts that a diagnosis needs. */
export type AddressClass = 'loopback' | 'private' | 'linklocal' | 'multicast' | 'unspecified' | 'public';

/** @returns four numbers of 0 to 255, or `undefined`. */
export function parseIpv4(text: string): readonly number[] | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || parts.some((part) => !/^\d{1,3}$/.test(part) || Number(part) > 255))
    return undefined;
  return parts.map(Number);
}

/** @returns eight groups of 16 bits, or `undefined`. A zone (`%eth0`) is not part of the address. */
export function parseIpv6(text: string): readonly number[] | undefined {
  if (text.length > 45 || !text.includes(':')) return undefined;
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const left = groups(halves[0] ?? '', halves.length === 1);
  const right = halves.length === 2 ? groups(halves[1] ?? '', true) : [];
  if (left === undefined || right === undefined) return undefined;
  const missing = 8 - left.length - right.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  return [...left, ...new Array<number>(missing).fill(0), ...right];
}

function groups(text: string, mayEndInIpv4: boolean): readonly number[] | undefined {
  if (text === '') return [];
  const parts = text.split(':');
  const out: number[] = [];
  for (const [i, part] of parts.entries()) {
    const v4 = mayEndInIpv4 && i === parts.length - 1 && part.includes('.') ? parseIpv4(part) : undefined;
    if (v4 !== undefined) {
      const [a = 0, b = 0, c = 0, d = 0] = v4;
      out.push(a * 256 + b, c * 256 + d);
    } else if (/^[0-9a-f]{1,4}$/i.test(part)) {
      out.push(Number.parseInt(part, 16));
    } else {
      return undefined;
    }
  }
  return out;
}

export function ipv4Class([a = 0, b = 0, c = 0, d = 0]: readonly number[]): AddressClass {
  if (a === 127) return 'loopback';
  if (a === 10 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168)) return 'private';
  // RFC 6598: shared address space of carriers, private as far as anybody outside is concerned.
  if (a === 100 && b >= 64 && b < 128) return 'private';
  if (a === 169 && b === 254) return 'linklocal';
  if (a >= 224 && a < 240) return 'multicast';
  return a === 0 && b === 0 && c === 0 && d === 0 ? 'unspecified' : 'public';
}

export function ipv6Class(address: readonly number[]): AddressClass {
  const [first = 0] = address;
  const zeros = address.slice(0, 5).every((group) => group === 0);
  const [f = 0, g = 0, h = 0] = address.slice(5);
  if (zeros && f === 0xffff) return ipv4Class([g >> 8, g & 0xff, h >> 8, h & 0xff]);
  if (zeros && f === 0 && g === 0 && h <= 1) return h === 1 ? 'loopback' : 'unspecified';
  if ((first & 0xfe00) === 0xfc00) return 'private';
  if ((first & 0xffc0) === 0xfe80) return 'linklocal';
  return (first & 0xff00) === 0xff00 ? 'multicast' : 'public';
}

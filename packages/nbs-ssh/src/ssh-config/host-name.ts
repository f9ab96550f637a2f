import { isIP } from 'node:net';
import type { RawSettings } from './raw-settings.ts';
import { expand } from './tokens.ts';

/** What is connected to: `HostName` with `%h` put in, or the name itself; names in lower case, addresses in short form. */
export function finalHostName({ hostName, addressFamily }: RawSettings, host: string): string {
  const name = hostName === undefined ? host : expand(hostName, 'HostName', { h: host });
  // What looks like an address is none of a name, and keeps its case.
  if (isIP(name) !== 6) return /[:%]/.test(name) ? name : name.toLowerCase();
  // OpenSSH shortens what it can look up, and IPv6 is not looked up here.
  return addressFamily === 'inet' ? name : shortAddress(name);
}

/** RFC 5952, where the platform can tell it; an address with a zone or an embedded IPv4 address stays as it is. */
function shortAddress(address: string): string {
  if (/[%.]/.test(address)) return address;
  return new URL(`http://[${address}]/`).hostname.slice(1, -1);
}

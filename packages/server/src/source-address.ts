import { BlockList, isIPv4, isIPv6 } from 'node:net';

/** Most networks in one list. */
const MAX_NETWORKS = 256;

/**
 * Whether an address is in one of the networks of a certificate's `source-address`: comma-separated addresses and CIDR
 * networks, as `sshd` reads them.
 *
 * An empty list, and one with anything wrong in it, is for no address at all.
 *
 * @param address - `undefined` when nobody knows where the client is: then it is nowhere.
 */
export function isFromSource(address: string | undefined, list: string): boolean {
  const client = address === undefined ? undefined : plainAddress(address);
  if (client === undefined) return false;
  const networks = list.split(',');
  if (networks.length > MAX_NETWORKS) return false;
  let found = false;
  for (const network of networks) {
    const contains = networkOf(network);
    if (contains === undefined) return false;
    found ||= contains(client);
  }
  return found;
}

/** A dual-stack socket tells IPv4 clients as `::ffff:192.0.2.1`. A zone says nothing about who it is. */
function plainAddress(address: string): string | undefined {
  const bare = address.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/i, '');
  return isIPv4(bare) || isIPv6(bare) ? bare : undefined;
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIPv4(address) ? 'ipv4' : 'ipv6');

function networkOf(text: string): ((client: string) => boolean) | undefined {
  const [, address = '', prefix] = /^([0-9a-f.:]+)(?:\/(\d{1,3}))?$/i.exec(text) ?? [];
  if (!isIPv4(address) && !isIPv6(address)) return undefined;
  const family = familyOf(address);
  const bits = family === 'ipv4' ? 32 : 128;
  const length = prefix === undefined ? bits : Number(prefix);
  if (length > bits) return undefined;
  const list = new BlockList();
  list.addSubnet(address, length, family);
  // BlockList also finds IPv4 in mapped networks of IPv6, which sshd does not.
  return (client) => familyOf(client) === family && list.check(client, family);
}

import { utf8, WireWriter } from '@nbs-ssh/transport/wire';
import { channelsError } from './errors.ts';

/** Type of the channel that a client asks for to reach an address beyond the server, RFC 4254 §7.2. */
export const DIRECT_TCPIP = 'direct-tcpip';

/** Longest host name sent, in bytes: DNS allows 253, and a zone id may follow an address. */
const MAX_HOST = 1024;

/** Who wants to reach what, RFC 4254 §7.2. */
export interface DirectTcpip {
  /** Name or address, resolved by the server. */
  readonly host: string;
  readonly port: number;
  /** Where the connection came from, for the server's log. */
  readonly originHost: string;
  readonly originPort: number;
}

/**
 * What follows the common fields of SSH_MSG_CHANNEL_OPEN for `direct-tcpip`.
 *
 * @throws {ChannelsError} `CHANNELS_ARGUMENT` when a host or a port cannot be one.
 */
export function encodeDirectTcpip({ host, port, originHost, originPort }: DirectTcpip): Uint8Array {
  return new WireWriter()
    .string(checkHost('host', host))
    .u32(checkPort('port', port, 1))
    .string(checkHost('originHost', originHost))
    .u32(checkPort('originPort', originPort, 0))
    .finish();
}

function checkHost(argument: string, host: string): Uint8Array {
  const bytes = utf8(host);
  if (bytes.length > 0 && bytes.length <= MAX_HOST && !/\p{Cc}/u.test(host)) return bytes;
  const reason = `must be 1 to ${MAX_HOST} bytes without control characters`;
  throw channelsError('CHANNELS_ARGUMENT', { argument, reason });
}

function checkPort(argument: string, port: number, least: number): number {
  if (Number.isInteger(port) && port >= least && port <= 65_535) return port;
  throw channelsError('CHANNELS_ARGUMENT', {
    argument,
    reason: `must be an integer from ${least} to 65535, got ${port}`,
  });
}

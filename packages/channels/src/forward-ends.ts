import { utf8 } from '@nbs-ssh/transport/wire';
import { channelsError } from './errors.ts';

/** Longest host name sent, in bytes: DNS allows 253, and a zone id may follow an address. */
const MAX_HOST = 1024;
/** Longest path of a Unix socket, in bytes: no system has room for more in `sockaddr_un`, most for 104 or 108. */
const MAX_SOCKET_PATH = 256;

/** @throws {ChannelsError} `CHANNELS_ARGUMENT` unless `host` can be a name or an address. */
export function checkHost(argument: string, host: string): Uint8Array {
  return checkText(argument, host, MAX_HOST);
}

/** @throws {ChannelsError} `CHANNELS_ARGUMENT` unless `path` can be one of a Unix socket. */
export function checkSocketPath(argument: string, path: string): Uint8Array {
  return checkText(argument, path, MAX_SOCKET_PATH);
}

/** @throws {ChannelsError} `CHANNELS_ARGUMENT` unless `port` is an integer in `least` … 65535. */
export function checkPort(argument: string, port: number, least: 0 | 1): number {
  if (Number.isInteger(port) && port >= least && port <= 65_535) return port;
  throw channelsError('CHANNELS_ARGUMENT', {
    argument,
    reason: `must be an integer from ${least} to 65535, got ${port}`,
  });
}

function checkText(argument: string, text: string, limit: number): Uint8Array {
  const bytes = utf8(text);
  if (bytes.length > 0 && bytes.length <= limit && !/\p{Cc}/u.test(text)) return bytes;
  const reason = `must be 1 to ${limit} bytes without control characters`;
  throw channelsError('CHANNELS_ARGUMENT', { argument, reason });
}

import { utf8, WireReader, WireWriter } from '@nbs-ssh/transport/wire';
import { checkHost, checkPort, checkSocketPath } from './forward-ends.ts';

/** Type of the channel by which a client reaches an address beyond the server, RFC 4254 §7.2. */
export const DIRECT_TCPIP = 'direct-tcpip';
/** Type of the channel by which a server hands on a connection to a port that the client asked it for, RFC 4254 §7.2. */
export const FORWARDED_TCPIP = 'forwarded-tcpip';
/** {@link DIRECT_TCPIP} for a Unix socket of the server, OpenSSH PROTOCOL §2.4. */
export const DIRECT_STREAMLOCAL = 'direct-streamlocal@openssh.com';
/** {@link FORWARDED_TCPIP} for a Unix socket of the server, OpenSSH PROTOCOL §2.4. */
export const FORWARDED_STREAMLOCAL = 'forwarded-streamlocal@openssh.com';

/** Who wants to reach what, RFC 4254 §7.2. */
export interface DirectTcpip {
  /** Name or address, resolved by the server. */
  readonly host: string;
  /** As received it may be any uint32; one that was sent is in 1 … 65535. */
  readonly port: number;
  /** Where the connection came from, for the server's log. */
  readonly originHost: string;
  readonly originPort: number;
}

/** A connection that came to a port which was asked for, RFC 4254 §7.2. */
export interface ForwardedTcpip {
  /** Address and port that listened. The address is the one of the request, port 0 of a request is the real one here. */
  readonly listenHost: string;
  readonly listenPort: number;
  readonly originHost: string;
  readonly originPort: number;
}

/** Path of a Unix socket of the server: to reach, or where a connection came in. */
export interface Streamlocal {
  readonly path: string;
}

/*
 * The encoders make what follows the common fields of SSH_MSG_CHANNEL_OPEN, and throw `CHANNELS_ARGUMENT` when a host, port
 * or path cannot be one. The decoders take it apart and throw a WireError when it is not exactly one: the peer is broken
 * and the session should end with that error. Text that was received may hold anything but bad UTF-8.
 */

export function encodeDirectTcpip({ host, port, originHost, originPort }: DirectTcpip): Uint8Array {
  return new WireWriter()
    .string(checkHost('host', host))
    .u32(checkPort('port', port, 1))
    .string(checkHost('originHost', originHost))
    .u32(checkPort('originPort', originPort, 0))
    .finish();
}

export function decodeDirectTcpip(typeSpecific: Uint8Array): DirectTcpip {
  const reader = new WireReader(typeSpecific);
  const open = {
    host: reader.text('direct-tcpip.host'),
    port: reader.u32('direct-tcpip.port'),
    originHost: reader.text('direct-tcpip.originator address'),
    originPort: reader.u32('direct-tcpip.originator port'),
  };
  reader.end(DIRECT_TCPIP);
  return open;
}

export function encodeForwardedTcpip(open: ForwardedTcpip): Uint8Array {
  return new WireWriter()
    .text(open.listenHost)
    .u32(checkPort('listenPort', open.listenPort, 1))
    .string(checkHost('originHost', open.originHost))
    .u32(checkPort('originPort', open.originPort, 0))
    .finish();
}

export function decodeForwardedTcpip(typeSpecific: Uint8Array): ForwardedTcpip {
  const reader = new WireReader(typeSpecific);
  const open = {
    listenHost: reader.text('forwarded-tcpip.connected address'),
    listenPort: reader.u32('forwarded-tcpip.connected port'),
    originHost: reader.text('forwarded-tcpip.originator address'),
    originPort: reader.u32('forwarded-tcpip.originator port'),
  };
  reader.end(FORWARDED_TCPIP);
  return open;
}

/** The two reserved fields are empty and 0, as OpenSSH sends them. */
export function encodeDirectStreamlocal({ path }: Streamlocal): Uint8Array {
  return new WireWriter().string(checkSocketPath('path', path)).text('').u32(0).finish();
}

/** Whatever stands in the reserved fields is not looked at. */
export function decodeDirectStreamlocal(typeSpecific: Uint8Array): Streamlocal {
  const reader = new WireReader(typeSpecific);
  const path = reader.text('direct-streamlocal.socket path');
  reader.string('direct-streamlocal.reserved string');
  reader.u32('direct-streamlocal.reserved number');
  reader.end(DIRECT_STREAMLOCAL);
  return { path };
}

/** @param open - The path is the one of the client's request, byte for byte. */
export function encodeForwardedStreamlocal({ path }: Streamlocal): Uint8Array {
  return new WireWriter().string(utf8(path)).text('').finish();
}

export function decodeForwardedStreamlocal(typeSpecific: Uint8Array): Streamlocal {
  const reader = new WireReader(typeSpecific);
  const path = reader.text('forwarded-streamlocal.socket path');
  reader.string('forwarded-streamlocal.reserved');
  reader.end(FORWARDED_STREAMLOCAL);
  return { path };
}

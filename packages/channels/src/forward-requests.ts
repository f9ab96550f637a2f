import { EMPTY, WireReader, WireWriter } from '@nbs-ssh/transport/wire';
import { checkHost, checkPort, checkSocketPath } from './forward-ends.ts';
import type { Streamlocal } from './forward-opens.ts';

/** Asks the server to listen on a port, RFC 4254 §7.1. */
export const TCPIP_FORWARD = 'tcpip-forward';
/** Takes {@link TCPIP_FORWARD} back, with the address of the request and the real port, RFC 4254 §7.1. */
export const CANCEL_TCPIP_FORWARD = 'cancel-tcpip-forward';
/** Asks the server to listen on a Unix socket, OpenSSH PROTOCOL §2.4. */
export const STREAMLOCAL_FORWARD = 'streamlocal-forward@openssh.com';
/** Takes {@link STREAMLOCAL_FORWARD} back, OpenSSH PROTOCOL §2.4. */
export const CANCEL_STREAMLOCAL_FORWARD = 'cancel-streamlocal-forward@openssh.com';

/** Where the server shall listen, or shall no longer. */
export interface TcpipForward {
  /** `''`: every address of both families; `localhost`: loopback of both families; RFC 4254 §7.1 has the rest. */
  readonly host: string;
  /** 0 lets the server choose. As received it may be any uint32. */
  readonly port: number;
}

/** For the request and for its cancel. @throws {ChannelsError} `CHANNELS_ARGUMENT` */
export function encodeTcpipForward({ host, port }: TcpipForward): Uint8Array {
  return new WireWriter()
    .string(host === '' ? EMPTY : checkHost('host', host))
    .u32(checkPort('port', port, 0))
    .finish();
}

/** @throws {WireError} when `data` is not exactly one. */
export function decodeTcpipForward(data: Uint8Array): TcpipForward {
  const reader = new WireReader(data);
  const forward = { host: reader.text('tcpip-forward.address'), port: reader.u32('tcpip-forward.port') };
  reader.end(TCPIP_FORWARD);
  return forward;
}

/** What follows SSH_MSG_REQUEST_SUCCESS when port 0 was asked for, RFC 4254 §7.1. */
export function encodeForwardedPort(port: number): Uint8Array {
  return new WireWriter(4).u32(checkPort('port', port, 1)).finish();
}

/**
 * @returns the port that the server chose, as received: any uint32.
 * @throws {WireError} when `data` is not exactly one number.
 */
export function decodeForwardedPort(data: Uint8Array): number {
  const reader = new WireReader(data);
  const port = reader.u32('tcpip-forward.bound port');
  reader.end(TCPIP_FORWARD);
  return port;
}

/** For the request and for its cancel. @throws {ChannelsError} `CHANNELS_ARGUMENT` */
export function encodeStreamlocalForward({ path }: Streamlocal): Uint8Array {
  return new WireWriter().string(checkSocketPath('path', path)).finish();
}

/** @throws {WireError} when `data` is not exactly one. */
export function decodeStreamlocalForward(data: Uint8Array): Streamlocal {
  const reader = new WireReader(data);
  const path = reader.text('streamlocal-forward.socket path');
  reader.end(STREAMLOCAL_FORWARD);
  return { path };
}

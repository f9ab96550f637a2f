import type { Socket } from 'node:net';
import { concat, utf8, WireWriter } from '@nbs-ssh/transport/wire';

const SSH_MSG_DISCONNECT = 1;
const TOO_MANY_CONNECTIONS = 12;
/** Milliseconds a client that is sent away has to read why. */
const PATIENCE = 1000;

/**
 * Sends a client away before anything was done for it: identification, SSH_MSG_DISCONNECT in the clear, FIN.
 *
 * Nothing is read but to throw it away, because closing over unread bytes would reset the connection and lose the
 * goodbye.
 */
export function sendAway(socket: Socket, software: string): void {
  socket.on('error', () => socket.destroy());
  socket.setTimeout(PATIENCE, () => socket.destroy());
  socket.once('end', () => socket.destroy());
  socket.resume();
  socket.end(concat(utf8(`SSH-2.0-${software}\r\n`), goodbye()));
}

/** One packet before any keys, RFC 4253 §6 and §11.1. */
function goodbye(): Uint8Array {
  const payload = new WireWriter()
    .u8(SSH_MSG_DISCONNECT)
    .u32(TOO_MANY_CONNECTIONS)
    .text('too many connections')
    .text('')
    .finish();
  // At least 4 bytes of padding, and a multiple of 8 in all.
  const padding = 4 + ((8 - ((payload.length + 9) % 8)) % 8);
  const head = new WireWriter()
    .u32(1 + payload.length + padding)
    .u8(padding)
    .finish();
  return concat(head, payload, new Uint8Array(padding));
}

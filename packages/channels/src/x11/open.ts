import { WireReader } from '@nbs-ssh/transport/wire';

/** Type of the channel by which a server hands on a program that wants to use the client's display, RFC 4254 §6.3.2. */
export const X11_CHANNEL = 'x11';

/** Where the program connected from, as the server says. Any uint32 as port, any text as host. */
export interface X11Open {
  readonly originHost: string;
  readonly originPort: number;
}

/** Decodes what follows the common fields of SSH_MSG_CHANNEL_OPEN. @throws {WireError} when it is not exactly that. */
export function decodeX11Open(typeSpecific: Uint8Array): X11Open {
  const reader = new WireReader(typeSpecific);
  const open = {
    originHost: reader.text('x11.originator address'),
    originPort: reader.u32('x11.originator port'),
  };
  reader.end(X11_CHANNEL);
  return open;
}

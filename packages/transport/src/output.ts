import type { PublicKey } from './keys/index.ts';
import type { SshError } from './wire/index.ts';

/** A question that the transport asks and waits for. While it is open, nothing is decoded. */
export interface VerifyHostKey {
  readonly type: 'verify-host-key';
  readonly hostKey: PublicKey;
  /** Signature algorithm that proved it, for example `rsa-sha2-512`. */
  readonly algorithm: string;
  /** Exchange hash of this first exchange, which becomes the session id, RFC 4253 §7.2. */
  readonly exchangeHash: Uint8Array;
  /** By the host key over the exchange hash, as it came. Whoever vouches for this session elsewhere needs it. */
  readonly signature: Uint8Array;
}

export type TransportOutput =
  /** A message for authentication (5, 6, 50–79) or channels (80–127). A view of the receive buffer. */
  | { readonly type: 'message'; readonly payload: Uint8Array }
  | { readonly type: 'effect'; readonly effect: VerifyHostKey }
  /** The first exchange lets us send from here on. */
  | { readonly type: 'ready'; readonly sessionId: Uint8Array }
  | { readonly type: 'ext-info'; readonly serverSigAlgs: readonly string[] }
  /** The peer, logged in with us, does not know the message we sent in the packet of this number, RFC 4253 §11.4. */
  | { readonly type: 'unimplemented'; readonly sequence: number }
  /** A later exchange has finished. `number` counts from 2. */
  | { readonly type: 'rekeyed'; readonly number: number }
  /** Last output: SSH_MSG_DISCONNECT is queued where it makes sense, and no more input is taken. */
  | { readonly type: 'failed'; readonly error: SshError };

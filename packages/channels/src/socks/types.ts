import type { SocksError } from './errors.ts';

/** What a client asked for: a connection, by any version of the protocol. */
export interface SocksRequest {
  readonly protocol: 'socks4' | 'socks4a' | 'socks5';
  /** An address, or a name that was not resolved; without control characters, 255 bytes of UTF-8 at most. */
  readonly host: string;
  /** 1 … 65535 */
  readonly port: number;
}

/** Why there is no connection to the target. Version 5 has a reply for each, version 4 one for all. */
export type SocksFailure =
  | 'failed'
  | 'not-allowed'
  | 'network-unreachable'
  | 'host-unreachable'
  | 'refused'
  | 'timed-out';

/** How far what was received so far can be read. */
export type Parsed<Value> =
  | { readonly type: 'need-more' }
  | { readonly type: 'found'; readonly value: Value; readonly consumed: number }
  /** `reply` tells the client, in the words of its version. */
  | { readonly type: 'refused'; readonly error: SocksError; readonly reply: Uint8Array };

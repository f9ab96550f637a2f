import type { SSHError } from '../errors/classes.ts';
import type { DynamicForwardIntent, ForwardIntent, RemoteDynamicForwardIntent } from './intent.ts';

/** What went through a forward since it was set up. */
export interface ForwardStats {
  /** Connections that came, all together. */
  readonly connections: number;
  /** Of those, how many are there now. */
  readonly active: number;
  /** Of those, how many could not be made, or were reset because there were too many. */
  readonly failed: number;
  /** Bytes that went to the server. */
  readonly bytesSent: number;
  /** Bytes that came from the server. */
  readonly bytesReceived: number;
}

export interface CloseForwardOptions {
  /** What happens to connections that are open: they go on until they end by themselves, or are reset. Default `finish`. */
  readonly connections?: 'finish' | 'reset';
}

/** A forward that was set up. The same object for as long as it lives. */
export interface ForwardHandle<Intent extends ForwardIntent = ForwardIntent> extends AsyncDisposable {
  /** What was asked for. */
  readonly intent: Intent;
  /** Whether new connections are taken. */
  readonly isActive: boolean;
  /** As asked for; where a port of 0 was, the real one. `undefined` where the end is a path. */
  readonly localHost: string | undefined;
  readonly localPort: number | undefined;
  readonly localPath: string | undefined;
  readonly remoteHost: string | undefined;
  readonly remotePort: number | undefined;
  readonly remotePath: string | undefined;
  readonly stats: ForwardStats;
  /** Withdraws the forward: resolves when nobody listens any more. It never comes back. Never rejects. */
  close(options?: CloseForwardOptions): Promise<void>;
  /** Resolves when the last connection is over too; with the error when the end of the session ended it. Never rejects. */
  readonly closed: Promise<SSHError | undefined>;
  /** Closes and resets what is open. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** A port for clients of SOCKS. */
export type DynamicForwardHandle = ForwardHandle<DynamicForwardIntent> & {
  readonly localHost: string;
  readonly localPort: number;
};

/** A port of the server for clients of SOCKS. */
export type RemoteDynamicForwardHandle = ForwardHandle<RemoteDynamicForwardIntent> & {
  readonly remoteHost: string;
  readonly remotePort: number;
};

/** A forward between two ports. */
export type PortForwardHandle<Intent extends ForwardIntent = ForwardIntent> = ForwardHandle<Intent> & {
  readonly localHost: string;
  readonly localPort: number;
  readonly remoteHost: string;
  readonly remotePort: number;
};

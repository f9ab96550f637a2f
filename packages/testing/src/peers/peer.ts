/** How a running server of somebody else's is reached and logged in to. */
export interface PeerServer extends AsyncDisposable {
  readonly host: '127.0.0.1';
  readonly port: number;
  /** First line the server sends, without its ending. */
  readonly identification: string;
  readonly username: string;
  /** Path of an OpenSSH private key file that may log in; `undefined` where the peer takes passwords only. */
  readonly clientKey: string | undefined;
  /** `undefined` where the peer takes keys only. */
  readonly password: string | undefined;
  /** One `type base64` for each host key. */
  readonly hostKeys: readonly string[];
  /** Path of a known_hosts file with these. */
  readonly knownHosts: string;
  /** What the server has written so far, for whoever reads why a test failed. */
  log(): string;
  /** Ends everything and removes every file and account. May be called more than once. */
  stop(): Promise<void>;
}

export interface PeerOptions {
  /** The server begins a key exchange after about this many bytes. Ignored where {@link Peer} says it cannot. */
  readonly rekeyBytes?: number;
}

interface PeerName {
  /** Of the program, for example `dropbear`. */
  readonly name: string;
  readonly version: string;
}

/** Somebody else's SSH server in one version, or the reason why it cannot be started here. */
export type Peer =
  | (PeerName & {
      readonly available: true;
      /** Whether {@link PeerOptions.rekeyBytes} has an effect. */
      readonly canRekey: boolean;
      /** `one`: a connection is over after its first command. */
      readonly channels: 'one' | 'many';
      /** Resolves once the server has identified itself. @throws {Error} with the server's own words. */
      readonly start: (options?: PeerOptions) => Promise<PeerServer>;
    })
  | (PeerName & { readonly available: false; readonly reason: string });

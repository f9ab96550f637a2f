/** A server that a client is pointed at. */
export interface ClientTarget {
  readonly port: number;
  readonly username: string;
  readonly login: { readonly key: string } | { readonly password: string };
  /** Path of a known_hosts file with the one key of the server. */
  readonly knownHosts: string;
  /** `SHA256:…` of that key. */
  readonly fingerprint: string;
  /** A folder of the caller's for what the client needs in a form of its own. */
  readonly dir: string;
}

export interface ClientRun {
  readonly command: string;
  readonly stdin?: Uint8Array;
  /** The client begins a key exchange after about this many bytes. Ignored where {@link PeerClient} says it cannot. */
  readonly rekeyBytes?: number;
}

export interface ClientResult {
  readonly exitCode: number | null;
  readonly stdout: Uint8Array;
  readonly stderr: string;
}

interface ClientName {
  readonly name: string;
  readonly version: string;
}

/** Somebody else's SSH client in one version, or the reason why it cannot be run here. */
export type PeerClient =
  | (ClientName & {
      readonly available: true;
      readonly canRekey: boolean;
      readonly run: (target: ClientTarget, run: ClientRun) => Promise<ClientResult>;
    })
  | (ClientName & { readonly available: false; readonly reason: string });

/** Who wants something forwarded. */
export interface ForwardingClient {
  readonly username: string;
  /** Where the client is, when that is known. */
  readonly address?: string;
  readonly port?: number;
}

/** What a client wants to reach through this server. */
export interface ConnectTarget {
  /** As asked for, in one spelling: a name in small letters, or an address. */
  readonly host: string;
  readonly port: number;
  /** The address that is dialled if this is permitted, and no other. A policy is asked about each that a name has. */
  readonly address: string;
}

/** Where a client wants this server to listen. */
export interface ListenTarget {
  /** `localhost`, `*` for every address of the machine, or one address. */
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

/** A Unix socket of this machine, to reach or to listen on. */
export interface SocketTarget {
  /** Absolute, without `.` and `..`. */
  readonly path: string;
}

/**
 * What is permitted: everything, what is in a list, or what a function says. Only `true` from a function permits; throwing
 * and taking longer than `limits.authHandlerSec` refuse. Names are looked up before a function is asked about their addresses.
 */
export type ForwardPolicy<Target> =
  | true
  | readonly string[]
  | ((target: Target, client: ForwardingClient) => boolean | Promise<boolean>);

/** What clients may have forwarded. Everything that is not said here is refused. */
export interface ForwardingOptions {
  /**
   * Hosts and ports that clients may connect to from here (`ssh -L`, `-D`, `-W` and `-J`). A list has patterns as sshd's
   * `PermitOpen`: `host:port`, `[address]:port`, with `*` for any host or port. A name in the list permits whatever
   * addresses it has; `localhost` is 127.0.0.1 and ::1. A client's other spellings of an address (`0x7f.1`, `::ffff:…`)
   * are read before they are compared.
   */
  readonly local?: ForwardPolicy<ConnectTarget>;
  /**
   * Ports that clients may have this server listen on (`ssh -R`). `true` permits those from 1024 on. A list has patterns
   * as sshd's `PermitListen`: `port` or `host:port`, with `*` for any; 0 is a free port.
   */
  readonly remote?: ForwardPolicy<ListenTarget>;
  /**
   * Whether `remote` may also permit addresses other than loopback. Without it whoever asks for every address of the
   * machine gets loopback, and whoever asks for a certain other one is refused. Default `false`.
   */
  readonly gatewayPorts?: boolean;
  /** Unix sockets that clients may connect to (`ssh -L port:path`). A list has paths; one that ends in `/` is a folder. */
  readonly localPath?: ForwardPolicy<SocketTarget>;
  /**
   * Unix sockets that clients may have this server listen on (`ssh -R path:…`), with mode 0600. Nothing that exists is
   * replaced, and the folder must not be one where others could. A list as for `localPath`.
   */
  readonly remotePath?: ForwardPolicy<SocketTarget>;
}

import type { TerminalMode, TerminalOpcode } from '@nbs-ssh/channels';

/** The client's terminal, RFC 4254 §6.2. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
  readonly widthPixels: number;
  readonly heightPixels: number;
}

export interface Pty extends TerminalSize {
  /** Value of TERM. From the client: at most 256 bytes, any characters. */
  readonly term: string;
  /** Modes by number, in the order of the client; see {@link TerminalOpcode}. */
  readonly modes: readonly TerminalMode[];
}

export type SessionKind = 'exec' | 'shell' | 'subsystem';

/** One direction out of a session. */
export interface SessionOutput {
  /**
   * Sends bytes, which must not be changed afterwards; a string goes out as UTF-8.
   *
   * @returns a promise that resolves when there is room for more. It rejects with `SERVER_SESSION_ENDED` when the
   *   session has ended; ignoring that is allowed and is never an unhandled rejection.
   */
  write(data: Uint8Array | string): Promise<void>;
  /** Bytes accepted so far. */
  readonly bytesWritten: number;
}

/** What a handler gets: one command, shell or subsystem that a client asked for. */
export interface ServerSession {
  readonly kind: SessionKind;
  /** Name of the subsystem; `undefined` for what is none. */
  readonly subsystem: string | undefined;
  /** The command; `undefined` for a shell or a subsystem, and for a command that is not UTF-8. */
  readonly command: string | undefined;
  /** The command exactly as received; empty for a shell or a subsystem. */
  readonly commandBytes: Uint8Array;
  /**
   * What the client asked for where a certificate forced {@link command}: empty for a shell, its name for a subsystem.
   * Otherwise `undefined`. Bytes without encoding: decoded as UTF-8.
   */
  readonly originalCommand: string | undefined;
  readonly username: string;
  /** Variables that the client set and `acceptEnv` allows. Values are bytes without encoding: decoded as UTF-8. */
  readonly env: Readonly<Record<string, string>>;
  /** The terminal, when the client asked for one and `allowPty` granted it. Follows {@link onResize}. */
  readonly pty: Pty | undefined;
  /**
   * What the client sends. Reading gives window back, so an unread stream stops the client. May be read once.
   *
   * Throws `SERVER_SESSION_ENDED` when the channel ended before its EOF.
   */
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly stdout: SessionOutput;
  readonly stderr: SessionOutput;
  /** Aborted when the channel or the link ends while the handler runs. */
  readonly signal: AbortSignal;
  /** Calls `listener` with names without `SIG`: `TERM`, `INT`. From the client: check before use. */
  onSignal(listener: (name: string) => void): void;
  /**
   * Calls `listener` when the client sends the break of a serial line, RFC 4335, with its length in milliseconds: 500 to
   * 3000, or `undefined` when that is left to the server. Without a listener a break is refused.
   */
  onBreak(listener: (lengthMs: number | undefined) => void): void;
  onResize(listener: (size: TerminalSize) => void): void;
  /** Ends the session once everything written is sent. The first ending counts. @throws {RangeError} */
  exit(status: number): void;
  /** Like {@link exit}, for a command that a signal ended. @param name - Without `SIG`. */
  exitSignal(name: string, options?: { readonly coreDumped?: boolean; readonly message?: string }): void;
}

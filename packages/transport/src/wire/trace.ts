/** Values that a trace event may carry: plain data that survives JSON. Never a secret, never plaintext. */
export type TraceValue = string | number | boolean | null | readonly string[] | readonly number[];

/**
 * Something that was seen, as data.
 *
 * Strings that came from the peer are already escaped and bounded by {@link printable} when they get here.
 */
export interface TraceEvent {
  /** Dotted and stable, for example `transport.kex.negotiated`. */
  readonly name: string;
  /** Monotonic milliseconds, in the driver's clock. */
  readonly time: number;
  readonly fields: Readonly<Record<string, TraceValue>>;
}

/** Receives trace events as they happen. Must not throw and must not call back into the machine. */
export type TraceSink = (event: TraceEvent) => void;

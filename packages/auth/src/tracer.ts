import type { CertificateFacts } from '@nbs-ssh/transport/keys';
import { printable, type TraceSink, type TraceValue } from '@nbs-ssh/transport/wire';

/** Longest method or algorithm name kept in a trace; RFC 4251 §6 allows 64 characters. */
const MAX_WORD = 64;
/** Most words of a list kept in a trace. */
const MAX_WORDS = 32;

/** Stamps trace events with the driver's clock. */
export class Tracer {
  /** Monotonic milliseconds. */
  now = 0;
  readonly #sink: TraceSink | undefined;

  constructor(sink: TraceSink | undefined) {
    this.#sink = sink;
  }

  emit(name: string, fields: Readonly<Record<string, TraceValue>>): void {
    this.#sink?.({ name, time: this.now, fields });
  }
}

/** A certificate as trace events tell it. */
export function certificateFields(facts: CertificateFacts): Readonly<Record<string, string>> {
  return {
    key_id: facts.keyId,
    serial: facts.serial,
    ca_fingerprint: facts.caFingerprint,
    valid_from: facts.validFrom,
    valid_until: facts.validUntil,
  };
}

/** One name from the peer, fit for a trace or an error. */
export const word = (text: string): string => printable(text, MAX_WORD);

/** Names from the peer, fit for a trace. */
export const words = (names: readonly string[]): readonly string[] => names.slice(0, MAX_WORDS).map(word);

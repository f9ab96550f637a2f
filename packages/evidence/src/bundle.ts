import { eventToRecord, type SSHEvent } from './events.ts';
import type { AlgorithmInfo, TimingInfo } from './info.ts';
import { type Json, type JsonObject, safeStringify } from './json.ts';
import { toJsonl } from './jsonl.ts';
import { BUNDLE_VERSION, type BundleRecord, cleanRecord, type RedactionRecord } from './record.ts';
import { Redactor } from './redact/redactor.ts';

/** What a bundle is made of. */
export interface EvidenceBundleInit {
  readonly version?: string;
  /** Unix milliseconds. */
  readonly createdMs: number;
  readonly events: readonly SSHEvent[];
  readonly eventsDropped?: number;
  /** Any plain data, usually an automation transcript's `toDict()`. */
  readonly transcript?: Json;
  readonly algorithms: AlgorithmInfo;
  readonly timing: TimingInfo;
  /** Keys as in files: `host`, `port`, `username`, `address`, `peer_version`, `banner` and so on. */
  readonly hostInfo: JsonObject;
  readonly disconnectReason: string | null;
  readonly errorContext: JsonObject;
  readonly redaction?: RedactionRecord;
}

/** How a bundle is written. */
export interface SerializeOptions {
  /** Default `json`: one object. `jsonl`: a header, one line an event, the transcript, an end line. */
  readonly format?: 'json' | 'jsonl';
  /** Default `true`. With `false`, registered secrets are removed all the same. */
  readonly redact?: boolean;
}

/** Everything that is needed to explain a session afterwards. Immutable. */
export class EvidenceBundle implements EvidenceBundleInit {
  readonly version: string;
  readonly createdMs: number;
  readonly events: readonly SSHEvent[];
  readonly eventsDropped: number;
  readonly transcript: Json;
  readonly algorithms: AlgorithmInfo;
  readonly timing: TimingInfo;
  readonly hostInfo: JsonObject;
  readonly disconnectReason: string | null;
  readonly errorContext: JsonObject;
  readonly redaction: RedactionRecord;
  readonly #redactor: Redactor;

  /**
   * @param init - The parts, or another bundle, whose redactor is taken over.
   * @param redactor - Knows the session's secrets.
   */
  constructor(init: EvidenceBundleInit, redactor?: Redactor) {
    this.version = init.version ?? BUNDLE_VERSION;
    this.createdMs = init.createdMs;
    this.events = init.events;
    this.eventsDropped = init.eventsDropped ?? 0;
    this.transcript = init.transcript ?? null;
    this.algorithms = init.algorithms;
    this.timing = init.timing;
    this.hostInfo = init.hostInfo;
    this.disconnectReason = init.disconnectReason;
    this.errorContext = init.errorContext;
    this.redaction = init.redaction ?? { applied: false, counts: {} };
    this.#redactor = redactor ?? (init instanceof EvidenceBundle ? init.#redactor : new Redactor());
  }

  /**
   * The bundle as it is in files. `JSON.stringify(bundle)` gives the redacted one.
   *
   * @param options - `redact`: default `true`. A string is what `JSON.stringify` passes; it is ignored.
   */
  toJSON(options?: { readonly redact?: boolean } | string): BundleRecord {
    const redact = typeof options === 'object' ? (options.redact ?? true) : true;
    return cleanRecord(this.#record(), this.#redactor, redact);
  }

  /** Text of a file, ending with a line feed. */
  serialize({ format = 'json', redact = true }: SerializeOptions = {}): string {
    const record = this.toJSON({ redact });
    return format === 'jsonl' ? toJsonl(record) : `${safeStringify(record, 2)}\n`;
  }

  #record(): BundleRecord {
    const { algorithms: a, timing: t } = this;
    return {
      version: this.version,
      created_ms: this.createdMs,
      disconnect_reason: this.disconnectReason,
      error_context: this.errorContext,
      host_info: this.hostInfo,
      algorithms: {
        kex: a.kex,
        host_key: a.hostKey,
        cipher_cs: a.cipherCs,
        cipher_sc: a.cipherSc,
        mac_cs: a.macCs,
        mac_sc: a.macSc,
        compression_cs: a.compressionCs,
        compression_sc: a.compressionSc,
        strict_kex: a.strictKex,
        offers: a.offers,
      },
      timing: {
        tcp_ms: t.tcpMs,
        version_ms: t.versionMs,
        kex_ms: t.kexMs,
        auth_ms: t.authMs,
        first_channel_ms: t.firstChannelMs,
        total_ms: t.totalMs,
        session_ms: t.sessionMs,
        connect_duration_ms: t.connectDurationMs,
        auth_duration_ms: t.authDurationMs,
      },
      events: this.events.map(eventToRecord),
      events_dropped: this.eventsDropped,
      transcript: this.transcript,
      redaction: this.redaction,
    };
  }
}

import type { AlgorithmOffers } from './algorithms.ts';
import type { EventRecord } from './events.ts';
import { fieldsOf } from './fields.ts';
import type { Json, JsonObject } from './json.ts';
import { isSensitiveKey } from './redact/keys.ts';
import type { Manifest } from './redact/mark.ts';
import type { Redactor } from './redact/redactor.ts';
import { all, type Rule } from './redact/tree.ts';
import { FREE_KINDS } from './vocabulary.ts';

/** Version of the file format. A reader accepts older and newer ones and takes what it knows. */
export const BUNDLE_VERSION = '1.0';

/** What was negotiated, as in files. `null` for what a failed negotiation never reached. */
export type AlgorithmsRecord = {
  readonly kex: string | null;
  readonly host_key: string | null;
  readonly cipher_cs: string | null;
  readonly cipher_sc: string | null;
  readonly mac_cs: string | null;
  readonly mac_sc: string | null;
  readonly compression_cs: string | null;
  readonly compression_sc: string | null;
  readonly strict_kex: boolean | null;
  readonly offers: AlgorithmOffers;
};

/** All in milliseconds; `null` for a phase that was not reached. */
export type TimingRecord = {
  readonly tcp_ms: number | null;
  readonly version_ms: number | null;
  readonly kex_ms: number | null;
  readonly auth_ms: number | null;
  readonly first_channel_ms: number | null;
  /** From the start of the connect to ready, or to the error that ended it. */
  readonly total_ms: number | null;
  /** From the start of the connect to the close. */
  readonly session_ms: number | null;
  /** The user guide's name for the time to ready; `null` when it failed. */
  readonly connect_duration_ms: number | null;
  /** The user guide's name for the time of a successful authentication. */
  readonly auth_duration_ms: number | null;
};

/** What redaction did. */
export type RedactionRecord = {
  readonly applied: boolean;
  /** How many were removed or replaced, by kind. */
  readonly counts: Manifest;
};

/** A bundle as it is in a file. */
export type BundleRecord = {
  readonly version: string;
  /** Unix milliseconds. */
  readonly created_ms: number;
  readonly disconnect_reason: string | null;
  readonly error_context: JsonObject;
  readonly host_info: JsonObject;
  readonly algorithms: AlgorithmsRecord;
  readonly timing: TimingRecord;
  readonly events: readonly EventRecord[];
  /** Events that the recorder had to forget before the oldest one here. */
  readonly events_dropped: number;
  readonly transcript: Json;
  readonly redaction: RedactionRecord;
};

/**
 * A record as it may be shared (`redact`), or with registered secrets removed and nothing else.
 *
 * Redacting twice gives the same as once.
 */
export function cleanRecord(record: BundleRecord, redactor: Redactor, redact: boolean): BundleRecord {
  const { redaction, ...rest } = record;
  const { value, manifest } = redact
    ? redactor.redact(rest, BUNDLE, redaction.counts)
    : redactor.scrub(rest, redaction.counts);
  return {
    ...(value as unknown as Omit<BundleRecord, 'redaction'>),
    redaction: { applied: redact || redaction.applied, counts: manifest },
  };
}

/** Objects of which each key decides for itself; what is under a key that names a secret goes as a whole. */
const FREE: Rule = {
  kind: 'free',
  child: (key) => {
    if (isSensitiveKey(key)) return all('private');
    const kind = Object.hasOwn(FREE_KINDS, key) ? FREE_KINDS[key] : undefined;
    return kind === undefined ? FREE : all(kind);
  },
};

const EVENT: Rule = {
  kind: 'text',
  child: (key, holder) => {
    if (key !== 'data') return all('fact');
    const fields = fieldsOf(String((holder as Partial<EventRecord>).event_type));
    return {
      kind: 'text',
      child: (name) => all((Object.hasOwn(fields, name) ? fields[name] : undefined) ?? 'private'),
    };
  },
};

const BUNDLE: Rule = {
  kind: 'text',
  child: (key) => {
    switch (key) {
      case 'events':
        return EVENT;
      case 'transcript':
      case 'host_info':
      case 'error_context':
        return FREE;
      case 'disconnect_reason':
        return all('text');
      default:
        return all('fact');
    }
  },
};

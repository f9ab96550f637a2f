import type { AlgorithmOffers } from './algorithms.ts';
import { isObject, type JsonObject } from './json.ts';

/** Kinds of events. The first eleven are the user guide's; the others add what it leaves out. */
export const EventType = {
  CONNECT: 'CONNECT',
  AUTH: 'AUTH',
  EXEC: 'EXEC',
  DISCONNECT: 'DISCONNECT',
  ERROR: 'ERROR',
  KEEPALIVE_SENT: 'KEEPALIVE_SENT',
  KEEPALIVE_RECEIVED: 'KEEPALIVE_RECEIVED',
  KEEPALIVE_TIMEOUT: 'KEEPALIVE_TIMEOUT',
  PROGRESS_WARNING: 'PROGRESS_WARNING',
  STATE_CHANGE: 'STATE_CHANGE',
  FORWARD: 'FORWARD',
  SHELL: 'SHELL',
  KEX: 'KEX',
  HOST_KEY: 'HOST_KEY',
  PACKET: 'PACKET',
} as const;
export type EventType = (typeof EventType)[keyof typeof EventType];

/**
 * Data of each event type, with the keys as they are in files. Durations are milliseconds, lengths bytes.
 *
 * A field that is not listed here does not enter an event: see {@link FIELDS}.
 */
export interface EventData {
  CONNECT: {
    readonly status: 'initiating' | 'tcp' | 'connected';
    readonly host?: string;
    readonly port?: number;
    readonly username?: string;
    readonly address?: string;
    readonly auth_method?: string;
    readonly duration_ms?: number;
  };
  AUTH: {
    readonly status: 'attempt' | 'success' | 'failed' | 'partial' | 'skipped';
    readonly method?: string;
    readonly username?: string;
    readonly stage?: string;
    readonly fingerprint?: string;
    readonly algorithm?: string;
    readonly remaining?: readonly string[];
    readonly reason?: string;
    readonly error_type?: string;
    readonly duration_ms?: number;
    /** Of a certificate; `fingerprint` is of the key in it. */
    readonly key_id?: string;
    readonly serial?: string;
    readonly ca_fingerprint?: string;
    readonly valid_from?: string;
    readonly valid_until?: string;
    readonly certificate_problem?: string;
  };
  EXEC: CommandData & {
    /** In place of a command. */
    readonly subsystem?: string;
  };
  SHELL: CommandData & {
    readonly status?: 'started' | 'ended';
    /** Whether it was asked for with a terminal. */
    readonly pty?: boolean;
  };
  DISCONNECT: {
    readonly reason?: string;
    readonly code?: number | string | null;
    readonly by?: 'us' | 'peer' | 'network';
    readonly host?: string;
    readonly port?: number;
  };
  ERROR: {
    readonly error_type?: string;
    readonly code?: string;
    readonly message?: string;
    readonly phase?: string;
  };
  KEEPALIVE_SENT: { readonly outstanding?: number };
  KEEPALIVE_RECEIVED: { readonly rtt_ms?: number };
  KEEPALIVE_TIMEOUT: { readonly missed?: number };
  PROGRESS_WARNING: { readonly seconds_remaining?: number; readonly timeout_sec?: number };
  STATE_CHANGE: {
    readonly from_state: string;
    readonly to_state: string;
    readonly reconnection_count?: number;
    readonly attempt?: number;
    readonly delay_ms?: number;
    readonly error?: string;
  };
  FORWARD: {
    /** `connection_failed` is about one connection through a forward; the others are about the forward. */
    readonly status:
      | 'establishing'
      | 'established'
      | 'failed'
      | 'closed'
      | 'connection_failed'
      | 'replayed'
      | 'replay_failed';
    readonly forward_type?: string;
    readonly local_host?: string;
    readonly local_port?: number;
    readonly local_path?: string;
    readonly remote_host?: string;
    readonly remote_port?: number;
    readonly remote_path?: string;
    /** How the client of a dynamic forward asked for its target: `socks4`, `socks4a` or `socks5`. */
    readonly protocol?: string;
    /** Where a port of 0 was asked for. */
    readonly actual_port?: number;
    readonly error?: string;
    readonly error_type?: string;
    readonly code?: string;
    readonly reason?: string;
    /** All connections of a forward that was closed. */
    readonly connections?: number;
    readonly bytes_sent?: number;
    readonly bytes_received?: number;
  };
  KEX: {
    readonly status: 'negotiated' | 'failed';
    /** 1 for the first exchange of a connection; from 2 on it is a re-key. */
    readonly number?: number;
    /** Why a re-key was started. */
    readonly cause?: string;
    readonly kex?: string;
    readonly host_key?: string;
    readonly cipher_cs?: string;
    readonly cipher_sc?: string;
    readonly mac_cs?: string;
    readonly mac_sc?: string;
    readonly compression_cs?: string;
    readonly compression_sc?: string;
    readonly strict_kex?: boolean;
    readonly guess_discarded?: boolean;
    /** Names that were negotiated although they are insecure, because somebody had opted in. */
    readonly insecure?: readonly string[];
    /** All that had been opted into. */
    readonly insecure_offered?: readonly string[];
    readonly duration_ms?: number;
    /** Both KEXINITs, when the exchange failed. */
    readonly offers?: AlgorithmOffers;
  };
  HOST_KEY: {
    readonly verdict?: string;
    readonly fingerprint?: string;
    readonly key_type?: string;
    readonly algorithm?: string;
    readonly policy?: string;
    readonly file?: string;
    readonly line?: number;
    /** Of a certificate; `fingerprint` is of the key in it. */
    readonly key_id?: string;
    readonly serial?: string;
    readonly ca_fingerprint?: string;
    readonly valid_from?: string;
    readonly valid_until?: string;
    /** Why the certificate did not count. */
    readonly certificate_problem?: string;
    /** What did not work although the key was accepted. */
    readonly warning?: string;
    /** Of several keys. */
    readonly fingerprints?: readonly string[];
  };
  PACKET: {
    readonly direction?: string;
    readonly number?: number;
    readonly name?: string;
    readonly length?: number;
    readonly sequence?: number;
  };
}

type CommandData = {
  readonly command?: string;
  readonly streaming?: boolean;
  readonly duration_ms?: number;
  readonly exit_code?: number | null;
  readonly signal?: string | null;
  readonly stdout_len?: number;
  readonly stderr_len?: number;
  readonly cancelled?: boolean;
};

/**
 * Something that happened in a session. A union: `eventType` narrows `data`.
 *
 * Events read from a file of another version may carry other names and other data.
 */
export type SSHEvent<T extends EventType = EventType> = {
  readonly [K in T]: {
    readonly eventType: K;
    /** Unix time in seconds, with a fraction. */
    readonly timestamp: number;
    /** `hop`: the jump host whose connection this is about, `user@host:port`. */
    readonly data: EventData[K] & { readonly hop?: string };
  };
}[T];

/** Takes events one by one. Must not throw. */
export type EventSink = (event: SSHEvent) => void;

/** An event as it is in files. */
export type EventRecord = {
  readonly event_type: string;
  readonly timestamp: number;
  readonly data: JsonObject;
};

export function eventToRecord(event: SSHEvent): EventRecord {
  return {
    event_type: event.eventType,
    timestamp: event.timestamp,
    data: event.data as unknown as JsonObject,
  };
}

/** Larger values cannot be seconds: as seconds this is the year 5138. Old files hold milliseconds. */
const MILLISECONDS_FROM = 1e11;

/** @returns `undefined` when `record` has no event type. */
export function eventFromRecord(record: JsonObject): SSHEvent | undefined {
  const type = record['event_type'];
  if (typeof type !== 'string') return undefined;
  const raw = record['timestamp'] ?? record['timestamp_ms'];
  const stamp = typeof raw === 'number' && Number.isFinite(raw) ? raw : 0;
  const timestamp = stamp > MILLISECONDS_FROM ? stamp / 1000 : stamp;
  const data = isObject(record['data']) ? record['data'] : {};
  return { eventType: type, timestamp, data } as unknown as SSHEvent;
}

import type { EventData, EventType } from './events.ts';

/**
 * How a field is treated when a bundle is redacted.
 *
 * `fact`: names, codes and fingerprints, kept as they are when they look like one. `text`: searched by every
 * pattern. `host`, `user`, `path`: replaced by a pseudonym. `private`: removed. `free`: decided by each key.
 */
export type FieldKind = 'fact' | 'text' | 'host' | 'user' | 'path' | 'private' | 'free';

/** A command and a shell are told in the same words. */
const PROCESS = {
  command: 'text',
  streaming: 'fact',
  duration_ms: 'fact',
  exit_code: 'fact',
  signal: 'fact',
  stdout_len: 'fact',
  stderr_len: 'fact',
  cancelled: 'fact',
} as const;

/** Of a host's or a user's. The id is chosen by the CA, and is usually somebody's name. */
const CERTIFICATE = {
  key_id: 'user',
  serial: 'fact',
  ca_fingerprint: 'fact',
  valid_from: 'fact',
  valid_until: 'fact',
  certificate_problem: 'fact',
} as const;

/**
 * Every field an event may have. An allow-list: a field that is not here is not stored by the recorder, and
 * is removed from a redacted bundle.
 */
export const FIELDS: {
  readonly [T in EventType]: { readonly [K in keyof EventData[T]]-?: FieldKind };
} = {
  CONNECT: {
    status: 'fact',
    host: 'host',
    port: 'fact',
    username: 'user',
    address: 'host',
    auth_method: 'fact',
    duration_ms: 'fact',
  },
  AUTH: {
    status: 'fact',
    method: 'fact',
    username: 'user',
    stage: 'fact',
    fingerprint: 'fact',
    algorithm: 'fact',
    remaining: 'fact',
    reason: 'text',
    error_type: 'fact',
    duration_ms: 'fact',
    ...CERTIFICATE,
  },
  EXEC: { ...PROCESS, subsystem: 'text' },
  SHELL: { ...PROCESS, status: 'fact', pty: 'fact' },
  DISCONNECT: { reason: 'text', code: 'fact', by: 'fact', host: 'host', port: 'fact' },
  ERROR: { error_type: 'fact', code: 'fact', message: 'text', phase: 'fact' },
  KEEPALIVE_SENT: { outstanding: 'fact' },
  KEEPALIVE_RECEIVED: { rtt_ms: 'fact' },
  KEEPALIVE_TIMEOUT: { missed: 'fact' },
  PROGRESS_WARNING: { seconds_remaining: 'fact', timeout_sec: 'fact' },
  STATE_CHANGE: {
    from_state: 'fact',
    to_state: 'fact',
    reconnection_count: 'fact',
    attempt: 'fact',
    delay_ms: 'fact',
    error: 'text',
  },
  FORWARD: {
    status: 'fact',
    forward_type: 'fact',
    local_host: 'host',
    local_port: 'fact',
    local_path: 'path',
    remote_host: 'host',
    remote_port: 'fact',
    remote_path: 'path',
    protocol: 'fact',
    actual_port: 'fact',
    error: 'text',
    error_type: 'fact',
    code: 'fact',
    reason: 'fact',
    connections: 'fact',
    bytes_sent: 'fact',
    bytes_received: 'fact',
  },
  KEX: {
    status: 'fact',
    number: 'fact',
    cause: 'fact',
    kex: 'fact',
    host_key: 'fact',
    cipher_cs: 'fact',
    cipher_sc: 'fact',
    mac_cs: 'fact',
    mac_sc: 'fact',
    compression_cs: 'fact',
    compression_sc: 'fact',
    strict_kex: 'fact',
    guess_discarded: 'fact',
    insecure: 'fact',
    insecure_offered: 'fact',
    duration_ms: 'fact',
    offers: 'fact',
  },
  HOST_KEY: {
    verdict: 'fact',
    fingerprint: 'fact',
    key_type: 'fact',
    algorithm: 'fact',
    policy: 'fact',
    file: 'path',
    line: 'fact',
    ...CERTIFICATE,
    warning: 'text',
    fingerprints: 'fact',
  },
  PACKET: { direction: 'fact', number: 'fact', name: 'fact', length: 'fact', sequence: 'fact' },
};

/** In an event of any type: the jump host whose connection it is about. */
const HOP: Readonly<Record<string, FieldKind>> = { hop: 'text' };

const ALL_FIELDS: Readonly<Record<string, Readonly<Record<string, FieldKind>>>> = Object.fromEntries(
  Object.entries(FIELDS).map(([type, fields]) => [type, { ...fields, ...HOP }]),
);

/** Fields of any event type, by name; none for events whose type this version does not know. */
export function fieldsOf(eventType: string): Readonly<Record<string, FieldKind>> {
  return Object.hasOwn(ALL_FIELDS, eventType)
    ? (ALL_FIELDS[eventType] as Readonly<Record<string, FieldKind>>)
    : {};
}

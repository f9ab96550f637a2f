import { SLOTS } from './algorithms.ts';
import { EventType } from './events.ts';
import { FIELDS, type FieldKind } from './fields.ts';

/** Keys that we write. They are never searched for secrets: a password `status` must not rename a field. */
const OUR_KEYS: ReadonlySet<string> = new Set([
  ...Object.values(FIELDS).flatMap((fields) => Object.keys(fields)),
  ...SLOTS,
  ...'version created_ms events events_dropped transcript algorithms timing host_info disconnect_reason'.split(
    ' ',
  ),
  ...'error_context redaction redacted counts event_type timestamp data offers client server'.split(' '),
  ...'tcp_ms version_ms kex_ms auth_ms first_channel_ms total_ms session_ms running_ms'.split(' '),
  ...'connect_duration_ms auth_duration_ms'.split(' '),
]);

export const isOurKey = (key: string): boolean => OUR_KEYS.has(key);

const EVENT_TYPES: ReadonlySet<string> = new Set(Object.values(EventType));
/** RFC 4252 and RFC 4256. `password` is a method even where somebody's password is `password`. */
const METHODS: ReadonlySet<string> = new Set([
  'none',
  'password',
  'publickey',
  'keyboard-interactive',
  'hostbased',
]);
const METHOD_KEYS: ReadonlySet<string> = new Set(['method', 'auth_method', 'remaining']);

/** Words of the protocol, which tell nothing about a secret that happens to be spelled the same. */
export function isOurWord(key: string, value: string): boolean {
  if (key === 'event_type') return EVENT_TYPES.has(value);
  return METHOD_KEYS.has(key) && METHODS.has(value);
}

/** Keys of free-form objects that say what their value is. Everything else there is text. */
export const FREE_KINDS: Readonly<Record<string, FieldKind>> = {
  host: 'host',
  hostname: 'host',
  remote_host: 'host',
  local_host: 'host',
  address: 'host',
  server: 'host',
  username: 'user',
  user: 'user',
  file: 'path',
  path: 'path',
  filename: 'path',
  our_version: 'fact',
  peer_software: 'fact',
  host_key_type: 'fact',
  host_key_fingerprint: 'fact',
  host_key_verdict: 'fact',
  server_sig_algs: 'fact',
  auth_method: 'fact',
  fingerprint: 'fact',
  algorithm: 'fact',
  error_type: 'fact',
  code: 'fact',
  phase: 'fact',
};

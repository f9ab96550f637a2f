import { type AlgorithmOffer, SLOTS } from './algorithms.ts';
import { EvidenceBundle, type EvidenceBundleInit } from './bundle.ts';
import { evidenceError } from './errors.ts';
import { eventFromRecord, type SSHEvent } from './events.ts';
import type { AlgorithmInfo, TimingInfo } from './info.ts';
import { isObject, type Json, type JsonObject } from './json.ts';
import { fromLines } from './jsonl.ts';

/** Longest text that is read, in characters. A bundle with 10,000 events has about 3 million. */
export const MAX_BUNDLE: number = 256 * 1024 * 1024;

/**
 * Reads a bundle in either format, an event log, or a file of the original Python library.
 *
 * Unknown keys are passed over, missing ones are `null` or empty; timestamps in milliseconds become seconds.
 *
 * @throws {EvidenceError} `EVIDENCE_TRUNCATED`, `EVIDENCE_SYNTAX`, `EVIDENCE_SHAPE` or `EVIDENCE_LIMIT`.
 */
export function parseBundle(text: string): EvidenceBundle {
  return new EvidenceBundle(parseBundleInit(text));
}

/** As {@link parseBundle}, for classes that extend {@link EvidenceBundle}. */
export function parseBundleInit(text: string): EvidenceBundleInit {
  if (text.length > MAX_BUNDLE) {
    throw evidenceError('EVIDENCE_LIMIT', { what: 'bundle', limit: MAX_BUNDLE, received: text.length });
  }
  const body = text.startsWith('\ufeff') ? text.slice(1) : text;
  const record = isOneObject(body) ? parseObject(body, 1, body) : parseLines(body);
  return initFrom(record);
}

/** JSON has one object over several lines, or on one line with nothing after it. */
function isOneObject(text: string): boolean {
  const first = text.trimStart();
  const lineEnd = first.indexOf('\n');
  const line = lineEnd === -1 ? first : first.slice(0, lineEnd);
  const rest = lineEnd === -1 ? '' : first.slice(lineEnd);
  return rest.trim() === '' ? !/^\{\s*"(?:record|event_type)"/.test(first) : endsInside(line);
}

function parseLines(text: string): JsonObject {
  const lines: JsonObject[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() !== '') lines.push(parseObject(line, index + 1, text));
  }
  const { record, complete } = fromLines(lines);
  if (!complete) throw evidenceError('EVIDENCE_TRUNCATED', { line: lines.length, length: text.length });
  return record;
}

function parseObject(text: string, line: number, whole: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    if (endsInside(text)) {
      const last = line + text.trimEnd().split('\n').length - 1;
      throw evidenceError('EVIDENCE_TRUNCATED', { line: last, length: whole.length });
    }
    // The engine's message would quote the text.
    throw evidenceError('EVIDENCE_SYNTAX', { line });
  }
  if (!isObject(value)) throw evidenceError('EVIDENCE_SHAPE', { field: 'the file', expected: 'an object' });
  return value;
}

/** Says whether JSON text ends within a string, an object or a list, or is empty. */
function endsInside(text: string): boolean {
  const token = /["{}[\]]/g;
  let depth = 0;
  for (let found = token.exec(text); found !== null; found = token.exec(text)) {
    const [piece] = found;
    if (piece === '{' || piece === '[') depth += 1;
    else if (piece === '}' || piece === ']') depth -= 1;
    else {
      const end = endOfString(text, found.index + 1);
      if (end === -1) return true;
      token.lastIndex = end;
    }
  }
  return depth > 0 || text.trim() === '';
}

function endOfString(text: string, from: number): number {
  const special = /["\\]/g;
  special.lastIndex = from;
  for (let found = special.exec(text); found !== null; found = special.exec(text)) {
    if (found[0] === '"') return special.lastIndex;
    special.lastIndex += 1;
  }
  return -1;
}

function initFrom(record: JsonObject): EvidenceBundleInit {
  const { events = [], redaction } = record;
  if (!Array.isArray(events)) throw evidenceError('EVIDENCE_SHAPE', { field: 'events', expected: 'a list' });
  if (!('events' in record) && !('version' in record)) {
    throw evidenceError('EVIDENCE_SHAPE', { field: 'the file', expected: 'an evidence bundle' });
  }
  const counts = object(object(redaction)['counts']);
  return {
    version:
      typeof record['version'] === 'number' ? String(record['version']) : (string(record['version']) ?? ''),
    createdMs: number(record['created_ms']) ?? 0,
    events: events.filter(isObject).flatMap((event): SSHEvent[] => {
      const read = eventFromRecord(event);
      return read === undefined ? [] : [read];
    }),
    eventsDropped: number(record['events_dropped']) ?? 0,
    transcript: (record['transcript'] ?? null) as Json,
    algorithms: algorithmsFrom(object(record['algorithms'])),
    timing: timingFrom(object(record['timing'])),
    hostInfo: object(record['host_info']),
    disconnectReason: string(record['disconnect_reason']),
    errorContext: object(record['error_context']),
    redaction: {
      applied: object(redaction)['applied'] === true,
      counts: Object.fromEntries(
        Object.entries(counts).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
      ),
    },
  };
}

function algorithmsFrom(record: JsonObject): AlgorithmInfo {
  // One name for both directions is how other tools, and some files of the original, put it.
  const pick = (name: string, short = name): string | null => string(record[name]) ?? string(record[short]);
  const strict = record['strict_kex'];
  const offers = object(record['offers']);
  return {
    kex: pick('kex'),
    hostKey: pick('host_key'),
    cipherCs: pick('cipher_cs', 'cipher'),
    cipherSc: pick('cipher_sc', 'cipher'),
    macCs: pick('mac_cs', 'mac'),
    macSc: pick('mac_sc', 'mac'),
    compressionCs: pick('compression_cs', 'compression'),
    compressionSc: pick('compression_sc', 'compression'),
    strictKex: typeof strict === 'boolean' ? strict : null,
    offers: { client: offerFrom(offers['client']), server: offerFrom(offers['server']) },
  };
}

function offerFrom(value: Json | undefined): AlgorithmOffer | null {
  if (!isObject(value)) return null;
  const names = (list: Json | undefined): readonly string[] =>
    Array.isArray(list) ? list.filter((name): name is string => typeof name === 'string') : [];
  return Object.fromEntries(SLOTS.map((slot) => [slot, names(value[slot])])) as unknown as AlgorithmOffer;
}

function timingFrom(record: JsonObject): TimingInfo {
  const ms = (name: string): number | null => number(record[name]);
  return {
    tcpMs: ms('tcp_ms'),
    versionMs: ms('version_ms'),
    kexMs: ms('kex_ms'),
    authMs: ms('auth_ms') ?? ms('auth_duration_ms'),
    firstChannelMs: ms('first_channel_ms'),
    totalMs: ms('total_ms') ?? ms('total_duration_ms') ?? ms('connect_duration_ms'),
    sessionMs: ms('session_ms'),
    connectDurationMs: ms('connect_duration_ms'),
    authDurationMs: ms('auth_duration_ms'),
  };
}

const object = (value: unknown): JsonObject => (isObject(value) ? value : {});
const string = (value: unknown): string | null => (typeof value === 'string' ? value : null);
const number = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null;

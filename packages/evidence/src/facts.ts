import type { TraceEvent, TraceValue } from '@nbs-ssh/transport/wire';
import { type AlgorithmOffer, type AlgorithmOffers, SLOTS, type Slot } from './algorithms.ts';
import type { AlgorithmInfo, TimingInfo } from './info.ts';
import type { Json, JsonObject } from './json.ts';

type Fields = Readonly<Record<string, TraceValue>>;

/** What a bundle says about a session apart from its events. */
export interface BundleFacts {
  readonly algorithms: AlgorithmInfo;
  readonly timing: TimingInfo;
  readonly hostInfo: JsonObject;
  readonly disconnectReason: string | null;
  readonly errorContext: JsonObject;
}

/** Commands remembered as running. More at once than any server allows sessions. */
const MAX_RUNNING = 1000;

/**
 * Learns a session's facts from its trace, one event at a time.
 *
 * It keeps a fixed number of values however long the session is, so facts of the handshake survive when the
 * event ring has forgotten it.
 */
export class SessionFacts {
  readonly #role: 'client' | 'server';
  readonly #marks = new Map<string, number>();
  readonly #durations = new Map<string, number>();
  readonly #host = new Map<string, TraceValue>();
  readonly #error = new Map<string, TraceValue>();
  readonly #running = new Map<string, { readonly command: string; readonly since: number }>();
  #negotiated: Fields = {};
  #insecure: Readonly<Record<string, TraceValue | undefined>> = {};
  #offers: AlgorithmOffers = { client: null, server: null };
  #rekeyCause: string | undefined;
  #exchangeOpen = false;
  #closed: Fields | undefined;
  #disconnect: { readonly fields: Fields; readonly by: 'us' | 'peer' } | undefined;
  #authMethod: string | undefined;

  /** @param role - Which end we are: says whose KEXINIT is the client's. */
  constructor(role: 'client' | 'server') {
    this.#role = role;
  }

  get host(): ReadonlyMap<string, TraceValue> {
    return this.#host;
  }

  get negotiated(): Fields {
    return this.#negotiated;
  }

  /** Insecure algorithms of the newest exchange, by the names of the KEX event. */
  get insecure(): Readonly<Record<string, TraceValue | undefined>> {
    return this.#insecure;
  }

  get offers(): AlgorithmOffers {
    return this.#offers;
  }

  /** Why the running re-key was started; absent in the first exchange. */
  get rekeyCause(): string | undefined {
    return this.#rekeyCause;
  }

  /** Whether a key exchange was begun and not finished. */
  get exchangeOpen(): boolean {
    return this.#exchangeOpen;
  }

  get authMethod(): string | undefined {
    return this.#authMethod;
  }

  see({ name, time, fields }: TraceEvent): void {
    this.#mark(name, time);
    for (const [from, to] of Object.entries(HOST_INFO[name] ?? {})) {
      const value = fields[from];
      if (value !== undefined) this.#host.set(to, value);
    }
    switch (name) {
      case 'session.tcp.connected':
        this.#keepDuration('tcp', fields);
        break;
      case 'transport.kexinit.sent':
        this.#keepOffer(this.#role === 'client' ? 'client' : 'server', fields);
        break;
      case 'transport.kexinit.received':
        this.#keepOffer(this.#role === 'client' ? 'server' : 'client', fields);
        break;
      case 'transport.kex.negotiated':
        this.#negotiated = fields;
        this.#insecure = {};
        break;
      case 'transport.kex.insecure':
        this.#insecure = { insecure: fields['negotiated'], insecure_offered: fields['offered'] };
        break;
      case 'transport.rekey.started':
        this.#rekeyCause = text(fields['cause']);
        break;
      case 'transport.kex.done':
        this.#exchangeOpen = false;
        if (!this.#durations.has('kex')) this.#keepDuration('kex', fields);
        break;
      case 'auth.success':
        this.#authMethod = text(fields['method']);
        break;
      case 'session.exec.started':
        if (this.#running.size < MAX_RUNNING) {
          this.#running.set(commandKey(fields), { command: text(fields['command']) ?? '', since: time });
        }
        break;
      case 'session.exec.done':
        this.#endCommand(fields);
        break;
      case 'session.ready':
        this.#keepDuration('ready', fields);
        break;
      case 'session.error':
        for (const key of ['error_type', 'code', 'message', 'phase']) {
          const value = fields[key];
          if (value !== undefined && !this.#error.has(key)) this.#error.set(key, value);
        }
        break;
      case 'transport.disconnect.sent':
      case 'transport.disconnect.received':
        this.#disconnect ??= { fields, by: name.endsWith('sent') ? 'us' : 'peer' };
        break;
      case 'session.closed':
        this.#closed ??= fields;
    }
  }

  /** Everything known so far. `now` is in the trace's clock, for commands that still run. */
  facts(now: number): BundleFacts {
    return {
      algorithms: this.#algorithms(),
      timing: this.#timing(),
      hostInfo: Object.fromEntries(this.#host) as JsonObject,
      disconnectReason: this.#disconnectReason(),
      errorContext: this.#errorContext(now),
    };
  }

  #algorithms(): AlgorithmInfo {
    const slot = (name: Slot): string | null => text(this.#negotiated[name]) ?? null;
    const strict = this.#negotiated['strict_kex'];
    return {
      kex: slot('kex'),
      hostKey: slot('host_key'),
      cipherCs: slot('cipher_cs'),
      cipherSc: slot('cipher_sc'),
      macCs: slot('mac_cs'),
      macSc: slot('mac_sc'),
      compressionCs: slot('compression_cs'),
      compressionSc: slot('compression_sc'),
      strictKex: typeof strict === 'boolean' ? strict : null,
      offers: this.#offers,
    };
  }

  #timing(): TimingInfo {
    const start = 'session.connect.started';
    const identified = 'transport.identification.received';
    const tcp = this.#durations.get('tcp') ?? this.#span(start, 'session.tcp.connected');
    const version = this.#span(
      this.#marks.has('session.tcp.connected') ? 'session.tcp.connected' : start,
      identified,
    );
    const auth = this.#span('auth.service.requested', 'auth.success');
    const connect = this.#durations.get('ready') ?? this.#span(start, 'session.ready');
    return {
      tcpMs: tcp,
      versionMs: version,
      kexMs: this.#durations.get('kex') ?? this.#span(identified, 'transport.kex.done'),
      authMs: auth ?? this.#span('auth.service.requested', 'auth.failed'),
      firstChannelMs: this.#span('channels.open', 'channels.opened'),
      totalMs: connect ?? this.#span(start, 'session.error') ?? this.#span(start, 'session.closed'),
      sessionMs: this.#span(start, 'session.closed'),
      connectDurationMs: connect,
      authDurationMs: auth,
    };
  }

  #disconnectReason(): string | null {
    const closed = text(this.#closed?.['reason']);
    if (closed !== undefined && closed !== '') return closed;
    const { fields } = this.#disconnect ?? {};
    const described = text(fields?.['description']);
    if (described !== undefined && described !== '') return described;
    const reason = fields?.['reason'];
    if (typeof reason === 'string' || typeof reason === 'number') return String(reason);
    return text(this.#error.get('message')) ?? null;
  }

  #errorContext(now: number): JsonObject {
    const out: Record<string, Json> = Object.fromEntries(this.#error) as Record<string, Json>;
    if (this.#closed?.['by'] !== undefined) out['closed_by'] = this.#closed['by'];
    if (this.#disconnect !== undefined) {
      const { fields, by } = this.#disconnect;
      out['disconnect'] = { by, code: fields['code'] ?? null, description: fields['description'] ?? null };
    }
    const running = [...this.#running.values()].map(({ command, since }) => ({
      command,
      running_ms: micro(now - since),
    }));
    if (running.length > 0) out['running_commands'] = running;
    return out;
  }

  /** Remembers when each kind of trace event came first. Names are ours, so their number is bounded. */
  #mark(name: string, time: number): void {
    if (MARKS.has(name) && !this.#marks.has(name)) this.#marks.set(name, time);
  }

  #span(from: string, to: string): number | null {
    const a = this.#marks.get(from);
    const b = this.#marks.get(to);
    return a === undefined || b === undefined ? null : micro(b - a);
  }

  #keepDuration(name: string, fields: Fields): void {
    const value = fields['duration_ms'];
    if (typeof value === 'number') this.#durations.set(name, micro(value));
  }

  #keepOffer(side: 'client' | 'server', fields: Fields): void {
    if (!this.#exchangeOpen) this.#offers = { client: null, server: null };
    this.#exchangeOpen = true;
    const list = (slot: string): readonly string[] => {
      const value = fields[slot];
      return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
    };
    const offer = Object.fromEntries(SLOTS.map((slot) => [slot, list(slot)])) as unknown as AlgorithmOffer;
    this.#offers = { ...this.#offers, [side]: offer };
  }

  #endCommand(fields: Fields): void {
    const key = commandKey(fields);
    if (this.#running.delete(key) || fields['channel'] !== undefined) return;
    // The end may not name its channel: then the oldest run of the same command is the one.
    for (const [other, { command }] of this.#running) {
      if (command === fields['command']) {
        this.#running.delete(other);
        return;
      }
    }
  }
}

/** Which trace fields go into `host_info`, and under which key. */
const HOST_INFO: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'session.connect.started': { host: 'host', port: 'port', username: 'username' },
  'session.tcp.connected': { host: 'host', port: 'port', address: 'address' },
  'transport.identification.sent': { line: 'our_version' },
  'transport.identification.received': {
    line: 'peer_version',
    software: 'peer_software',
    pre_lines: 'pre_lines',
  },
  'transport.hostkey.received': { key_type: 'host_key_type', fingerprint: 'host_key_fingerprint' },
  'transport.hostkey.verdict': { verdict: 'host_key_verdict' },
  'transport.ext-info.received': { server_sig_algs: 'server_sig_algs' },
  'auth.banner': { text: 'banner' },
  'auth.success': { method: 'auth_method' },
};

const MARKS: ReadonlySet<string> = new Set([
  'session.connect.started',
  'session.tcp.connected',
  'transport.identification.received',
  'transport.kex.done',
  'auth.service.requested',
  'auth.success',
  'auth.failed',
  'channels.open',
  'channels.opened',
  'session.ready',
  'session.error',
  'session.closed',
]);

const text = (value: TraceValue | undefined): string | undefined =>
  typeof value === 'string' ? value : undefined;

/** Milliseconds to the microsecond: more digits are noise. */
const micro = (ms: number): number => Math.round(ms * 1000) / 1000;

const commandKey = (fields: Fields): string => `${fields['channel'] ?? ''} ${fields['command'] ?? ''}`;

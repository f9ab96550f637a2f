import type { TraceEvent, TraceValue } from '@nbs-ssh/transport/wire';
import type { EventData, EventType, SSHEvent } from './events.ts';
import type { SessionFacts } from './facts.ts';
import { fieldsOf } from './fields.ts';

/** From the trace's clock to Unix time: Unix milliseconds at the trace's zero. */
export interface TraceClock {
  readonly epochOffsetMs: number;
}

/**
 * The event that a trace event stands for, or `undefined` when it stands for none.
 *
 * @param facts - The session's facts, which have already seen `trace`.
 */
export function eventFromTrace(
  trace: TraceEvent,
  facts: SessionFacts,
  clock: TraceClock,
): SSHEvent | undefined {
  const { fields } = trace;
  const make = <T extends EventType>(eventType: T, data: Loose<T>): SSHEvent =>
    ({
      eventType,
      timestamp: Math.round((trace.time + clock.epochOffsetMs) * 1000) / 1_000_000,
      data: only(eventType, data),
    }) as unknown as SSHEvent;
  const target = { host: facts.host.get('host'), port: facts.host.get('port') };
  const user = { username: facts.host.get('username') };

  switch (trace.name) {
    case 'session.connect.started':
      return make('CONNECT', { ...fields, status: 'initiating' });
    case 'session.tcp.connected':
      return make('CONNECT', { ...target, ...user, ...fields, status: 'tcp' });
    case 'session.ready':
      return make('CONNECT', {
        ...target,
        ...user,
        auth_method: facts.authMethod,
        ...fields,
        status: 'connected',
      });
    case 'auth.attempt':
      return make('AUTH', { ...user, ...fields, status: 'attempt' });
    case 'auth.result':
      return make('AUTH', { ...user, ...fields, status: RESULTS[String(fields['result'])] ?? 'failed' });
    case 'auth.certificate-refused':
      return make('AUTH', {
        ...user,
        method: 'publickey',
        stage: 'certificate',
        ...fields,
        status: 'failed',
      });
    case 'auth.skipped':
      return make('AUTH', { ...user, ...fields, status: 'skipped' });
    case 'session.keepalive.sent':
      return make('KEEPALIVE_SENT', fields);
    case 'session.keepalive.received':
      return make('KEEPALIVE_RECEIVED', fields);
    case 'session.keepalive.timeout':
      return make('KEEPALIVE_TIMEOUT', fields);
    case 'session.exec.done':
    case 'session.subsystem.done':
      return make('EXEC', fields);
    case 'session.shell.started':
      return make('SHELL', { ...fields, status: 'started' });
    case 'session.shell.done':
      return make('SHELL', { ...fields, status: 'ended' });
    case 'x11.answered':
      return make('FORWARD', {
        forward_type: 'x11',
        ...(fields['granted'] === true
          ? { status: 'established' }
          : { status: 'failed', error: 'the server does not allow X11' }),
      });
    case 'x11.refused':
      return make('FORWARD', { forward_type: 'x11', status: 'connection_failed', error: fields['reason'] });
    case 'transport.kex.done':
      return make('KEX', {
        ...facts.negotiated,
        ...facts.insecure,
        ...cause(facts, fields),
        ...fields,
        status: 'negotiated',
      });
    case 'transport.hostkey.verdict':
      return make('HOST_KEY', { key_type: facts.host.get('host_key_type'), ...fields });
    case 'session.hostkeys.updated':
    case 'session.hostkeys.ignored':
      return make('HOST_KEY', fields);
    case 'session.forward.establishing':
      return make('FORWARD', { ...fields, status: 'establishing' });
    case 'session.forward.established':
      return make('FORWARD', { ...fields, status: 'established' });
    case 'session.forward.failed':
      return make('FORWARD', { ...fields, status: 'failed' });
    case 'session.forward.closed':
      return make('FORWARD', { ...fields, status: 'closed' });
    case 'session.forward.connection.failed':
      return make('FORWARD', { ...fields, status: 'connection_failed' });
    case 'transport.packet':
      return make('PACKET', fields);
    case 'session.error':
      return make('ERROR', fields);
    case 'session.closed':
      return make('DISCONNECT', { ...target, ...fields });
    default:
      return undefined;
  }
}

/**
 * The KEX event of an exchange that never finished, or `undefined` when none is open.
 *
 * It carries both offers: without a common algorithm they are the whole explanation.
 */
export function failedExchange(
  trace: TraceEvent,
  facts: SessionFacts,
  clock: TraceClock,
): SSHEvent<'KEX'> | undefined {
  if (trace.name !== 'session.error' || !facts.exchangeOpen) return undefined;
  const timestamp = Math.round((trace.time + clock.epochOffsetMs) * 1000) / 1_000_000;
  return { eventType: 'KEX', timestamp, data: { status: 'failed', offers: facts.offers } };
}

type Loose<T extends EventType> = {
  readonly [K in keyof EventData[T]]?: EventData[T][K] | TraceValue | undefined;
} & Readonly<Record<string, unknown>>;

const RESULTS: Readonly<Record<string, 'success' | 'failed' | 'partial'>> = {
  success: 'success',
  failure: 'failed',
  partial: 'partial',
};

function cause(facts: SessionFacts, fields: TraceEvent['fields']): { readonly cause?: string } {
  const number = fields['number'];
  return facts.rekeyCause !== undefined && typeof number === 'number' && number > 1
    ? { cause: facts.rekeyCause }
    : {};
}

/** The fields that this event type may have; anything else a layer reports is not stored. */
function only(eventType: EventType, data: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const allowed = fieldsOf(eventType);
  return Object.fromEntries(
    Object.entries(data).filter(([key, value]) => Object.hasOwn(allowed, key) && value !== undefined),
  );
}

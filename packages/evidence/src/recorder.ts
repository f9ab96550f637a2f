import type { TraceEvent, TraceSink } from '@nbs-ssh/transport/wire';
import { EvidenceBundle } from './bundle.ts';
import { DEFAULT_CAPACITY } from './collector.ts';
import type { EventSink, SSHEvent } from './events.ts';
import { SessionFacts } from './facts.ts';
import { eventFromTrace, failedExchange, type TraceClock } from './from-trace.ts';
import type { Json } from './json.ts';
import { Redactor } from './redact/redactor.ts';
import { Ring } from './ring.ts';

/** What a recorder needs. */
export interface RecorderOptions extends TraceClock {
  /** Which end we are. Default `client`. */
  readonly role?: 'client' | 'server';
  /** Where events go besides the bundle: collectors (`(e) => collector.record(e)`), an event log. */
  readonly sinks?: readonly EventSink[];
  /** Events kept for the bundle. Default 10,000. */
  readonly capacity?: number;
  /** Knows the session's secrets. Default: a new one. */
  readonly redactor?: Redactor;
}

/**
 * Turns a session's trace into events and into the bundle.
 *
 * It keeps its own events, so a bundle exists whether or not the user collects any, and from before the first
 * byte. Registered secrets are removed before an event is stored or passed on.
 */
export class EvidenceRecorder {
  readonly redactor: Redactor;
  /** Takes the trace. Never throws. */
  readonly sink: TraceSink = (trace) => this.#take(trace);
  readonly #clock: TraceClock;
  readonly #facts: SessionFacts;
  readonly #ring: Ring<SSHEvent>;
  readonly #sinks: Set<EventSink>;
  #sinkErrors = 0;

  constructor(options: RecorderOptions) {
    this.#clock = { epochOffsetMs: options.epochOffsetMs };
    this.#facts = new SessionFacts(options.role ?? 'client');
    this.#ring = new Ring(options.capacity ?? DEFAULT_CAPACITY);
    this.#sinks = new Set(options.sinks);
    this.redactor = options.redactor ?? new Redactor();
  }

  /** The newest events, oldest first. */
  get events(): readonly SSHEvent[] {
    return this.#ring.toArray();
  }

  /** Sinks that threw. Their errors stop here: nothing in the packet path may fail because of a log. */
  get sinkErrors(): number {
    return this.#sinkErrors;
  }

  /** Passes events on to `sink` from now on. @returns a function that ends it. */
  addSink(sink: EventSink): () => void {
    this.#sinks.add(sink);
    return () => void this.#sinks.delete(sink);
  }

  /** Takes an event that does not come from the trace, for example a supervisor's. Never throws. */
  record(event: SSHEvent): void {
    const clean = this.#scrubbed(event);
    this.#ring.push(clean);
    for (const sink of this.#sinks) {
      try {
        sink(clean);
      } catch {
        this.#sinkErrors += 1;
      }
    }
  }

  /**
   * The bundle as of now, whatever became of the session.
   *
   * @param options - `now`: milliseconds in the trace's clock. `transcript`: plain data to put in.
   */
  bundle(options: { readonly now: number; readonly transcript?: Json | undefined }): EvidenceBundle {
    const { algorithms, timing, ...texts } = this.#facts.facts(options.now);
    const clean = this.redactor.scrub({ ...texts, transcript: options.transcript ?? null });
    return new EvidenceBundle(
      {
        ...(clean.value as unknown as typeof texts & { readonly transcript: Json }),
        createdMs: Math.round(options.now + this.#clock.epochOffsetMs),
        events: this.events,
        eventsDropped: this.#ring.dropped,
        algorithms,
        timing,
      },
      this.redactor,
    );
  }

  #take(trace: TraceEvent): void {
    try {
      this.#facts.see(trace);
      const failed = failedExchange(trace, this.#facts, this.#clock);
      if (failed !== undefined) this.record(failed);
      const event = eventFromTrace(trace, this.#facts, this.#clock);
      if (event !== undefined) this.record(event);
    } catch {
      this.#sinkErrors += 1;
    }
  }

  /** Fails closed: data that cannot be searched is not kept. */
  #scrubbed(event: SSHEvent): SSHEvent {
    if (this.redactor.registered === 0) return event;
    return { ...event, data: this.redactor.scrub(event.data).value } as unknown as SSHEvent;
  }
}

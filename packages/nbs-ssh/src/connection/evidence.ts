import { EvidenceRecorder, type SSHEvent } from '@nbs-ssh/evidence';
import { EvidenceBundle, JsonlFile } from '@nbs-ssh/evidence/node';
import type { Clock } from '@nbs-ssh/session';
import type { Secret, TraceSink, TraceValue } from '@nbs-ssh/transport/wire';
import type { ConnectionConfig } from './options.ts';
import type { Seat } from './seat.ts';

/** What one connection leaves behind. Exists from construction on, so that a failed connect has a bundle too. */
export class ConnectionEvidence {
  readonly #recorder: EvidenceRecorder;
  readonly #clock: Clock;
  readonly #logPath: string | undefined;
  #log: JsonlFile | undefined;
  readonly sink: TraceSink;

  /** @param seat - Where this connection is part of another one: its events go there too. */
  constructor(config: ConnectionConfig, clock: Clock, seat?: Seat) {
    this.#clock = clock;
    const { eventCollector, eventLogPath } = config;
    this.#logPath = eventLogPath;
    this.#recorder = new EvidenceRecorder({ epochOffsetMs: clock.unixNow() - clock.now() });
    if (eventCollector !== undefined) this.#recorder.addSink((event) => eventCollector.record(event));
    if (seat !== undefined) this.#recorder.addSink((event) => seat.record(withHop(event, seat.hop)));
    this.sink = this.#recorder.sink;
  }

  /** Opens the event log. @throws {EvidenceError} when it cannot be. */
  openLog(): void {
    if (this.#logPath === undefined) return;
    const log = new JsonlFile(this.#logPath);
    this.#log = log;
    this.#recorder.addSink((event) => log.write(event));
  }

  emit(name: string, fields: Record<string, TraceValue>): void {
    this.sink({ name, time: this.#clock.now(), fields });
  }

  /** Takes an event of a connection that this one goes through. */
  record(event: SSHEvent): void {
    this.#recorder.record(event);
  }

  /** From now on `secret` is removed wherever it turns up. */
  register(secret: Secret): void {
    this.#recorder.redactor.register(secret);
  }

  /** A text of somebody else's without secrets, for an error. */
  mask(text: string): string {
    return this.#recorder.redactor.maskText(text);
  }

  bundle(transcript?: Parameters<EvidenceRecorder['bundle']>[0]['transcript']): EvidenceBundle {
    return EvidenceBundle.from(this.#recorder.bundle({ now: this.#clock.now(), transcript }));
  }

  /** Closes the event log. What is recorded afterwards stays in the bundle only. */
  close(): void {
    this.#log?.close();
  }
}

/** An event of a hop that has a hop of its own keeps the name of the inner one. */
function withHop(event: SSHEvent, hop: string): SSHEvent {
  return { ...event, data: { hop, ...event.data } } as unknown as SSHEvent;
}

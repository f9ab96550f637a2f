import { EvidenceRecorder } from '@nbs-ssh/evidence';
import { EvidenceBundle, JsonlFile } from '@nbs-ssh/evidence/node';
import type { Clock } from '@nbs-ssh/session';
import type { Secret, TraceSink, TraceValue } from '@nbs-ssh/transport/wire';
import type { ConnectionConfig } from './options.ts';

/** What one connection leaves behind. Exists from construction on, so that a failed connect has a bundle too. */
export class ConnectionEvidence {
  readonly #recorder: EvidenceRecorder;
  readonly #clock: Clock;
  readonly #logPath: string | undefined;
  #log: JsonlFile | undefined;
  readonly sink: TraceSink;

  constructor(config: ConnectionConfig, clock: Clock) {
    this.#clock = clock;
    const { eventCollector, eventLogPath } = config;
    this.#logPath = eventLogPath;
    this.#recorder = new EvidenceRecorder({ epochOffsetMs: clock.unixNow() - clock.now() });
    if (eventCollector !== undefined) this.#recorder.addSink((event) => eventCollector.record(event));
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

  /** From now on `secret` is removed wherever it turns up. */
  register(secret: Secret): void {
    this.#recorder.redactor.register(secret);
  }

  bundle(transcript?: Parameters<EvidenceRecorder['bundle']>[0]['transcript']): EvidenceBundle {
    return EvidenceBundle.from(this.#recorder.bundle({ now: this.#clock.now(), transcript }));
  }

  /** Closes the event log. What is recorded afterwards stays in the bundle only. */
  close(): void {
    this.#log?.close();
  }
}

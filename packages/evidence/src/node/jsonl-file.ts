import { closeSync, constants, fstatSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs';
import { evidenceError } from '../errors.ts';
import { type EventSink, eventToRecord, type SSHEvent } from '../events.ts';
import { safeStringify } from '../json.ts';
import { fileError, kindOf } from './bundle-file.ts';

const LF = 0x0a;

/**
 * An event log: one JSON object a line, appended as it happens.
 *
 * Writing is synchronous, so the newest line is in the operating system's hands when the process dies. Errors
 * after opening are told once and never thrown: a full disk must not end a connection.
 */
export class JsonlFile {
  readonly path: string;
  /** For `EvidenceRecorder`'s sinks. */
  readonly sink: EventSink = (event) => this.write(event);
  readonly #onError: ((error: Error) => void) | undefined;
  #descriptor: number | undefined;
  #error: Error | undefined;
  #lost = 0;

  /**
   * Opens or creates (mode 0600) the file.
   *
   * @param options - `onError`: called once, when writing fails for the first time.
   * @throws {EvidenceError} `EVIDENCE_FILE`, or `EVIDENCE_TARGET` when it is not a regular file.
   */
  constructor(path: string, options: { readonly onError?: (error: Error) => void } = {}) {
    this.path = path;
    this.#onError = options.onError;
    let descriptor: number | undefined;
    try {
      descriptor = openSync(path, FLAGS, 0o600);
      const stats = fstatSync(descriptor);
      if (!stats.isFile()) throw evidenceError('EVIDENCE_TARGET', { path, kind: kindOf(stats) });
      // A line that was cut off by a crash must not swallow our first one.
      if (stats.size > 0 && lastByte(descriptor, stats.size) !== LF) writeAll(descriptor, '\n');
    } catch (error) {
      if (descriptor !== undefined) closeSync(descriptor);
      if ((error as NodeJS.ErrnoException).code === 'ELOOP') {
        throw evidenceError('EVIDENCE_TARGET', { path, kind: 'symbolic link' });
      }
      throw fileError(path, 'cannot open', error);
    }
    this.#descriptor = descriptor;
  }

  /** What went wrong first. Nothing is written after it. */
  get error(): Error | undefined {
    return this.#error;
  }

  /** Events that are not in the file: they came after an error or after {@link close}. */
  get lost(): number {
    return this.#lost;
  }

  /** Appends one line. Never throws. */
  write(event: SSHEvent): void {
    if (this.#descriptor === undefined || this.#error !== undefined) {
      this.#lost += 1;
      return;
    }
    try {
      writeAll(this.#descriptor, `${safeStringify(eventToRecord(event))}\n`);
    } catch (error) {
      this.#lost += 1;
      this.#error = fileError(this.path, 'cannot write', error);
      try {
        this.#onError?.(this.#error);
      } catch {
        // The listener's own trouble; see above.
      }
    }
  }

  /** Brings everything to the disk and closes. May be called again. Never throws. */
  close(): void {
    const descriptor = this.#descriptor;
    this.#descriptor = undefined;
    if (descriptor === undefined) return;
    try {
      fsyncSync(descriptor);
    } catch (error) {
      this.#error ??= fileError(this.path, 'cannot write', error);
    } finally {
      closeSync(descriptor);
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** Reading is for the last byte. No link is followed, and a pipe without a reader is an error, not a wait. */
const FLAGS =
  constants.O_RDWR |
  constants.O_APPEND |
  constants.O_CREAT |
  (constants.O_NOFOLLOW ?? 0) |
  (constants.O_NONBLOCK ?? 0);

function writeAll(descriptor: number, text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
}

function lastByte(descriptor: number, size: number): number | undefined {
  const byte = new Uint8Array(1);
  return readSync(descriptor, byte, 0, 1, size - 1) === 1 ? byte[0] : undefined;
}

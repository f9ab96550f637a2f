import { authError } from '../errors.ts';

/** Most requests that wait while one is being decided. Clients that pipeline send two or three. */
const MAX_PAYLOADS = 16;
/** Most bytes of them. */
const MAX_BYTES = 65_536;

/** Requests that came while the application was deciding, in order and undecoded. */
export class Backlog {
  readonly #payloads: Uint8Array[] = [];
  #bytes = 0;

  /** @throws {AuthError} `AUTH_LIMIT` */
  add(payload: Uint8Array): void {
    this.#bytes += payload.length;
    if (this.#payloads.length >= MAX_PAYLOADS) {
      throw authError('AUTH_LIMIT', {
        what: 'requests in advance',
        limit: MAX_PAYLOADS,
        received: this.#payloads.length + 1,
      });
    }
    if (this.#bytes > MAX_BYTES) {
      throw authError('AUTH_LIMIT', {
        what: 'bytes of requests in advance',
        limit: MAX_BYTES,
        received: this.#bytes,
      });
    }
    // A copy: the transport uses its buffer again.
    this.#payloads.push(payload.slice());
  }

  take(): Uint8Array | undefined {
    const payload = this.#payloads.shift();
    if (payload !== undefined) this.#bytes -= payload.length;
    return payload;
  }
}

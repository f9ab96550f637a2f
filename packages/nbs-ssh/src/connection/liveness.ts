import type { GlobalRequestId } from '@nbs-ssh/channels';
import type { Clock } from '@nbs-ssh/session';
import { EMPTY, type TraceValue } from '@nbs-ssh/transport/wire';
import type { ClientSession } from './client-session.ts';
import { Keepalive, type KeepaliveConfig } from './keepalive.ts';
import { Waiters } from './waiters.ts';

/** What asking for signs of life needs of a connection. */
export interface LivenessParts {
  readonly clock: Clock;
  readonly emit: (name: string, fields: Record<string, TraceValue>) => void;
  /** @throws {SSHError} when the connection is not open. */
  readonly session: () => ClientSession;
  /** The server was silent for too long. Called at most once. */
  readonly dead: (missed: number) => void;
}

/** Signs of life of the server: one now, and regularly where that is configured. */
export class Liveness {
  readonly #parts: LivenessParts;
  readonly #pings = new Waiters<GlobalRequestId>();
  #keepalive: Keepalive | undefined;

  constructor(parts: LivenessParts) {
    this.#parts = parts;
  }

  /** @param config - `undefined`: nobody asks by himself. */
  watch(config: KeepaliveConfig | undefined): void {
    if (config === undefined) return;
    const { clock, emit, dead } = this.#parts;
    this.#keepalive = new Keepalive(config, { clock, emit, dead, ask: () => this.#ask() });
    this.#keepalive.start();
  }

  /** Bytes came from the server. */
  alive(): void {
    this.#keepalive?.alive();
  }

  replied(request: GlobalRequestId): void {
    this.#keepalive?.answered(request);
    this.#pings.resolve(request);
  }

  /** @returns the round trip in milliseconds. @throws {SSHError} what ended the connection; `signal.reason`. */
  async ping(signal: AbortSignal | undefined): Promise<number> {
    signal?.throwIfAborted();
    const { clock } = this.#parts;
    const startedAt = clock.now();
    await this.#pings.wait(this.#ask(), signal);
    return clock.now() - startedAt;
  }

  end(error: unknown): void {
    this.#keepalive?.stop();
    this.#pings.rejectAll(error);
  }

  #ask(): GlobalRequestId {
    const { machine, driver } = this.#parts.session();
    const id = machine.mux.globalRequest('keepalive@openssh.com', EMPTY, true);
    driver.wake();
    return id;
  }
}

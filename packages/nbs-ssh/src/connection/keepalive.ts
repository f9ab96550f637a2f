import type { GlobalRequestId } from '@nbs-ssh/channels';
import type { Clock } from '@nbs-ssh/session';
import type { TraceValue } from '@nbs-ssh/transport/wire';

/** When a server that says nothing is taken for dead: after `intervalSec` × `maxCount`. */
export interface KeepaliveOptions {
  /** Seconds between two questions. */
  readonly intervalSec: number;
  /** Questions without an answer. Default 3. */
  readonly maxCount?: number;
}

export interface KeepaliveConfig {
  readonly intervalMs: number;
  readonly maxCount: number;
}

/** What watching a server needs of its connection. */
export interface KeepaliveTarget {
  readonly clock: Pick<Clock, 'now' | 'after'>;
  /** Sends `keepalive@openssh.com`. */
  readonly ask: () => GlobalRequestId;
  readonly emit: (name: string, fields: Record<string, TraceValue>) => void;
  /** Called at most once. */
  readonly dead: (missed: number) => void;
}

/**
 * Asks the server for a sign of life, the first time at once. Any answer is one, also a refusal, and so is everything
 * else that it sends: an answer may stand behind a lot of data.
 */
export class Keepalive {
  readonly #config: KeepaliveConfig;
  readonly #target: KeepaliveTarget;
  /** Questions that are open, with the time of asking. */
  readonly #open = new Map<GlobalRequestId, number>();
  #missed = 0;
  #cancel: (() => void) | undefined;

  constructor(config: KeepaliveConfig, target: KeepaliveTarget) {
    this.#config = config;
    this.#target = target;
  }

  start(): void {
    this.#tick();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** Something came from the server. */
  alive(): void {
    this.#missed = 0;
  }

  answered(request: GlobalRequestId): void {
    const askedAt = this.#open.get(request);
    if (askedAt === undefined) return;
    this.#open.delete(request);
    const { clock, emit } = this.#target;
    emit('session.keepalive.received', { rtt_ms: clock.now() - askedAt });
  }

  #tick(): void {
    const { clock, emit, ask, dead } = this.#target;
    const { intervalMs, maxCount } = this.#config;
    if (this.#missed >= maxCount) {
      this.stop();
      emit('session.keepalive.timeout', { missed: this.#missed });
      dead(this.#missed);
      return;
    }
    this.#missed += 1;
    // A server that sends data and never answers gets no more questions than one that is silent.
    if (this.#open.size < maxCount) {
      this.#open.set(ask(), clock.now());
      emit('session.keepalive.sent', { outstanding: this.#open.size });
    }
    this.#cancel = clock.after(intervalMs, () => this.#tick());
  }
}

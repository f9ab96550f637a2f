import type { Splice } from '@nbs-ssh/session/node';
import { defect, type ForwardAround } from './around.ts';
import { type Refusal, shortage } from './refused.ts';

/** What a connection is for, in the trace. */
export interface ForwardFields {
  readonly forward_type: 'local' | 'remote';
  /** At our side: what is dialled, or where we listen. */
  readonly remote_host?: string;
  readonly remote_port?: number;
  readonly remote_path?: string;
}

/** Makes a connection. It tells both ends when it cannot, unless `signal` was aborted: then nobody is there. */
export type Make = (signal: AbortSignal) => Promise<Splice | Refusal>;

interface Connection {
  readonly abort: AbortController;
  splice: Splice | undefined;
}

/** All connections through the forwards of one client, while they are made and while they last. */
export class Connections {
  readonly #around: ForwardAround;
  readonly #all = new Set<Connection>();
  readonly #running = new Set<Promise<void>>();
  #pending = 0;
  #over = false;

  constructor(around: ForwardAround) {
    this.#around = around;
  }

  /** Resolves when every connection is gone; to be called after {@link end}. Never rejects. */
  get settled(): Promise<unknown> {
    return Promise.all(this.#running);
  }

  /**
   * Makes a connection and keeps account of it.
   *
   * @returns why there is no room for it, or a promise that resolves when it is over and never rejects.
   */
  begin(fields: ForwardFields, make: Make): Refusal | Promise<void> {
    const { maxForwardedConnections, maxPendingForwards } = this.#around.limits;
    const full =
      this.#over || this.#all.size >= maxForwardedConnections
        ? shortage('too many forwarded connections')
        : this.#pending >= maxPendingForwards
          ? shortage('too many forwarded connections are being made')
          : undefined;
    if (full !== undefined) {
      this.failed(fields, full);
      return full;
    }
    const connection: Connection = { abort: new AbortController(), splice: undefined };
    this.#all.add(connection);
    const running = this.#run(connection, fields, make)
      .catch((error: unknown) => this.#around.fail(defect(error)))
      .finally(() => this.#all.delete(connection));
    this.#running.add(running);
    void running.then(() => this.#running.delete(running));
    return running;
  }

  /** Tells of a connection that did not come about. */
  failed(fields: ForwardFields, refusal: Refusal): void {
    this.#around.trace('session.forward.connection.failed', {
      ...fields,
      reason: refusal.word,
      error: refusal.text,
    });
  }

  /** The client is gone: nothing is made any more, and everything is ended. Idempotent. */
  end(): void {
    this.#over = true;
    for (const { abort, splice } of this.#all) {
      abort.abort();
      splice?.giveUp();
    }
  }

  async #run(connection: Connection, fields: ForwardFields, make: Make): Promise<void> {
    const { trace } = this.#around;
    this.#pending += 1;
    const made = await make(connection.abort.signal).finally(() => {
      this.#pending -= 1;
    });
    if ('word' in made) {
      if (!connection.abort.signal.aborted) this.failed(fields, made);
    } else {
      connection.splice = made;
      const channel = made.channel.id;
      trace('session.forward.connection.opened', { ...fields, channel });
      const outcome = await made.done;
      if (outcome.by === 'socket' || outcome.by === 'session') {
        const error = outcome.by === 'session' ? 'the connection to the client ended' : wordOf(outcome.error);
        trace('session.forward.connection.failed', { ...fields, channel, reason: 'broken', error });
      } else trace('session.forward.connection.closed', { ...fields, channel });
    }
  }
}

/** The operating system's word, such as ECONNRESET. */
const wordOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'broken';

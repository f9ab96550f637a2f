import { printable, type TraceValue, type WireWriter } from '@nbs-ssh/transport/wire';
import { userauthRequest } from '../messages.ts';
import type { Tracer } from '../tracer.ts';
import type { OpenAttempt } from './ledger.ts';
import type { ClientAuthEffect, ClientAuthOutput } from './types.ts';

/** What the machine has to say, in order; counts the requests and reports each as it is queued. */
export class Outbox {
  readonly #username: string;
  readonly #tracer: Tracer;
  readonly #outputs: ClientAuthOutput[] = [];
  #requests = 0;
  #lastEffect = 0;

  constructor(username: string, tracer: Tracer) {
    this.#username = username;
    this.#tracer = tracer;
  }

  /** SSH_MSG_USERAUTH_REQUESTs queued so far. */
  get requests(): number {
    return this.#requests;
  }

  take(): ClientAuthOutput | undefined {
    return this.#outputs.shift();
  }

  push(output: ClientAuthOutput): void {
    this.#outputs.push(output);
  }

  send(payload: Uint8Array): void {
    this.push({ type: 'send', payload });
  }

  request(attempt: OpenAttempt, stage: string, fields: WireWriter): void {
    this.#requests += 1;
    this.note(attempt, stage);
    this.send(userauthRequest(this.#username, attempt.method, fields));
  }

  /** @returns The id that the answer must carry. */
  ask(effect: (id: number) => ClientAuthEffect): number {
    this.#lastEffect += 1;
    this.push({ type: 'effect', effect: effect(this.#lastEffect) });
    return this.#lastEffect;
  }

  /** Traces one step of an attempt. `more` must hold nothing secret and nothing unescaped. */
  note(attempt: OpenAttempt, stage: string, more: Readonly<Record<string, TraceValue>> = {}): void {
    this.#tracer.emit('auth.attempt', {
      method: attempt.method,
      username: printable(this.#username),
      stage,
      ...(attempt.fingerprint === undefined ? {} : { fingerprint: attempt.fingerprint }),
      ...(attempt.algorithm === undefined ? {} : { algorithm: attempt.algorithm }),
      ...more,
    });
  }
}

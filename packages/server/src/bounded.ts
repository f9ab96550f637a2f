import type { Clock } from '@nbs-ssh/session';
import type { SshError } from '@nbs-ssh/transport/wire';
import { serverError } from './errors.ts';

/** How a handler of the application is asked. */
export interface Asking {
  readonly clock: Clock;
  readonly limitSec: number;
  /** For the error, when it throws or takes too long. */
  readonly handler: string;
  readonly onError: (error: SshError) => void;
}

/** A question to a handler. */
export interface Asked<T> {
  /** Never rejects and never hangs. */
  readonly answer: Promise<T>;
  /** Nobody waits for the answer any more: it is the refusal. */
  readonly giveUp: () => void;
}

/**
 * Asks a handler of the application. `refusal` is the answer when it throws or takes too long; its late answer counts for
 * nothing.
 *
 * @param ask - Gets what a failure of a later turn is to be told to.
 */
export function askInTime<T>(
  { clock, limitSec, handler, onError }: Asking,
  refusal: T,
  ask: (failed: (cause: unknown) => void) => Promise<T>,
): Asked<T> {
  let giveUp = (): void => {};
  const answer = new Promise<T>((resolve) => {
    let done = false;
    const finish = (value: T, error?: SshError): void => {
      if (done) return;
      done = true;
      cancelTimer();
      if (error !== undefined) onError(error);
      resolve(value);
    };
    const cancelTimer = clock.after(limitSec * 1000, () => {
      finish(refusal, serverError('SERVER_HANDLER_TIMEOUT', { handler, limitSec }));
    });
    giveUp = () => finish(refusal);
    const failed = (cause: unknown): void =>
      finish(refusal, serverError('SERVER_HANDLER_FAILED', { handler }, { cause }));
    Promise.resolve()
      .then(() => ask(failed))
      .then(finish, failed);
  });
  return { answer, giveUp };
}

import type { ServerVerdict } from '@nbs-ssh/auth';
import type { Secret } from '@nbs-ssh/transport/wire';
import { serverError } from './errors.ts';
import type { KeyboardInteractiveAttempt, PromptClient, ServerAuthHandlers } from './handlers.ts';

type Handler = NonNullable<ServerAuthHandlers['keyboardInteractive']>;

/**
 * One keyboard-interactive dialog, RFC 4256: turns the machine's rounds into a handler that awaits answers.
 *
 * Each step ends with a question list for the client or with the handler's decision.
 */
export class Dialog {
  readonly #onError: (error: unknown) => void;
  #step: ((verdict: ServerVerdict) => void) | undefined;
  #prompt:
    | { readonly resolve: (answers: readonly Secret[]) => void; readonly reject: (error: Error) => void }
    | undefined;
  #over = false;

  /** @param onError - Hears what the handler throws while its answer still matters. */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  start(handler: Handler, attempt: KeyboardInteractiveAttempt): Promise<ServerVerdict> {
    const step = this.#nextStep();
    const decided = Promise.resolve().then(() => handler(attempt, this.#ask));
    decided.then(
      (verdict) => this.#settle(verdict === true),
      (error: unknown) => {
        if (!this.#over) this.#onError(error);
        this.#settle(false);
      },
    );
    return step;
  }

  /** Gives the client's answers to the handler. */
  answer(responses: readonly Secret[]): Promise<ServerVerdict> {
    if (this.#over || this.#prompt === undefined) return Promise.resolve(false);
    const step = this.#nextStep();
    const { resolve } = this.#prompt;
    this.#prompt = undefined;
    resolve(responses);
    return step;
  }

  /** The client began anew, or is gone. */
  abandon(): void {
    this.#over = true;
    this.#settle(false);
    this.#prompt?.reject(abandoned());
    this.#prompt = undefined;
  }

  readonly #ask: PromptClient = (questions, texts = {}) => {
    if (this.#over || this.#step === undefined) return Promise.reject(abandoned());
    const answers = new Promise<readonly Secret[]>((resolve, reject) => {
      this.#prompt = { resolve, reject };
    });
    // A handler that does not wait for the answers is no reason to end the process.
    answers.catch(() => {});
    this.#settle({ prompts: questions, ...texts });
    return answers;
  };

  #nextStep(): Promise<ServerVerdict> {
    return new Promise((resolve) => {
      this.#step = resolve;
    });
  }

  #settle(verdict: ServerVerdict): void {
    const step = this.#step;
    this.#step = undefined;
    step?.(verdict);
  }
}

const abandoned = (): Error => serverError('SERVER_SESSION_ENDED', { operation: 'prompt' });

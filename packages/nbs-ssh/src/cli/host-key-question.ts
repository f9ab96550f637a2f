import { setTimeout as delay } from 'node:timers/promises';
import { printable } from '@nbs-ssh/transport/wire';
import type { HostKeyChange } from '../connection/host-key-update.ts';
import type { Prompter } from './prompt.ts';

/** Milliseconds that the server has, when the command is over, to prove the keys that it told. */
const LAST_PROOF = 1000;

/** What the question needs of the connection. */
interface Pingable {
  readonly ping: (options: { readonly signal: AbortSignal }) => Promise<number>;
}

/**
 * The question of `UpdateHostKeys ask`. It waits until the command is over: two cannot read one keyboard. Then whoever
 * sits there decides, and nothing is learned when nobody does.
 */
export class HostKeyQuestion {
  readonly #prompter: Prompter;
  readonly #open: Promise<unknown>[] = [];
  #decide: (ask: boolean) => void = () => {};
  readonly #over = new Promise<boolean>((resolve) => {
    this.#decide = resolve;
  });

  constructor(prompter: Prompter) {
    this.#prompter = prompter;
  }

  /** The connection's `updateHostKeys`. */
  readonly ask = (change: HostKeyChange): Promise<boolean> => {
    const answer = this.#over.then((asks) => asks && this.#put(change));
    this.#open.push(answer.catch(() => false));
    return answer;
  };

  /**
   * The command is over. Resolves when everything is answered.
   *
   * @param asks - Whether anybody is asked: not when the command was interrupted or failed to run.
   */
  async end(asks: boolean, connection: Pingable, signal: AbortSignal): Promise<void> {
    if (asks && this.#open.length === 0) {
      const patience = AbortSignal.any([signal, AbortSignal.timeout(LAST_PROOF)]);
      // Its answer stands behind the proof.
      await connection.ping({ signal: patience }).catch(() => {});
      await delay(0);
    }
    this.#decide(asks && !signal.aborted);
    const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    await Promise.race([Promise.all(this.#open), aborted]);
  }

  async #put({ host, port, learned, forgotten }: HostKeyChange): Promise<boolean> {
    const name = printable(port === 22 ? host : `[${host}]:${port}`);
    let question = [
      `${name} has told its host keys, and proven that it owns them.`,
      ...learned.map((key) => `New: ${key}`),
      ...forgotten.map((key) => `No more there: ${key}`),
      'Remember this from now on (yes or no)? ',
    ].join('\n');
    for (;;) {
      const answer = (await this.#prompter.ask(question, { echo: true })).trim().toLowerCase();
      if (answer === 'yes' || answer === 'no') return answer === 'yes';
      question = 'Please answer yes or no: ';
    }
  }
}

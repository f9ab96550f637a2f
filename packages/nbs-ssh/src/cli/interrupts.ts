import { constants } from 'node:os';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;
export type Interrupt = (typeof SIGNALS)[number];

/** Signals that end the command cleanly. A second one ends it at once. */
export class Interrupts {
  readonly #controller = new AbortController();
  readonly #connecting = new AbortController();
  readonly #onSignal = (signal: NodeJS.Signals): void => {
    if (this.#received !== undefined) process.exit(exitCodeOf(signal));
    this.#received = signal as Interrupt;
    const reason = new Error(`ended by ${signal}`);
    if (!this.#connected) this.#connecting.abort(reason);
    this.#controller.abort(reason);
  };
  #received: Interrupt | undefined;
  #connected = false;

  constructor() {
    for (const name of SIGNALS) process.on(name, this.#onSignal);
  }

  /** Aborts with the first signal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Aborts with the first signal, unless {@link connected} came before. */
  get whileConnecting(): AbortSignal {
    return this.#connecting.signal;
  }

  /** The terminal that is closed is not ours any more. */
  ignoreHangUp(): void {
    process.off('SIGHUP', this.#onSignal);
    process.on('SIGHUP', () => {});
  }

  /** From now on there is a command to end, which comes before the connection. */
  connected(): void {
    this.#connected = true;
  }

  get received(): Interrupt | undefined {
    return this.#received;
  }

  stop(): void {
    for (const name of SIGNALS) process.off(name, this.#onSignal);
  }
}

/** 128 + n, as shells count. */
export function exitCodeOf(signal: string): number {
  return 128 + ((constants.signals as Readonly<Record<string, number>>)[signal] ?? 0);
}

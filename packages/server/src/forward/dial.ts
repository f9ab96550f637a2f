import { lookup } from 'node:dns/promises';
import { connect, type NetConnectOpts, type Socket } from 'node:net';
import type { Clock } from '@nbs-ssh/session';
import { parseHost } from './host.ts';
import { connectFailed, DIAL_TIMEOUT, type Refusal } from './refused.ts';

/** Most addresses of a name that are tried. */
const MAX_ADDRESSES = 8;
/** Names looked up at one time for one client. Looking up takes one of Node's four threads, which files need as well. */
const MAX_LOOKUPS = 2;

/** Dials for one client. */
export class Dialler {
  readonly #clock: Clock;
  readonly #waiting: (() => void)[] = [];
  #lookups = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * The addresses of a name, as the machine's resolver orders them.
   *
   * @param until - On the clock, in milliseconds.
   * @throws what the resolver says, with its `code`; `EAI_AGAIN` also when it is silent, or `signal` is aborted.
   */
  addressesOf(name: string, until: number, signal: AbortSignal): Promise<readonly string[]> {
    return new Promise((resolve, reject) => {
      const giveUp = (): void => reject(Object.assign(new Error('no answer'), { code: 'EAI_AGAIN' }));
      const cancelTimer = this.#clock.after(until - this.#clock.now(), giveUp);
      signal.addEventListener('abort', giveUp, { once: true });
      void this.#lookUp(name, signal)
        .then(resolve, reject)
        .finally(() => {
          cancelTimer();
          signal.removeEventListener('abort', giveUp);
        });
    });
  }

  async #lookUp(name: string, signal: AbortSignal): Promise<readonly string[]> {
    while (this.#lookups >= MAX_LOOKUPS) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
    if (signal.aborted) {
      this.#waiting.shift()?.();
      return [];
    }
    this.#lookups += 1;
    try {
      const all = await lookup(name, { all: true, verbatim: true });
      return [...new Set(all.map(({ address }) => plainAddress(address)))].slice(0, MAX_ADDRESSES);
    } finally {
      this.#lookups -= 1;
      this.#waiting.shift()?.();
    }
  }

  /**
   * Connects to the first target that answers. Each gets its share of the time that is left, so that one which is silent
   * does not keep the next one from being tried.
   *
   * @param until - On the clock, in milliseconds.
   * @returns why none did, in the words of the last one.
   */
  async connect(
    targets: readonly NetConnectOpts[],
    until: number,
    signal: AbortSignal,
  ): Promise<{ readonly socket: Socket } | { readonly refusal: Refusal }> {
    let refusal: Refusal = DIAL_TIMEOUT;
    for (const [i, target] of targets.entries()) {
      const share = (until - this.#clock.now()) / (targets.length - i);
      if (share <= 0 || signal.aborted) break;
      const dialled = await this.#dial(target, share, signal);
      if ('socket' in dialled) return dialled;
      refusal = dialled.refusal;
    }
    return { refusal };
  }

  #dial(
    target: NetConnectOpts,
    milliseconds: number,
    signal: AbortSignal,
  ): Promise<{ readonly socket: Socket } | { readonly refusal: Refusal }> {
    const socket = connect({ ...target, allowHalfOpen: true, noDelay: true });
    return new Promise((resolve) => {
      const settle = (): void => {
        cancelTimer();
        signal.removeEventListener('abort', abort);
        socket.off('connect', connected);
        socket.off('error', failed);
      };
      const give = (refusal: Refusal): void => {
        settle();
        // Its last words are of no interest.
        socket.on('error', () => {});
        socket.destroy();
        resolve({ refusal });
      };
      const connected = (): void => {
        settle();
        resolve({ socket });
      };
      const failed = (error: Error): void => give(connectFailed(error));
      const abort = (): void => give(DIAL_TIMEOUT);
      const cancelTimer = this.#clock.after(milliseconds, () => give(DIAL_TIMEOUT));
      signal.addEventListener('abort', abort, { once: true });
      socket.once('connect', connected);
      socket.once('error', failed);
    });
  }
}

/** Whoever gives out addresses of a name can spell them in more than one way, too. */
function plainAddress(address: string): string {
  const host = parseHost(address);
  return host?.type === 'address' ? host.address : address;
}

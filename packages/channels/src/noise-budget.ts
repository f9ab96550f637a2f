import { channelsError } from './errors.ts';

/** Length of one accounting period, in milliseconds. */
const PERIOD = 60_000;

/**
 * Counts messages that cost us work and achieve nothing: window adjustments of 0, empty data, unknown requests,
 * keepalives, opens of channels that we never take. A peer that sends little else is not one to keep.
 */
export class NoiseBudget {
  readonly #limit: number;
  #count = 0;
  #since = 0;

  /** @param limit - Messages allowed per minute. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @throws {ChannelsError} `CHANNELS_NOISE` when the minute's budget is spent. */
  spend(now: number): void {
    if (now - this.#since >= PERIOD) {
      this.#since = now;
      this.#count = 0;
    }
    this.#count += 1;
    if (this.#count > this.#limit) throw channelsError('CHANNELS_NOISE', { limit: this.#limit });
  }
}

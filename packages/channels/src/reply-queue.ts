import { channelsError } from './errors.ts';
import { Fifo } from './fifo.ts';

interface Entry {
  readonly token: number;
  answer: Uint8Array | undefined;
}

/**
 * Answers to the peer's requests, in the order of the requests.
 *
 * Replies carry no number (RFC 4254 §4 and §5.4), so an answer that is ready early waits for those before it.
 */
export class ReplyQueue {
  readonly #entries = new Fifo<Entry>();
  readonly #limit: number;
  readonly #channel: number | null;

  /** @param limit - Unanswered requests allowed. @param channel - For the error; `null` for global requests. */
  constructor(limit: number, channel: number | null) {
    this.#limit = limit;
    this.#channel = channel;
  }

  /** @throws {ChannelsError} `CHANNELS_PENDING_REPLIES` when the peer has too many requests open. */
  expect(token: number): void {
    if (this.#entries.length >= this.#limit) {
      throw channelsError('CHANNELS_PENDING_REPLIES', { channel: this.#channel, limit: this.#limit });
    }
    this.#entries.push({ token, answer: undefined });
  }

  /**
   * Stores an answer and passes on every answer whose turn has come.
   *
   * @throws {ChannelsError} `CHANNELS_TOKEN` when `token` is unknown or already answered.
   */
  answer(token: number, payload: Uint8Array, send: (payload: Uint8Array) => void): void {
    let entry: Entry | undefined;
    for (let i = 0; i < this.#entries.length && entry === undefined; i += 1) {
      const candidate = this.#entries.at(i);
      if (candidate?.token === token) entry = candidate;
    }
    if (entry === undefined || entry.answer !== undefined) throw channelsError('CHANNELS_TOKEN', { token });
    entry.answer = payload;
    for (let head = this.#entries.at(0); head?.answer !== undefined; head = this.#entries.at(0)) {
      this.#entries.shift();
      send(head.answer);
    }
  }
}

import { printable } from '@nbs-ssh/transport/wire';
import type { MultiplexerConfig } from './config.ts';
import { channelsError } from './errors.ts';
import { Fifo } from './fifo.ts';
import type { LocalChannelId, RemoteChannelId, RequestId, RequestToken } from './ids.ts';
import { type ChannelRequest, encodeBare, SSH_MSG } from './messages.ts';
import type { Outbox } from './outbox.ts';
import { ReplyQueue } from './reply-queue.ts';
import { decodeSessionRequest, isExitRequest } from './session-requests.ts';

/** Requests of one channel in both directions and who owes whom an answer, RFC 4254 §5.4. */
export class ChannelRequests {
  readonly #channel: LocalChannelId;
  readonly #session: boolean;
  readonly #client: boolean;
  readonly #outbox: Outbox;
  readonly #awaited = new Fifo<RequestId>();
  readonly #replies: ReplyQueue;
  #exitSeen = false;

  constructor(channel: LocalChannelId, type: string, config: MultiplexerConfig, outbox: Outbox) {
    this.#channel = channel;
    this.#session = type === 'session';
    this.#client = config.role === 'client';
    this.#outbox = outbox;
    this.#replies = new ReplyQueue(config.limits.pendingReplies, channel);
  }

  /** Remembers a request of ours whose reply will come. */
  await(id: RequestId): void {
    this.#awaited.push(id);
  }

  /** Matches SUCCESS or FAILURE with the oldest open request, or throws a peer fault. */
  receiveReply(number: number): RequestId {
    const request = this.#awaited.shift();
    if (request !== undefined) return request;
    throw channelsError('CHANNELS_REPLY_UNEXPECTED', { channel: this.#channel, received: number });
  }

  /** @throws {ChannelsError} `CHANNELS_TOKEN` */
  reply(remote: RemoteChannelId, token: RequestToken, success: boolean): void {
    const number = success ? SSH_MSG.CHANNEL_SUCCESS : SSH_MSG.CHANNEL_FAILURE;
    this.#replies.answer(token, encodeBare(number, remote), (payload) => this.#outbox.control(payload));
  }

  /**
   * Hands a request on, or answers it here: exit requests and what is not for us. Throws peer faults.
   *
   * A client gets exit requests only, a server all others; of several exit requests the first counts.
   */
  receive(message: ChannelRequest, remote: RemoteChannelId, nextToken: () => RequestToken): void {
    const { name, wantReply, data } = message;
    this.trace(name, wantReply, 'receive');
    const exit = isExitRequest(name);
    const request = this.#session && exit === this.#client ? decodeSessionRequest(name, data) : undefined;
    let token: RequestToken | undefined;
    if (wantReply) {
      token = nextToken();
      this.#replies.expect(token);
    }
    if (request !== undefined && !(exit && this.#exitSeen)) {
      this.#exitSeen ||= exit;
      this.#outbox.event({
        type: 'request',
        channel: this.#channel,
        request,
        token: exit ? undefined : token,
      });
      if (exit && token !== undefined) this.reply(remote, token, true);
      return;
    }
    this.#outbox.noise();
    if (token !== undefined) this.reply(remote, token, false);
  }

  trace(name: string, wantReply: boolean, direction: 'send' | 'receive'): void {
    this.#outbox.trace?.('channels.request', {
      channel: this.#channel,
      request: printable(name, 64),
      want_reply: wantReply,
      direction,
    });
  }
}

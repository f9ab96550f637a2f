import { EMPTY, printable } from '@nbs-ssh/transport/wire';
import type { MultiplexerConfig } from './config.ts';
import { channelsError } from './errors.ts';
import { Fifo } from './fifo.ts';
import { type GlobalRequestId, type GlobalRequestToken, globalRequestId, globalRequestToken } from './ids.ts';
import { GlobalRequest, RequestFailure, RequestSuccess, SSH_MSG } from './messages.ts';
import type { Outbox } from './outbox.ts';
import { ReplyQueue } from './reply-queue.ts';

const FAILURE = /* @__PURE__ */ RequestFailure.encode({});

/** Announcements that mean nothing to us here and cost nothing: OpenSSH PROTOCOL §2.5. */
const IGNORED: ReadonlySet<string> = /* @__PURE__ */ new Set(['hostkeys-00@openssh.com']);
/** After it a client opens no more sessions, OpenSSH PROTOCOL §2.2. */
const NO_MORE_SESSIONS = 'no-more-sessions@openssh.com';

/** Global requests in both directions, RFC 4254 §4. Replies match requests by order alone. */
export class GlobalRequests {
  readonly #config: MultiplexerConfig;
  readonly #outbox: Outbox;
  readonly #awaited = new Fifo<GlobalRequestId>();
  readonly #replies: ReplyQueue;
  /** Requests sent that wanted no reply, and got none so far. */
  #unasked = 0;
  #lastId = 0;
  #lastToken = 0;
  /** The client promised to open no more sessions. */
  noMoreSessions = false;

  constructor(config: MultiplexerConfig, outbox: Outbox) {
    this.#config = config;
    this.#outbox = outbox;
    this.#replies = new ReplyQueue(config.limits.pendingReplies, null);
  }

  send(name: string, data: Uint8Array, wantReply: boolean): GlobalRequestId {
    this.#lastId += 1;
    const id = globalRequestId(this.#lastId);
    if (wantReply) this.#awaited.push(id);
    else this.#unasked += 1;
    this.#outbox.control(GlobalRequest.encode({ name, wantReply, data }));
    this.#trace(name, wantReply, 'send');
    return id;
  }

  /** @throws {ChannelsError} `CHANNELS_TOKEN` */
  reply(token: GlobalRequestToken, success: boolean, data: Uint8Array): void {
    this.#answer(token, success ? RequestSuccess.encode({ data }) : FAILURE);
  }

  /** Takes messages 80–82. Throws peer faults. */
  receive(number: number, payload: Uint8Array): void {
    if (number === SSH_MSG.GLOBAL_REQUEST) {
      this.#receiveRequest(GlobalRequest.decode(payload));
      return;
    }
    const success = number === SSH_MSG.REQUEST_SUCCESS;
    const { data } = success ? RequestSuccess.decode(payload) : { data: EMPTY };
    if (!success) RequestFailure.decode(payload);
    const request = this.#awaited.shift();
    if (request === undefined) {
      // dropbear's client refused each request until 2020.81, those too that want no reply.
      if (!success && this.#unasked > 0) {
        this.#unasked -= 1;
        return;
      }
      throw channelsError('CHANNELS_REPLY_UNEXPECTED', { channel: null, received: number });
    }
    this.#outbox.event({ type: 'global-reply', request, success, data });
  }

  #receiveRequest({ name, wantReply, data }: GlobalRequest): void {
    this.#trace(name, wantReply, 'receive');
    let token: GlobalRequestToken | undefined;
    if (wantReply) {
      this.#lastToken += 1;
      token = globalRequestToken(this.#lastToken);
      this.#replies.expect(token);
    }
    if (this.#config.wantedGlobalRequests.has(name)) {
      this.#outbox.event({ type: 'global-request', name, data, token });
      return;
    }
    const known = name === NO_MORE_SESSIONS && this.#config.role === 'server';
    if (known) this.noMoreSessions = true;
    if (wantReply || !(known || IGNORED.has(name))) this.#outbox.noise();
    // RFC 4254 §4: an unrecognised request is answered with FAILURE, which a keepalive counts as life.
    if (token !== undefined) this.#answer(token, known ? RequestSuccess.encode({ data: EMPTY }) : FAILURE);
  }

  #answer(token: GlobalRequestToken, payload: Uint8Array): void {
    this.#replies.answer(token, payload, (ready) => this.#outbox.control(ready));
  }

  #trace(name: string, wantReply: boolean, direction: 'send' | 'receive'): void {
    this.#outbox.trace?.('channels.global-request', {
      request: printable(name, 64),
      want_reply: wantReply,
      direction,
    });
  }
}

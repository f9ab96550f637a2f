import { EMPTY, printable } from '@nbs-ssh/transport/wire';
import type { MultiplexerConfig } from './config.ts';
import { channelsError } from './errors.ts';
import { Fifo } from './fifo.ts';
import { type GlobalRequestId, type GlobalRequestToken, globalRequestId, globalRequestToken } from './ids.ts';
import { GlobalRequest, RequestFailure, RequestSuccess, SSH_MSG } from './messages.ts';
import { NO_MORE_SESSIONS } from './openssh.ts';
import type { Outbox } from './outbox.ts';
import { ReplyQueue } from './reply-queue.ts';

const FAILURE = /* @__PURE__ */ RequestFailure.encode({});

/** Announcements that mean nothing to us here and cost nothing: OpenSSH PROTOCOL §2.5. */
const IGNORED: ReadonlySet<string> = /* @__PURE__ */ new Set(['hostkeys-00@openssh.com']);

/** A request that waits for its reply. */
interface Awaited {
  readonly id: GlobalRequestId;
  /** Of the packet that carried it; `undefined` until it is sent. */
  sequence: number | undefined;
}

/**
 * Global requests in both directions, RFC 4254 §4. Replies match requests by order alone. A peer that does not
 * know the message at all names the packet instead.
 */
export class GlobalRequests {
  readonly #config: MultiplexerConfig;
  readonly #outbox: Outbox;
  readonly #awaited = new Fifo<Awaited>();
  /** Requests that were not sent so far, in their order; `undefined` for one that wants no reply. */
  readonly #unsent = new Fifo<Awaited | undefined>();
  readonly #replies: ReplyQueue;
  /** Requests sent that wanted no reply, and got none so far. */
  #unasked = 0;
  #lastId = 0;
  #lastToken = 0;
  /** The client promised to open no more sessions: the peer, or in its role we. */
  noMoreSessions = false;

  constructor(config: MultiplexerConfig, outbox: Outbox) {
    this.#config = config;
    this.#outbox = outbox;
    this.#replies = new ReplyQueue(config.limits.pendingReplies, null);
  }

  send(name: string, data: Uint8Array, wantReply: boolean): GlobalRequestId {
    this.#lastId += 1;
    const id = globalRequestId(this.#lastId);
    const awaited = wantReply ? { id, sequence: undefined } : undefined;
    if (awaited !== undefined) this.#awaited.push(awaited);
    else this.#unasked += 1;
    this.#unsent.push(awaited);
    this.#outbox.control(GlobalRequest.encode({ name, wantReply, data }));
    this.#trace(name, wantReply, 'send');
    return id;
  }

  /** Promises, once, to open no more sessions. */
  promiseNoMoreSessions(): void {
    if (!this.noMoreSessions) this.send(NO_MORE_SESSIONS, EMPTY, false);
    this.noMoreSessions = true;
  }

  /** The oldest request that was not sent went out in the packet of this number. */
  sent(sequence: number): void {
    const awaited = this.#unsent.shift();
    if (awaited !== undefined) awaited.sequence = sequence;
  }

  /**
   * The peer does not know the message in the packet of this number. When that carried the request whose reply is due
   * next, the request has failed: tinyssh answers keepalives in this way, and names the packet behind the one it means.
   *
   * @returns whether it was that request.
   */
  unimplemented(sequence: number): boolean {
    const due = this.#awaited.at(0);
    if (due?.sequence === undefined) return false;
    if (sequence !== due.sequence && sequence !== (due.sequence + 1) >>> 0) return false;
    this.#awaited.shift();
    this.#outbox.event({ type: 'global-reply', request: due.id, success: false, data: EMPTY });
    return true;
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
    this.#outbox.event({ type: 'global-reply', request: request.id, success, data });
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

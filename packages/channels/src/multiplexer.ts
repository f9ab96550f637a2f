import { EMPTY, isWireError, printable, type TraceEvent, utf8 } from '@nbs-ssh/transport/wire';
import { Channel } from './channel.ts';
import { LATE_MESSAGES } from './channel-state.ts';
import { checkBytes } from './check-bytes.ts';
import {
  checkSize,
  type MultiplexerConfig,
  type MultiplexerOptions,
  type OpenOptions,
  type ReceiveSizes,
  resolveOptions,
} from './config.ts';
import { channelsError, isChannelsError } from './errors.ts';
import { Fifo } from './fifo.ts';
import { GlobalRequests } from './global-requests.ts';
import {
  type GlobalRequestId,
  type GlobalRequestToken,
  type LocalChannelId,
  localChannelId,
  type RemoteChannelId,
  type RequestId,
  type RequestToken,
  remoteChannelId,
  requestId,
  requestToken,
} from './ids.ts';
import { ChannelOpen, ChannelOpenFailure, isConnectionMessage, readRecipient, SSH_MSG } from './messages.ts';
import { NoiseBudget } from './noise-budget.ts';
import { openRefusal } from './open-refusal.ts';
import { isOpenSsh } from './openssh.ts';
import type { Outbox } from './outbox.ts';
import type { ChannelEvent, GlobalEvent, MuxError, MuxOutput } from './output.ts';
import { ReadyRing } from './ready-ring.ts';
import type { SessionRequest } from './session-requests.ts';
import { WindowGrowth } from './window-growth.ts';

/**
 * Messages other than data that may wait when the peer causes another. During a key exchange none is sent, so a peer
 * that never finishes it could queue answers without end. Honest ones cause a few for each of 1000 channels.
 */
const MAX_CONTROL = 16_384;

/**
 * The connection protocol of RFC 4254: many channels over one transport. Sans-IO, for both roles.
 *
 * Feed messages to {@link receive}, give commands, and drain {@link poll} after either. Data messages are made
 * only when `poll` is asked for them, so a transport that is full holds back data, and nothing else.
 *
 * A channel's number is not used again until 2^32 later channels were opened, so a late call for a closed channel
 * never reaches another one. `consumed`, `sendEof`, `close` and `replyRequest` for a channel that is gone do
 * nothing, because the peer may close at any time; `write` and `request` throw `CHANNELS_NOT_OPEN`.
 */
export class Multiplexer {
  readonly #config: MultiplexerConfig;
  readonly #channels = new Map<number, Channel>();
  readonly #remotes = new Set<number>();
  readonly #control = new Fifo<Uint8Array>();
  readonly #events = new Fifo<ChannelEvent | GlobalEvent>();
  readonly #ring = new ReadyRing();
  readonly #noise: NoiseBudget;
  readonly #outbox: Outbox;
  readonly #global: GlobalRequests;
  readonly #nextToken = (): RequestToken => {
    this.#lastToken += 1;
    return requestToken(this.#lastToken);
  };
  #failure: MuxError | undefined;
  #failed = false;
  #now = 0;
  #openSsh = false;
  #nextId = 0;
  #opening = 0;
  #lastRequest = 0;
  #lastToken = 0;

  /** @throws {ChannelsError} `CHANNELS_ARGUMENT` */
  constructor(options: MultiplexerOptions) {
    this.#config = resolveOptions(options);
    const { trace, limits } = this.#config;
    this.#noise = new NoiseBudget(limits.noisePerMinute);
    this.#outbox = {
      control: (payload) => this.#control.push(payload),
      event: (event) => this.#events.push(event),
      ready: (channel) => this.#ring.add(channel),
      claim: (remote) => this.#claim(remote),
      remove: (channel) => this.#remove(channel),
      noise: () => this.#noise.spend(this.#now),
      openSsh: () => this.#openSsh,
      now: () => this.#now,
      growth: new WindowGrowth(limits.windowGrowth),
      trace: trace && ((name, fields) => trace({ name, time: this.#now, fields })),
    };
    this.#global = new GlobalRequests(this.#config, this.#outbox);
  }

  /** Channels in any phase, also those that wait for an answer or for the peer's CLOSE. */
  get channelCount(): number {
    return this.#channels.size;
  }

  /** Whether a channel we asked for waits for the peer's answer. */
  get awaitsOpen(): boolean {
    return this.#opening > 0;
  }

  /** Tells the peer's identification line. Until then it is not taken for OpenSSH. */
  identified(line: string): void {
    this.#openSsh = isOpenSsh(line);
  }

  /** Sets the time for traces, the noise budget and the growth of windows. Monotonic milliseconds. */
  tick(now: number): void {
    this.#now = now;
  }

  /**
   * Takes one message. Never throws: a peer fault comes out of {@link poll} as `failed`.
   *
   * @param payload - Message 80–82 or 90–100. Longer data is handed out as views of it, so its bytes must stay as they
   *   are for as long as anyone may read them.
   */
  receive(payload: Uint8Array): void {
    if (this.#failed) return;
    try {
      const waiting = this.#control.length;
      this.#dispatch(payload);
      if (this.#control.length > Math.max(waiting, MAX_CONTROL)) {
        throw channelsError('CHANNELS_CONTROL_OVERFLOW', { limit: MAX_CONTROL });
      }
    } catch (error) {
      this.#fail(error, payload[0] ?? 0);
    }
  }

  /**
   * The next thing to send or to tell, or `undefined` when there is none now. Messages that are not data come
   * first, then events, then data.
   *
   * @param canSendData - Whether the transport has room for a data message.
   * @param canSend - Whether it takes messages at all; while it does not, events still come out.
   */
  poll(canSendData: boolean, canSend = true): MuxOutput | undefined {
    const payload = canSend ? this.#control.shift() : undefined;
    if (payload !== undefined) return { type: 'send', payload };
    const event = this.#events.shift();
    if (event !== undefined) return event;
    if (this.#failure !== undefined) {
      const error = this.#failure;
      this.#failure = undefined;
      return { type: 'failed', error };
    }
    return canSendData && canSend ? this.#ring.next()?.take() : undefined;
  }

  /** What {@link poll} gave last, an SSH_MSG_GLOBAL_REQUEST, went out in the packet of this number. */
  globalRequestSent(sequence: number): void {
    this.#global.sent(sequence);
  }

  /** The peer does not know what came in this packet. @returns whether that was a request that waited: it has failed. */
  unimplemented(sequence: number): boolean {
    return !this.#failed && this.#global.unimplemented(sequence);
  }

  /**
   * Asks the peer for a channel; `opened` or `open-failed` follows. Writes and requests may follow at once: they
   * go out with the confirmation, and vanish if the channel is refused.
   *
   * @throws {ChannelsError} `CHANNELS_LIMIT`, `CHANNELS_ARGUMENT`, `CHANNELS_NO_MORE_SESSIONS`
   */
  openChannel(options: OpenOptions): LocalChannelId {
    this.#live('open a channel');
    const { type: channelType, typeSpecific = EMPTY } = options;
    const { maxChannels } = this.#config.limits;
    if (this.#channels.size >= maxChannels) throw channelsError('CHANNELS_LIMIT', { limit: maxChannels });
    if (channelType === 'session' && this.#global.noMoreSessions) {
      throw channelsError('CHANNELS_NO_MORE_SESSIONS', {});
    }
    const sizes = this.#sizes(options);
    const channel = this.#add(channelType, { phase: 'opening' }, sizes);
    this.#control.push(ChannelOpen.encode({ channelType, sender: channel.id, ...sizes, typeSpecific }));
    this.#opening += 1;
    this.#traceOpen(channel.id, channelType, 'send');
    return channel.id;
  }

  /** Grants an `open-request`. @throws {ChannelsError} `CHANNELS_NOT_OPEN`, `CHANNELS_ARGUMENT` */
  accept(id: LocalChannelId): void {
    this.#channel(id, 'accept').accept();
  }

  /**
   * Refuses an `open-request`.
   *
   * @param reason - One of {@link OpenFailureReason}. @param description - For display at the peer.
   * @throws {ChannelsError} `CHANNELS_NOT_OPEN`
   */
  reject(id: LocalChannelId, reason: number, description: string): void {
    const channel = this.#channel(id, 'reject');
    checkSize('reason', reason);
    this.#refuse(channel.reject().id, reason, description);
  }

  /**
   * Queues bytes. They are not copied: leave them as they are until {@link queued} says they are gone.
   *
   * @throws {ChannelsError} `CHANNELS_NOT_OPEN` when the channel is closed or past its EOF, `CHANNELS_UNREAD`.
   * @throws {TypeError} when `bytes` is not a Uint8Array, or lies about its length.
   */
  write(id: LocalChannelId, bytes: Uint8Array, extended?: 'stderr'): void {
    checkBytes(bytes);
    this.#channel(id, 'write').write(bytes, extended ?? 'stdout');
  }

  /** Bytes written and not yet sent. 0 for a channel that is gone. */
  queued(id: LocalChannelId): number {
    return this.#channels.get(id)?.queued ?? 0;
  }

  /** Tells an OpenSSH peer that nobody reads what it sends; others just go on. Give back what still comes. */
  endOfWrite(id: LocalChannelId): void {
    this.#channels.get(id)?.endOfWrite();
  }

  /** Sends EOF once everything written is sent. Doing it twice is harmless. */
  sendEof(id: LocalChannelId): void {
    this.#channels.get(id)?.sendEof();
  }

  /**
   * Closes the channel; `closed` follows when the peer agrees. Data that still arrives is dropped.
   *
   * @param mode - `flush` sends what was written first, however long the peer's window takes; `discard` does not.
   *   A second call with `discard` overtakes a first one with `flush`.
   */
  close(id: LocalChannelId, mode: 'flush' | 'discard' = 'flush'): void {
    this.#channels.get(id)?.close(mode === 'discard');
  }

  /**
   * Gives window back for received bytes that the reader took. Dropped data is given back without this.
   *
   * @throws {ChannelsError} `CHANNELS_CREDIT` for more bytes than were handed out.
   */
  consumed(id: LocalChannelId, bytes: number): void {
    const channel = this.#channels.get(id);
    if (channel !== undefined && !channel.abandoned) channel.consumed(bytes);
  }

  /** @throws {ChannelsError} `CHANNELS_NOT_OPEN`, `CHANNELS_ARGUMENT` */
  request(id: LocalChannelId, request: SessionRequest, wantReply: boolean): RequestId {
    const channel = this.#channel(id, 'request');
    this.#lastRequest += 1;
    const number = requestId(this.#lastRequest);
    channel.request(request, wantReply, number);
    return number;
  }

  /** Answers a `request` event. @throws {ChannelsError} `CHANNELS_TOKEN` */
  replyRequest(id: LocalChannelId, token: RequestToken, success: boolean): void {
    this.#channels.get(id)?.reply(token, success);
  }

  /**
   * Promises to open no more sessions, so that nobody who gets at the connection can. For clients.
   *
   * @returns whether the server is OpenSSH and was told. Opening a session then throws: it would disconnect for one.
   */
  noMoreSessions(): boolean {
    if (this.#failed || !this.#openSsh) return false;
    this.#global.promiseNoMoreSessions();
    return true;
  }

  globalRequest(name: string, data: Uint8Array, wantReply: boolean): GlobalRequestId {
    this.#live('send a global request');
    return this.#global.send(name, data, wantReply);
  }

  /** Answers a `global-request` event. @throws {ChannelsError} `CHANNELS_TOKEN` */
  replyGlobal(token: GlobalRequestToken, success: boolean, data: Uint8Array = EMPTY): void {
    if (!this.#failed) this.#global.reply(token, success, data);
  }

  #dispatch(payload: Uint8Array): void {
    const number = payload[0] ?? 0;
    if (number > SSH_MSG.CHANNEL_OPEN && number <= SSH_MSG.CHANNEL_FAILURE) {
      const recipient = readRecipient(payload);
      const channel = this.#channels.get(recipient);
      if (channel === undefined) {
        this.#receiveStray(number, recipient);
        return;
      }
      channel.receive(number, payload, this.#nextToken);
      // Anywhere else than for an opening channel these two have thrown.
      if (number <= SSH_MSG.CHANNEL_OPEN_FAILURE) this.#opening -= 1;
    } else if (number === SSH_MSG.CHANNEL_OPEN) this.#receiveOpen(ChannelOpen.decode(payload));
    else if (isConnectionMessage(number)) this.#global.receive(number, payload);
    else throw channelsError('CHANNELS_MESSAGE_UNKNOWN', { received: number });
  }

  /**
   * Window for a channel that closed, and answers to its last requests, are harmless, and deployed peers send them
   * behind their CLOSE; anything else is a fault.
   */
  #receiveStray(received: number, channel: number): void {
    if (!LATE_MESSAGES.includes(received) || channel >= this.#nextId) {
      throw channelsError('CHANNELS_UNKNOWN_CHANNEL', { channel, received });
    }
    this.#outbox.noise();
  }

  #receiveOpen({ channelType, sender, window, maxPacket, typeSpecific }: ChannelOpen): void {
    const remote = { id: remoteChannelId(sender), window, maxPacket };
    if (maxPacket === 0) throw channelsError('CHANNELS_MAX_PACKET', { remote: sender });
    const refusal = openRefusal(channelType, this.#config, {
      channels: this.#channels.size,
      noMoreSessions: this.#global.noMoreSessions,
    });
    if (refusal !== undefined) {
      if (refusal.noise) this.#outbox.noise();
      this.#refuse(remote.id, refusal.reason, refusal.description);
    } else {
      this.#claim(remote.id);
      const { id } = this.#add(channelType, { phase: 'offered', remote }, this.#sizes({}));
      this.#traceOpen(id, channelType, 'receive');
      this.#events.push({ type: 'open-request', channel: id, channelType, window, maxPacket, typeSpecific });
    }
  }

  #refuse(recipient: RemoteChannelId, reason: number, description: string): void {
    this.#outbox.trace?.('channels.open-failed', { reason, direction: 'receive' });
    this.#control.push(
      ChannelOpenFailure.encode({ recipient, reason, description: utf8(description), language: EMPTY }),
    );
  }

  #add(
    type: string,
    state: ConstructorParameters<typeof Channel>[2],
    sizes: { readonly window: number; readonly maxPacket: number },
  ): Channel {
    while (this.#channels.has(this.#nextId)) this.#nextId = (this.#nextId + 1) >>> 0;
    const channel = new Channel(localChannelId(this.#nextId), type, state, sizes, this.#config, this.#outbox);
    this.#channels.set(channel.id, channel);
    this.#nextId = (this.#nextId + 1) >>> 0;
    return channel;
  }

  #claim(remote: RemoteChannelId): void {
    if (this.#remotes.has(remote)) throw channelsError('CHANNELS_REMOTE_ID', { remote });
    this.#remotes.add(remote);
  }

  #remove(channel: Channel): void {
    this.#channels.delete(channel.id);
    this.#outbox.growth.release(channel.window.grown);
    if ('remote' in channel.state) this.#remotes.delete(channel.state.remote.id);
  }

  #sizes(options: ReceiveSizes): { readonly window: number; readonly maxPacket: number } {
    const { window = this.#config.limits.window, maxPacket = this.#config.limits.maxPacket } = options;
    return { window: checkSize('window', window), maxPacket: checkSize('maxPacket', maxPacket) };
  }

  #live(operation: string): void {
    if (this.#failed) throw channelsError('CHANNELS_FAILED', { operation });
  }

  #channel(id: LocalChannelId, operation: string): Channel {
    this.#live(operation);
    const channel = this.#channels.get(id);
    if (channel !== undefined) return channel;
    throw channelsError('CHANNELS_NOT_OPEN', { channel: id, phase: 'closed', operation });
  }

  /** Poisons the machine. Events of messages before the bad one still come out; nothing more is sent. */
  #fail(error: unknown, received: number): void {
    const fromPeer = isWireError(error) || (isChannelsError(error) && error.fault === 'peer');
    this.#failed = true;
    this.#failure = fromPeer ? error : channelsError('CHANNELS_INTERNAL', { received }, { cause: error });
    this.#channels.clear();
    this.#control.clear();
    this.#ring.clear();
  }

  #traceOpen(channel: LocalChannelId, type: string, direction: 'send' | 'receive'): void {
    const fields: TraceEvent['fields'] = { channel, type: printable(type, 64), direction };
    this.#outbox.trace?.('channels.open', fields);
  }
}

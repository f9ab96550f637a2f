// Every transition of a channel lives in this file. Nothing here knows about other channels.
import { EMPTY, printable, wireError } from '@nbs-ssh/transport/wire';
import { ChannelRequests } from './channel-requests.ts';
import { type ChannelState, checkLegal, type Remote } from './channel-state.ts';
import type { MultiplexerConfig } from './config.ts';
import { channelsError } from './errors.ts';
import { type LocalChannelId, type RequestId, type RequestToken, remoteChannelId } from './ids.ts';
import {
  ChannelOpenConfirmation,
  ChannelOpenFailure,
  ChannelRequest,
  checkBare,
  dataBody,
  dataHeader,
  decodeWindowAdjust,
  EXTENDED_DATA_STDERR,
  encodeBare,
  encodeEndOfWrite,
  encodeWindowAdjust,
  extendedDataHeader,
  MAX_SEND,
  readU32,
  SSH_MSG,
  writeU32,
} from './messages.ts';
import { END_OF_WRITE } from './openssh.ts';
import type { Outbox } from './outbox.ts';
import type { SendOutput } from './output.ts';
import { type DataStream, SendQueue } from './send-queue.ts';
import { encodeSessionRequest, isExitRequest, type SessionRequest } from './session-requests.ts';
import { MAX_WINDOW, ReceiveWindow } from './window.ts';

/**
 * Received data shorter than this, in bytes, is copied. A view would keep the transport's whole receive memory, up to
 * 256 KiB, for as long as nobody reads it, so that a window of single bytes held gigabytes.
 */
const COPIED_BELOW = 4096;
/** One channel, from OPEN to the second CLOSE. */
export class Channel {
  readonly id: LocalChannelId;
  readonly type: string;
  readonly window: ReceiveWindow;
  /** Largest data we accept in one message, in bytes. */
  readonly maxPacket: number;
  /** Owned by the ready ring. */
  inRing = false;
  /** Bytes that it may send before other bulk channels, for the ready ring. Below 0 it has sent more than its share. */
  turn = 0;
  readonly #config: MultiplexerConfig;
  readonly #outbox: Outbox;
  readonly #queue = new SendQueue();
  /** Requests made before the peer's number was known. */
  readonly #early: Uint8Array[] = [];
  /** Exit requests that wait until all data is sent. */
  readonly #last: Uint8Array[] = [];
  readonly #requests: ChannelRequests;
  #state: ChannelState;
  #eof: 'open' | 'wanted' | 'sent' = 'open';
  #closeWanted = false;
  /** The peer said that it reads no more. */
  #unread = false;
  #endOfWriteSent = false;
  #bytesSent = 0;
  #bytesReceived = 0;
  /** When our number was told to the peer, until it used it for the first time. */
  #toldAt: number | undefined;

  constructor(
    id: LocalChannelId,
    type: string,
    state: ChannelState & { readonly phase: 'opening' | 'offered' },
    receive: { readonly window: number; readonly maxPacket: number },
    config: MultiplexerConfig,
    outbox: Outbox,
  ) {
    this.id = id;
    this.type = type;
    const cap = Math.max(receive.window, config.limits.maxWindow);
    this.window = new ReceiveWindow(receive.window, cap, outbox.growth);
    if (state.phase === 'opening') this.#toldAt = outbox.now();
    this.maxPacket = receive.maxPacket;
    this.#state = state;
    this.#config = config;
    this.#outbox = outbox;
    this.#requests = new ChannelRequests(id, type, config, outbox);
  }

  get state(): ChannelState {
    return this.#state;
  }

  /** Bytes written and not sent yet. */
  get queued(): number {
    return this.#queue.length;
  }

  get canSend(): boolean {
    const remote = this.#remote();
    return remote !== undefined && remote.window > 0 && this.#queue.length > 0;
  }

  /** The caller closed it, so nobody owes window for it any more. */
  get abandoned(): boolean {
    return this.#closeWanted;
  }

  // Commands. Caller faults throw; what a race with the peer can cause does not, unless it would lose data.

  accept(): void {
    if (this.#state.phase !== 'offered') throw this.#notOpen('accept');
    const { remote } = this.#state;
    this.#state = { phase: 'open', remote };
    this.#toldAt = this.#outbox.now();
    const { id: recipient } = remote;
    const sizes = { window: this.window.size, maxPacket: this.maxPacket };
    this.#outbox.control(
      ChannelOpenConfirmation.encode({ recipient, sender: this.id, ...sizes, typeSpecific: EMPTY }),
    );
    this.#traceOpened(remote);
  }

  /** Gives the answer to send; the channel is then gone. */
  reject(): Remote {
    if (this.#state.phase !== 'offered') throw this.#notOpen('reject');
    const { remote } = this.#state;
    this.#outbox.remove(this);
    this.#state = { phase: 'closed' };
    return remote;
  }

  write(bytes: Uint8Array, stream: DataStream): void {
    const { phase } = this.#state;
    const writable = phase === 'opening' || phase === 'open' || phase === 'receive-ended';
    if (!writable || this.#closeWanted || this.#eof !== 'open') throw this.#notOpen('write');
    if (this.#unread) throw channelsError('CHANNELS_UNREAD', { channel: this.id });
    this.#queue.push(bytes, stream);
    if (this.canSend) this.#outbox.ready(this);
  }

  sendEof(): void {
    if (this.#state.phase === 'offered') throw this.#notOpen('send EOF');
    if (this.#eof !== 'open' || this.#closeWanted) return;
    this.#eof = 'wanted';
    this.#finish();
  }

  endOfWrite(): void {
    if (this.#state.phase !== 'open' || this.#closeWanted || this.#endOfWriteSent) return;
    if (!this.#outbox.openSsh()) return;
    this.#endOfWriteSent = true;
    this.#outbox.control(encodeEndOfWrite(this.#state.remote.id));
    this.#requests.trace(END_OF_WRITE, false, 'send');
  }

  close(discard: boolean): void {
    if (this.#state.phase === 'offered') throw this.#notOpen('close');
    this.#closeWanted = true;
    if (discard) {
      this.#queue.clear();
      this.#last.length = 0;
      // Not sent yet, so a command that was given up before the peer knew of it never starts.
      this.#early.length = 0;
    }
    // Nobody reads what already arrived, and the peer may need window to get on.
    this.#credit(this.window.unread, false);
    this.#finish();
  }

  consumed(length: number): void {
    const { unread } = this.window;
    if (!Number.isInteger(length) || length < 0 || length > unread) {
      throw channelsError('CHANNELS_CREDIT', { channel: this.id, unread, consumed: length });
    }
    this.#credit(length, true);
  }

  #credit(length: number, read: boolean): void {
    const added = this.window.credit(length, this.#outbox.now(), read);
    if (added > 0 && this.#state.phase === 'open') {
      this.#outbox.control(encodeWindowAdjust(this.#state.remote.id, added));
    }
  }

  request(request: SessionRequest, wantReply: boolean, id: RequestId): void {
    const { phase } = this.#state;
    const usable = phase === 'opening' || phase === 'open' || phase === 'receive-ended';
    if (!usable || this.#closeWanted) throw this.#notOpen('request');
    const payload = encodeSessionRequest(request, wantReply);
    if (wantReply) this.#requests.await(id);
    const remote = this.#remote();
    if (remote !== undefined) writeU32(payload, 1, remote.id);
    if (isExitRequest(request.type)) this.#last.push(payload);
    else if (remote === undefined) this.#early.push(payload);
    else this.#outbox.control(payload);
    this.#requests.trace(request.type, wantReply, 'send');
    this.#finish();
  }

  reply(token: RequestToken, success: boolean): void {
    const remote = this.#remote();
    if (remote !== undefined) this.#requests.reply(remote.id, token, success);
  }

  /** The next data message. Call only when {@link canSend}. */
  take(): SendOutput {
    const remote = this.#remote() as Remote;
    const { length: before, stream } = this.#queue;
    const body = this.#queue.take(Math.min(remote.window, remote.maxPacket, MAX_SEND));
    remote.window -= body.length;
    this.#bytesSent += body.length;
    this.turn -= body.length;
    const header =
      stream === 'stdout' ? dataHeader(remote.id, body.length) : extendedDataHeader(remote.id, body.length);
    const { lowWater } = this.#config.limits;
    if (this.#queue.length === 0) this.#finish();
    else if (remote.window > 0) this.#outbox.ready(this);
    if (before > lowWater && this.#queue.length <= lowWater && !this.#closeWanted) {
      this.#outbox.event({ type: 'writable', channel: this.id });
    }
    return { type: 'send-data', channel: this.id, header, body };
  }

  // Messages 91–100. Peer faults throw.

  receive(number: number, payload: Uint8Array, nextToken: () => RequestToken): void {
    checkLegal(this.id, this.#state.phase, number);
    if (this.#toldAt !== undefined) {
      this.#outbox.growth.sample(this.#outbox.now() - this.#toldAt);
      this.#toldAt = undefined;
    }
    switch (number) {
      case SSH_MSG.CHANNEL_DATA:
        this.#receiveData(dataBody(payload, 5), 'stdout');
        return;
      case SSH_MSG.CHANNEL_EXTENDED_DATA: {
        const body = dataBody(payload, 9);
        this.#receiveData(body, readU32(payload, 5) === EXTENDED_DATA_STDERR ? 'stderr' : undefined);
        return;
      }
      case SSH_MSG.CHANNEL_WINDOW_ADJUST:
        this.#receiveAdjust(decodeWindowAdjust(payload));
        return;
      case SSH_MSG.CHANNEL_OPEN_CONFIRMATION:
        this.#receiveConfirmation(ChannelOpenConfirmation.decode(payload));
        return;
      case SSH_MSG.CHANNEL_OPEN_FAILURE:
        this.#receiveFailure(ChannelOpenFailure.decode(payload));
        return;
      case SSH_MSG.CHANNEL_REQUEST:
        this.#receiveRequest(ChannelRequest.decode(payload), nextToken);
        return;
    }
    checkBare(payload);
    if (number === SSH_MSG.CHANNEL_EOF) this.#receiveEof();
    else if (number === SSH_MSG.CHANNEL_CLOSE) this.#receiveClose();
    else this.#receiveReply(number);
  }

  #receiveConfirmation(message: ChannelOpenConfirmation): void {
    const { sender, window, maxPacket, typeSpecific } = message;
    if (maxPacket === 0) throw channelsError('CHANNELS_MAX_PACKET', { remote: sender });
    const remote = { id: remoteChannelId(sender), window, maxPacket };
    this.#outbox.claim(remote.id);
    this.#state = { phase: 'open', remote };
    this.#traceOpened(remote);
    if (!this.#closeWanted) {
      this.#outbox.event({ type: 'opened', channel: this.id, window, maxPacket, typeSpecific });
    }
    for (const payload of this.#early) {
      writeU32(payload, 1, remote.id);
      this.#outbox.control(payload);
    }
    this.#early.length = 0;
    for (const payload of this.#last) writeU32(payload, 1, remote.id);
    if (this.canSend) this.#outbox.ready(this);
    this.#finish();
  }

  #receiveFailure({ reason, description }: ChannelOpenFailure): void {
    this.#state = { phase: 'closed' };
    this.#outbox.remove(this);
    this.#outbox.trace?.('channels.open-failed', { channel: this.id, reason, direction: 'send' });
    const refusal = { reason, description: printable(description) };
    this.#outbox.event({ type: 'open-failed', channel: this.id, ...refusal });
  }

  /** @param stream - `undefined` for extended data of a type that does not exist: counted and given back. */
  #receiveData(body: Uint8Array, stream: DataStream | undefined): void {
    if (this.#state.phase === 'closing') return;
    const { length } = body;
    const channel = this.id;
    if (length > this.maxPacket) {
      throw channelsError('CHANNELS_DATA_LENGTH', { channel, limit: this.maxPacket, received: length });
    }
    const { remaining } = this.window;
    if (length > remaining) {
      throw channelsError('CHANNELS_WINDOW_EXCEEDED', { channel, window: remaining, received: length });
    }
    if (length === 0 || stream === undefined) this.#outbox.noise();
    if (length === 0) return;
    this.window.take(length, this.#outbox.now());
    this.#bytesReceived += length;
    if (stream === undefined || this.#closeWanted) this.#credit(length, false);
    else {
      const bytes = length < COPIED_BELOW ? new Uint8Array(body) : body;
      this.#outbox.event({ type: 'data', channel, stream, bytes });
    }
  }

  #receiveAdjust(added: number): void {
    const remote = this.#remote();
    if (remote === undefined) return;
    if (added === 0) this.#outbox.noise();
    if (remote.window + added > MAX_WINDOW) {
      throw channelsError('CHANNELS_WINDOW_OVERFLOW', { channel: this.id, window: remote.window, added });
    }
    remote.window += added;
    if (this.canSend) this.#outbox.ready(this);
  }

  #receiveEof(): void {
    if (this.#state.phase === 'receive-ended') this.#outbox.noise();
    if (this.#state.phase !== 'open') return;
    this.#state = { phase: 'receive-ended', remote: this.#state.remote };
    this.#outbox.trace?.('channels.eof', { channel: this.id, direction: 'receive' });
    this.#outbox.event({ type: 'eof', channel: this.id });
  }

  #receiveClose(): void {
    const remote = this.#remote();
    // RFC 4254 §5.3: CLOSE is answered with CLOSE, and the peer reads nothing more, so our queue is moot.
    if (remote !== undefined) this.#outbox.control(encodeBare(SSH_MSG.CHANNEL_CLOSE, remote.id));
    this.#queue.clear();
    this.#outbox.remove(this);
    this.#state = { phase: 'closed' };
    this.#outbox.trace?.('channels.closed', {
      channel: this.id,
      bytes_sent: this.#bytesSent,
      bytes_received: this.#bytesReceived,
    });
    this.#outbox.event({ type: 'closed', channel: this.id });
  }

  #receiveReply(number: number): void {
    const request = this.#requests.receiveReply(number);
    if (this.#state.phase === 'closing') return;
    const success = number === SSH_MSG.CHANNEL_SUCCESS;
    this.#outbox.event({ type: 'request-reply', channel: this.id, request, success });
  }

  #receiveRequest(message: ChannelRequest, nextToken: () => RequestToken): void {
    const remote = this.#remote();
    if (remote === undefined) return;
    if (message.name === END_OF_WRITE && !message.wantReply) this.#receiveEndOfWrite(message);
    else this.#requests.receive(message, remote.id, nextToken);
  }

  #receiveEndOfWrite({ name, data }: ChannelRequest): void {
    if (data.length > 0) throw wireError('WIRE_TRAILING_BYTES', { message: name, count: data.length });
    this.#requests.trace(name, false, 'receive');
    if (this.#unread) this.#outbox.noise();
    if (this.#unread || this.#closeWanted) return;
    this.#unread = true;
    this.#queue.clear();
    this.#outbox.event({ type: 'end-of-write', channel: this.id });
    this.#finish();
  }

  /** Once all data is sent: exit requests, then EOF, then CLOSE, as far as they were asked for. */
  #finish(): void {
    const remote = this.#remote();
    if (remote === undefined || this.#queue.length > 0) return;
    for (const payload of this.#last) this.#outbox.control(payload);
    this.#last.length = 0;
    if (this.#eof === 'wanted') {
      this.#eof = 'sent';
      this.#outbox.control(encodeBare(SSH_MSG.CHANNEL_EOF, remote.id));
      this.#outbox.trace?.('channels.eof', { channel: this.id, direction: 'send' });
    }
    if (!this.#closeWanted) return;
    this.#outbox.control(encodeBare(SSH_MSG.CHANNEL_CLOSE, remote.id));
    this.#state = { phase: 'closing', remote };
  }

  /** The peer's side while we may send on it. */
  #remote(): Remote | undefined {
    const state = this.#state;
    return state.phase === 'open' || state.phase === 'receive-ended' ? state.remote : undefined;
  }

  #traceOpened({ window, maxPacket }: Remote): void {
    this.#outbox.trace?.('channels.opened', { channel: this.id, window, max_packet: maxPacket });
  }

  #notOpen(operation: string): Error {
    const { phase } = this.#state;
    const what = this.#closeWanted ? 'closing' : this.#eof !== 'open' ? 'past its EOF' : phase;
    return channelsError('CHANNELS_NOT_OPEN', { channel: this.id, phase: what, operation });
  }
}

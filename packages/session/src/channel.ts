import type {
  ChannelEvent,
  DataStream,
  LocalChannelId,
  Multiplexer,
  ReceivedSessionRequest,
  RequestId,
  RequestToken,
  SessionRequest,
} from '@nbs-ssh/channels';
import type { SshError } from '@nbs-ssh/transport/wire';

/** Bytes that may be queued in a channel before {@link Channel.write} makes its caller wait. */
const WRITE_HIGH_WATER = 1_048_576;

/** What the owner of a channel hears. Called synchronously, in order; must not throw. */
export interface ChannelListener {
  /** `bytes` is a view of the receive buffer; give its length back with {@link Channel.consumed}. */
  readonly onData?: (stream: DataStream, bytes: Uint8Array) => void;
  readonly onEof?: () => void;
  /** The peer reads no more: writes are thrown away. Not every peer says so. */
  readonly onUnread?: () => void;
  /** With a `token`, {@link Channel.reply} must be called. */
  readonly onRequest?: (request: ReceivedSessionRequest, token: RequestToken | undefined) => void;
  /** Called exactly once. `error` says why, when it was not the regular end. */
  readonly onClosed?: (error: SshError | undefined) => void;
}

/** The reason of SSH_MSG_CHANNEL_OPEN_FAILURE, RFC 4254 §5.1. */
export interface OpenRefusal {
  readonly reason: number;
  readonly description: string;
}

/** One channel with promises around it. Commands on a channel that is gone do nothing or reject; none hang. */
export class Channel {
  readonly id: LocalChannelId;
  readonly #mux: Multiplexer;
  readonly #wake: () => void;
  readonly #listener: ChannelListener;
  readonly #replies = new Map<RequestId, (success: boolean) => void>();
  readonly #opened: Promise<OpenRefusal | undefined>;
  readonly #closed: Promise<SshError | undefined>;
  #settleOpened: (refusal: OpenRefusal | undefined) => void = () => {};
  #settleClosed: (error: SshError | undefined) => void = () => {};
  #writers: (() => void)[] = [];
  #gone = false;
  #unread = false;

  constructor(mux: Multiplexer, id: LocalChannelId, wake: () => void, listener: ChannelListener) {
    this.#mux = mux;
    this.id = id;
    this.#wake = wake;
    this.#listener = listener;
    this.#opened = new Promise((resolve) => {
      this.#settleOpened = resolve;
    });
    this.#closed = new Promise((resolve) => {
      this.#settleClosed = resolve;
    });
  }

  /** Resolves with `undefined` when the peer confirmed, or with its refusal. Never rejects. */
  get opened(): Promise<OpenRefusal | undefined> {
    return this.#opened;
  }

  /** Resolves when the channel is gone, with the reason when that was not its regular end. Never rejects. */
  get closed(): Promise<SshError | undefined> {
    return this.#closed;
  }

  get isClosed(): boolean {
    return this.#gone;
  }

  /** Whether {@link write} would make its caller wait. */
  get isFull(): boolean {
    return !this.#gone && this.#mux.queued(this.id) >= WRITE_HIGH_WATER;
  }

  /** The peer said that it reads no more. */
  get isUnread(): boolean {
    return this.#unread;
  }

  /**
   * Queues bytes, which must not be changed afterwards.
   *
   * @returns a promise that resolves when there is room for more; ignoring it is allowed and costs memory. It resolves
   *   too when the bytes go nowhere: see {@link isClosed} and {@link isUnread}.
   */
  write(bytes: Uint8Array, stream: DataStream = 'stdout'): Promise<void> {
    if (this.#gone || this.#unread) return Promise.resolve();
    this.#mux.write(this.id, bytes, stream === 'stderr' ? 'stderr' : undefined);
    this.#wake();
    if (!this.isFull) return Promise.resolve();
    return new Promise((resolve) => {
      this.#writers.push(resolve);
    });
  }

  /** Says that nobody reads any more, to peers that understand it. Give back what still comes. */
  stopReading(): void {
    this.#mux.endOfWrite(this.id);
    this.#wake();
  }

  end(): void {
    this.#mux.sendEof(this.id);
    this.#wake();
  }

  /** See {@link Multiplexer.close}. */
  close(mode: 'flush' | 'discard' = 'flush'): void {
    this.#mux.close(this.id, mode);
    this.#wake();
  }

  /**
   * Closes without waiting: for us the channel is over now. A server may answer CLOSE only when its process has
   * ended (OpenSSH does so), and until then the number stays in use; nobody here has to wait for that.
   */
  abandon(): void {
    if (this.#gone) return;
    this.close('discard');
    this.#finish(undefined);
  }

  consumed(bytes: number): void {
    if (this.#gone) return;
    this.#mux.consumed(this.id, bytes);
    this.#wake();
  }

  /** @returns whether the peer granted it; `false` also when the channel ends without an answer. */
  request(request: SessionRequest): Promise<boolean> {
    if (this.#gone) return Promise.resolve(false);
    const id = this.#mux.request(this.id, request, true);
    this.#wake();
    return new Promise((resolve) => {
      this.#replies.set(id, resolve);
    });
  }

  /** A request that wants no answer. */
  notify(request: SessionRequest): void {
    if (this.#gone) return;
    this.#mux.request(this.id, request, false);
    this.#wake();
  }

  reply(token: RequestToken | undefined, success: boolean): void {
    if (token === undefined || this.#gone) return;
    this.#mux.replyRequest(this.id, token, success);
    this.#wake();
  }

  /** @returns whether the channel is gone after this event. */
  handle(event: ChannelEvent): boolean {
    if (this.#gone) return event.type === 'closed' || event.type === 'open-failed';
    switch (event.type) {
      case 'opened':
        this.#settleOpened(undefined);
        return false;
      case 'open-failed':
        this.#settleOpened({ reason: event.reason, description: event.description });
        this.#finish(undefined);
        return true;
      case 'data':
        if (this.#listener.onData === undefined) this.consumed(event.bytes.length);
        else this.#listener.onData(event.stream, event.bytes);
        return false;
      case 'eof':
        this.#listener.onEof?.();
        return false;
      case 'request':
        if (this.#listener.onRequest === undefined) this.reply(event.token, false);
        else this.#listener.onRequest(event.request, event.token);
        return false;
      case 'request-reply':
        this.#replies.get(event.request)?.(event.success);
        this.#replies.delete(event.request);
        return false;
      case 'end-of-write':
        this.#unread = true;
        this.#resumeWriters();
        this.#listener.onUnread?.();
        return false;
      case 'writable':
        this.#resumeWriters();
        return false;
      case 'closed':
        this.#finish(undefined);
        return true;
      case 'open-request':
        return false;
    }
  }

  /** Ends the channel from outside: the session is over. */
  lost(error: SshError): void {
    this.#settleOpened({ reason: 2, description: 'the connection ended' });
    this.#finish(error);
  }

  #resumeWriters(): void {
    for (const resume of this.#writers.splice(0)) resume();
  }

  #finish(error: SshError | undefined): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#settleOpened({ reason: 2, description: 'the channel was closed' });
    this.#resumeWriters();
    for (const answer of this.#replies.values()) answer(false);
    this.#replies.clear();
    this.#listener.onClosed?.(error);
    this.#settleClosed(error);
  }
}

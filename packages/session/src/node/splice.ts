import type { Socket } from 'node:net';
import { plainBytes, type SshError } from '@nbs-ssh/transport/wire';
import type { Channel, ChannelListener } from '../channel.ts';

/** Bytes of a socket that are taken before the channel is open: a first request, so that nothing waits for it later. */
const EARLY_BYTES = 65_536;

/** Counts what went through, for one connection or for many together. In bytes. */
export interface Traffic {
  /** From sockets into channels. */
  sent: number;
  /** From channels to sockets. */
  received: number;
}

/** How a socket and a channel came apart. */
export type SpliceOutcome =
  /** Both directions ended, or the peer closed the channel. */
  | { readonly by: 'end' }
  /** The socket broke: reset, for example. The channel was closed. */
  | { readonly by: 'socket'; readonly error: unknown }
  /** The session is over. The socket was reset. */
  | { readonly by: 'session'; readonly error: SshError }
  | { readonly by: 'us' };

/**
 * A socket and a channel that are one connection: what the generic `join` does for two pipes, without a promise a chunk.
 *
 * Bytes go from the socket into the channel as they were read, and from the channel to the socket as they were decrypted:
 * nothing is copied here. Backpressure goes both ways: a full channel pauses the socket, and what the socket has not taken
 * is not credited to the peer. A direction that ends is ended on the other side, and the other direction goes on.
 *
 * A socket that is reset closes the channel at once. A channel that the peer closes ends the socket after its data: the
 * peer's EOF may be missing there, as servers written in Go leave it out, so that its absence says nothing. Only the
 * end of the session resets the socket.
 */
export class Splice {
  readonly channel: Channel;
  /** Resolves when both are gone. Never rejects. */
  readonly done: Promise<SpliceOutcome>;
  readonly #socket: Socket;
  readonly #traffic: Traffic;
  #settle: (outcome: SpliceOutcome) => void = () => {};
  #outcome: SpliceOutcome | undefined;
  /** What the channel brought before {@link go}. */
  #held: Uint8Array[] | undefined = [];
  #early = 0;
  /** Bytes that the socket has not taken, so that they are not credited yet. */
  #owed = 0;
  #corked = false;
  #paused = false;
  #sawEof = false;
  #sentEof = false;

  /**
   * Starts to read from the socket, whose other `data` listeners must be gone. Until {@link go} nothing is written to it.
   *
   * @param socket - Made with `allowHalfOpen`. @param start - Opens or accepts the channel with this listener.
   * @param head - What was read from the socket before.
   */
  constructor(
    socket: Socket,
    start: (listener: ChannelListener) => Channel,
    traffic: Traffic = { sent: 0, received: 0 },
    head?: Uint8Array,
  ) {
    this.#socket = socket;
    this.#traffic = traffic;
    this.done = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.channel = start({
      onData: (stream, bytes) => {
        if (stream === 'stdout') this.#deliver(bytes);
        else this.channel.consumed(bytes.length);
      },
      onEof: () => {
        this.#sawEof = true;
        if (this.#held === undefined) this.#endSocket();
      },
      onClosed: (error) => this.#channelClosed(error),
    });
    socket.setNoDelay(true);
    socket.on('data', (chunk: Uint8Array) => this.#send(plainBytes(chunk)));
    socket.on('end', () => this.#socketEnded());
    socket.on('drain', () => this.#credit());
    socket.on('error', (error) => this.#socketBroke(error));
    socket.on('close', () => this.#socketClosed());
    if (head !== undefined && head.length > 0) this.#send(head);
    if (socket.destroyed) this.#socketBroke(socket.errored ?? undefined);
    else if (!this.#paused) socket.resume();
    // Then it has told everybody already.
    if (socket.closed) this.#socketClosed();
  }

  /** The channel is open: from now on what it brings is written to the socket, `first` before it. */
  go(first?: Uint8Array): void {
    const held = this.#held;
    if (held === undefined) return;
    this.#held = undefined;
    if (first !== undefined) this.#socket.write(first);
    for (const bytes of held) this.#deliver(bytes);
    if (this.#paused && !this.channel.isFull) this.#resume();
    if (this.channel.isClosed) this.#finishSocket();
    else if (this.#sawEof) this.#endSocket();
  }

  /** Ends both at once: the socket is reset, the channel closed. */
  giveUp(): void {
    this.#outcome ??= { by: 'us' };
    this.#reset();
    this.channel.abandon();
  }

  #send(bytes: Uint8Array): void {
    const { channel } = this;
    if (channel.isClosed || this.#sentEof) return;
    this.#traffic.sent += bytes.length;
    const room = channel.write(bytes);
    if (this.#held !== undefined) {
      this.#early += bytes.length;
      if (this.#early < EARLY_BYTES) return;
      this.#pause();
    } else if (channel.isFull) {
      this.#pause();
      void room.then(() => this.#resume());
    }
  }

  #pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  #resume(): void {
    if (this.#held !== undefined) return;
    this.#paused = false;
    this.#socket.resume();
  }

  #socketEnded(): void {
    this.#sentEof = true;
    this.channel.end();
    this.#closeIfOver();
  }

  /** Both directions have ended: the channel is closed once everything is sent. */
  #closeIfOver(): void {
    if (this.#sawEof && this.#sentEof && this.#held === undefined) this.channel.close();
  }

  #deliver(bytes: Uint8Array): void {
    if (this.#held !== undefined) {
      this.#held.push(bytes);
      return;
    }
    const socket = this.#socket;
    if (!socket.writable) {
      this.channel.consumed(bytes.length);
      return;
    }
    this.#traffic.received += bytes.length;
    // What arrives in one turn goes to the operating system in one call.
    if (!this.#corked) {
      this.#corked = true;
      socket.cork();
      queueMicrotask(this.#uncork);
    }
    this.#owed += bytes.length;
    socket.write(bytes);
  }

  readonly #uncork = (): void => {
    this.#corked = false;
    this.#socket.uncork();
    if (!this.#socket.writableNeedDrain) this.#credit();
  };

  #credit(): void {
    const owed = this.#owed;
    this.#owed = 0;
    if (owed > 0) this.channel.consumed(owed);
  }

  #endSocket(): void {
    this.#socket.end();
    this.#closeIfOver();
  }

  #channelClosed(error: SshError | undefined): void {
    if (error !== undefined) {
      this.#outcome ??= { by: 'session', error };
      this.#reset();
    } else if (this.#held === undefined) this.#finishSocket();
  }

  /** Nothing goes through the channel any more: what is on its way to the socket is written, then it is closed. */
  #finishSocket(): void {
    this.#outcome ??= { by: 'end' };
    this.#socket.destroySoon();
  }

  #socketBroke(error: unknown): void {
    this.#outcome ??= { by: 'socket', error };
    this.channel.abandon();
    this.#socket.destroy();
  }

  #socketClosed(): void {
    this.#outcome ??= { by: 'end' };
    // After both EOFs the channel closes by itself; with anything else open nobody is left who could use it.
    if (!(this.#sawEof && this.#sentEof)) this.channel.abandon();
    void this.channel.closed.then(() => this.#settle(this.#outcome ?? { by: 'end' }));
  }

  #reset(): void {
    resetSocket(this.#socket);
  }
}

/** Ends a socket at once, and so that the other end notices: with RST where there is such a thing. */
export function resetSocket(socket: Socket): void {
  if (socket.destroyed) return;
  // A Unix socket has no RST, and a socket that is not connected yet is nobody's. One whose FIN is just being sent
  // cannot be reset, and Node would never close it after the attempt.
  const sendsFin = socket.writableEnded && !socket.writableFinished && socket.writableLength === 0;
  if (socket.remoteAddress === undefined || sendsFin) socket.destroy();
  else socket.resetAndDestroy();
}

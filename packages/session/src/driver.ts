import type { ChannelEvent, GlobalEvent } from '@nbs-ssh/channels';
import { transportError, type VerifyHostKey } from '@nbs-ssh/transport';
import { SshError } from '@nbs-ssh/transport/wire';
import type { ByteDuplex } from './byte-duplex.ts';
import type { Clock } from './clock.ts';
import type { SessionMachine, SessionOutput } from './session.ts';

/**
 * Bytes given to the socket and not yet taken by it, above which no more channel data is sealed. What is sealed cannot be
 * overtaken any more, and a keystroke waits behind it. The operating system has a buffer of its own that stays full, so
 * two batches keep it busy; more were not faster.
 */
const SOCKET_HIGH_WATER = 262_144;
/** Above this we stop reading too: a peer that asks without ever reading our answers gets no more answers. */
const SOCKET_STOP_READING = 4_194_304;
/** Milliseconds a goodbye may take before the socket is destroyed. */
const LINGER = 2000;
/** The same when nobody was logged in or something failed: there is little to lose, and few such peers answer. */
const SHORT_LINGER = 300;

/** What the session's owner does for it. Callbacks run synchronously and must not throw. */
export interface SessionOwner<AuthEffect, AuthAnswer, Login> {
  /** @returns why the host key is refused, or `undefined` when it is trusted. */
  readonly verifyHostKey: (effect: VerifyHostKey) => Promise<SshError | undefined>;
  readonly authenticate: (effect: AuthEffect) => Promise<AuthAnswer>;
  readonly onEvent: (event: ChannelEvent | GlobalEvent) => void;
  readonly onTransportReady?: () => void;
  readonly onAuthenticated: (login: Login) => void;
  readonly onBanner?: (text: string) => void;
  readonly onRekeyed?: (number: number) => void;
  /** Bytes came from the peer, before anything is known about them. */
  readonly onReceived?: () => void;
  /** Called exactly once, when no more events can come. The goodbye may still be on its way. */
  readonly onEnd: (error: SshError | undefined) => void;
}

/**
 * Runs one session over one byte pipe: the only place where promises meet the protocol.
 *
 * Reading never waits for an answer to an effect, writes keep their order, and what the machine wants to send is
 * fetched only while the socket has room.
 */
export class SessionDriver<AuthEffect, AuthAnswer, Login> {
  readonly #machine: SessionMachine<AuthEffect, AuthAnswer, Login>;
  readonly #owner: SessionOwner<AuthEffect, AuthAnswer, Login>;
  readonly #clock: Clock;
  readonly #reader: ReturnType<ByteDuplex['readable']['getReader']>;
  readonly #writer: ReturnType<ByteDuplex['writable']['getWriter']>;
  readonly #closed: Promise<void>;
  #settleClosed: () => void = () => {};
  /** Whether what was written may be overwritten once the socket has taken it. */
  readonly #recycles: boolean;
  /** Bytes the socket has not taken yet. */
  #unwritten = 0;
  #lastWrite: Promise<unknown> = Promise.resolve();
  #reading: Promise<void> = Promise.resolve();
  #ended = false;
  #wakePending = false;
  #flushing = false;
  #resumeReading: (() => void) | undefined;
  #cancelTimer: (() => void) | undefined;
  #timerAt: number | undefined;

  constructor(
    machine: SessionMachine<AuthEffect, AuthAnswer, Login>,
    duplex: ByteDuplex,
    clock: Clock,
    owner: SessionOwner<AuthEffect, AuthAnswer, Login>,
  ) {
    this.#machine = machine;
    this.#owner = owner;
    this.#clock = clock;
    this.#reader = duplex.readable.getReader();
    this.#writer = duplex.writable.getWriter();
    this.#recycles = duplex.writable.copies === true;
    this.#closed = new Promise((resolve) => {
      this.#settleClosed = resolve;
    });
  }

  /** Settles when the socket is gone. Never rejects. */
  get closed(): Promise<void> {
    return this.#closed;
  }

  /** Does nothing when {@link close} or {@link fail} came first. */
  start(): void {
    if (this.#ended) return;
    this.#machine.start(this.#clock.now());
    this.#flush();
    this.#reading = this.#readLoop();
  }

  /** To be called after commands to the machine; work is gathered until the end of the current turn. */
  wake(): void {
    if (this.#wakePending || this.#ended) return;
    this.#wakePending = true;
    void Promise.resolve().then(() => {
      this.#wakePending = false;
      this.#advance();
    });
  }

  /** Says goodbye and ends. Idempotent. */
  close(reason: number, description: string): Promise<void> {
    if (!this.#ended) {
      this.#machine.tick(this.#clock.now());
      const patience = this.#machine.phase === 'open' ? LINGER : SHORT_LINGER;
      this.#machine.disconnect(reason, description);
      // Not `#flush`: it does nothing while a callback of the owner, who may call this, is running inside it.
      this.#writeRest();
      this.#end(undefined, patience);
    }
    return this.#closed;
  }

  /** Ends because of something outside the protocol: a deadline, an abort, a failed effect. */
  fail(error: SshError): void {
    if (this.#ended) return;
    this.#machine.tick(this.#clock.now());
    this.#machine.fail(error);
    this.#flush();
  }

  async #readLoop(): Promise<void> {
    try {
      for (;;) {
        if (!this.#ended && (!this.#machine.wantsInput || this.#unwritten > SOCKET_STOP_READING)) {
          await new Promise<void>((resolve) => {
            this.#resumeReading = resolve;
          });
          continue;
        }
        const { done, value } = await this.#reader.read();
        if (this.#ended) {
          // Whatever still comes is thrown away: closing a socket over unread bytes would reset it, and the
          // goodbye could be lost with it.
          if (done) return;
          continue;
        }
        if (!done) this.#owner.onReceived?.();
        this.#machine.tick(this.#clock.now());
        this.#machine.receive(done ? undefined : value);
        this.#flush();
        if (done) return;
      }
    } catch (error) {
      this.#socketFailed(error);
    }
  }

  #advance(): void {
    if (this.#ended) return;
    this.#machine.tick(this.#clock.now());
    this.#flush();
  }

  #flush(): void {
    // An owner's callback may command the machine and wake us; the loop below then sees the new work itself.
    if (this.#flushing || this.#ended) return;
    this.#flushing = true;
    try {
      for (;;) {
        const output = this.#poll(this.#unwritten < SOCKET_HIGH_WATER);
        if (output === undefined) break;
        try {
          this.#perform(output);
        } catch (error) {
          // A callback of the owner threw although it must not. Going on would hide it, so the session ends with it.
          this.#machine.fail(error);
        }
        if (this.#ended) break;
      }
    } finally {
      this.#flushing = false;
    }
    if (this.#ended) return;
    this.#resume();
    this.#schedule();
  }

  /** A machine that throws is broken: the session ends with it, instead of the turn of the event loop. */
  #poll(canSendData: boolean): SessionOutput<AuthEffect, Login> | undefined {
    try {
      return this.#machine.poll(canSendData);
    } catch (cause) {
      this.#machine.fail(cause);
      try {
        return this.#machine.poll(canSendData);
      } catch {
        // Not even its end can be told.
        this.#end(asSshError(cause, 'polling the session failed'), SHORT_LINGER);
        return undefined;
      }
    }
  }

  #perform(output: SessionOutput<AuthEffect, Login>): void {
    switch (output.type) {
      case 'write':
        this.#write(output.bytes);
        return;
      case 'event':
        this.#owner.onEvent(output.event);
        return;
      case 'effect':
        this.#ask(output.effect);
        return;
      case 'authenticated':
        this.#owner.onAuthenticated(output.login);
        return;
      case 'banner':
        this.#owner.onBanner?.(output.text);
        return;
      case 'transport-ready':
        this.#owner.onTransportReady?.();
        return;
      case 'rekeyed':
        this.#owner.onRekeyed?.(output.number);
        return;
      case 'failed':
        this.#writeRest();
        this.#end(output.error, SHORT_LINGER);
        return;
    }
  }

  #ask(effect: VerifyHostKey | AuthEffect): void {
    this.#answer(effect).then(
      () => this.#flush(),
      (error: unknown) => this.fail(asSshError(error, 'answering a question of the session failed')),
    );
  }

  async #answer(effect: VerifyHostKey | AuthEffect): Promise<void> {
    if (isHostKeyEffect(effect)) {
      const refusal = await this.#owner.verifyHostKey(effect);
      this.#machine.tick(this.#clock.now());
      this.#machine.resolveHostKey(refusal);
    } else {
      const answer = await this.#owner.authenticate(effect);
      this.#machine.tick(this.#clock.now());
      this.#machine.resolveAuth(answer);
    }
  }

  #write(bytes: Uint8Array): void {
    this.#unwritten += bytes.length;
    const written = this.#writer.write(bytes);
    this.#lastWrite = written;
    written.then(
      () => {
        const before = this.#unwritten;
        this.#unwritten -= bytes.length;
        if (this.#recycles) this.#machine.transport.recycle(bytes);
        if (before >= SOCKET_HIGH_WATER && this.#unwritten < SOCKET_HIGH_WATER) this.#advance();
        if (this.#unwritten === 0) this.#machine.transport.recycle();
        this.#resume();
      },
      (error: unknown) => this.#socketFailed(error),
    );
  }

  #writeRest(): void {
    for (;;) {
      const output = this.#poll(false);
      if (output === undefined) return;
      if (output.type === 'write') this.#write(output.bytes);
    }
  }

  #resume(): void {
    const resume = this.#resumeReading;
    if (resume === undefined || !this.#machine.wantsInput || this.#unwritten > SOCKET_STOP_READING) return;
    this.#resumeReading = undefined;
    resume();
  }

  #schedule(): void {
    const at = this.#machine.deadline();
    if (at === this.#timerAt) return;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#timerAt = at;
    if (at === undefined) return;
    this.#cancelTimer = this.#clock.after(Math.max(0, at - this.#clock.now()), () => {
      this.#timerAt = undefined;
      this.#advance();
    });
  }

  /** The socket broke: whatever the machine still has in its buffer comes first, then the end of input. */
  #socketFailed(cause: unknown): void {
    if (this.#ended) return;
    this.#machine.tick(this.#clock.now());
    this.#machine.receive(undefined, cause);
    this.#flush();
  }

  #end(error: SshError | undefined, patience: number): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#cancelTimer?.();
    this.#resumeReading?.();
    void this.#shutDown(patience);
    this.#owner.onEnd(error);
  }

  /** The goodbye, then FIN, then the peer's FIN or the end of our patience, then the socket is destroyed. */
  async #shutDown(patience: number): Promise<void> {
    const goodbye = this.#lastWrite
      .then(() => this.#writer.close())
      .then(() => this.#reading)
      .catch(() => {});
    let cancelLinger: () => void = () => {};
    const linger = new Promise<void>((resolve) => {
      cancelLinger = this.#clock.after(patience, resolve);
    });
    await Promise.race([goodbye, linger]);
    cancelLinger();
    await Promise.allSettled([this.#reader.cancel(), this.#writer.abort()]);
    this.#settleClosed();
  }
}

function isHostKeyEffect(effect: unknown): effect is VerifyHostKey {
  return (effect as { readonly type?: unknown }).type === 'verify-host-key';
}

function asSshError(error: unknown, what: string): SshError {
  return error instanceof SshError ? error : transportError('TRANSPORT_INTERNAL', { what }, { cause: error });
}

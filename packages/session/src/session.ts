import type { ChannelEvent, GlobalEvent, Multiplexer, MuxOutput } from '@nbs-ssh/channels';
import {
  type TransportMachine,
  type TransportOutput,
  transportError,
  type VerifyHostKey,
} from '@nbs-ssh/transport';
import type { SshError } from '@nbs-ssh/transport/wire';
import type { AuthMachine, AuthOutput } from './auth-machine.ts';

/** Bytes sealed before they are handed to the socket, so that it works while we seal the next ones. */
const WRITE_BATCH = 131_072;
/** SSH_MSG_IGNORE with no data, RFC 4253 §11.2. */
const IGNORE: Uint8Array = /* @__PURE__ */ Uint8Array.of(2, 0, 0, 0, 0);
/** SSH_MSG_GLOBAL_REQUEST, RFC 4254 §4. */
const GLOBAL_REQUEST = 80;
/** Received bytes that may wait undecoded before the driver should stop reading. */
const INPUT_HIGH_WATER = 524_288;

export type SessionOutput<AuthEffect, Login> =
  | { readonly type: 'write'; readonly bytes: Uint8Array }
  | { readonly type: 'effect'; readonly effect: VerifyHostKey | AuthEffect }
  | { readonly type: 'banner'; readonly text: string }
  /** The transport is up: host key proven and trusted, keys in use, authentication begins. */
  | { readonly type: 'transport-ready' }
  | { readonly type: 'authenticated'; readonly login: Login }
  | { readonly type: 'rekeyed'; readonly number: number }
  | { readonly type: 'event'; readonly event: ChannelEvent | GlobalEvent }
  /** Last output but the bytes of a goodbye. */
  | { readonly type: 'failed'; readonly error: SshError };

export type SessionPhase = 'transport' | 'auth' | 'open' | 'closed';

export interface SessionParts<AuthEffect, AuthAnswer, Login> {
  readonly transport: TransportMachine;
  /** Called once, when the session id is known. */
  readonly createAuth: (sessionId: Uint8Array) => AuthMachine<AuthEffect, AuthAnswer, Login>;
  readonly mux: Multiplexer;
  /**
   * Sends a small SSH_MSG_IGNORE where a message came, another is awaited and nothing else is to be sent: it
   * carries the TCP acknowledgement. A server that has not switched Nagle's algorithm off holds its next message
   * until it has that, and the operating system would let it wait 40 ms. Default `false`.
   */
  readonly acknowledge?: boolean;
}

/**
 * One SSH session: transport, authentication and channels, composed. Role-free: the parts know their roles.
 *
 * A pull machine. Whatever the upper layers want to send is fetched only when the transport may send (never
 * during a key exchange) and the socket has room, so nothing piles up in between.
 */
export class SessionMachine<AuthEffect, AuthAnswer, Login> {
  readonly #transport: TransportMachine;
  readonly #createAuth: (sessionId: Uint8Array) => AuthMachine<AuthEffect, AuthAnswer, Login>;
  readonly mux: Multiplexer;
  readonly #outputs: SessionOutput<AuthEffect, Login>[] = [];
  /** Messages of authentication that the transport cannot send yet. */
  readonly #loginUnsent: Uint8Array[] = [];
  #auth: AuthMachine<AuthEffect, AuthAnswer, Login> | undefined;
  #phase: SessionPhase = 'transport';
  readonly #acknowledge: boolean;
  /** Bytes came and nothing was sent since. Also messages that never leave the transport hold up the next one. */
  #unanswered = false;
  /** Authentication waits for somebody on our side. */
  #asking = false;
  #now = 0;

  constructor(parts: SessionParts<AuthEffect, AuthAnswer, Login>) {
    this.#transport = parts.transport;
    this.#createAuth = parts.createAuth;
    this.mux = parts.mux;
    this.#acknowledge = parts.acknowledge ?? false;
  }

  get transport(): TransportMachine {
    return this.#transport;
  }

  get phase(): SessionPhase {
    return this.#phase;
  }

  /** Phase in words for errors and evidence, finer than {@link phase}. */
  get phaseName(): string {
    return this.#phase === 'transport' ? this.#transport.phase : this.#phase;
  }

  /** Whether the driver should read on. */
  get wantsInput(): boolean {
    return !this.#transport.closed && this.#transport.bufferedInput < INPUT_HIGH_WATER;
  }

  get done(): boolean {
    return this.#transport.closed;
  }

  start(now: number): void {
    this.#now = now;
    this.#transport.start(now);
  }

  tick(now: number): void {
    this.#now = now;
    this.#transport.tick(now);
    this.#auth?.tick(now);
    this.mux.tick(now);
  }

  deadline(): number | undefined {
    return this.#transport.deadline();
  }

  /** Bytes of the peer, or `undefined` at their end, with the socket's error if there was one. */
  receive(bytes: Uint8Array | undefined, cause?: unknown): void {
    this.#unanswered = this.#acknowledge;
    this.#transport.receive(bytes, cause);
  }

  /** Answers {@link VerifyHostKey}; a refusal ends the session before any credential was sent. */
  resolveHostKey(refusal: SshError | undefined): void {
    this.#transport.resolveHostKey(refusal);
  }

  resolveAuth(answer: AuthAnswer): void {
    if (this.#transport.closed) return;
    this.#transport.hold(false);
    this.#asking = false;
    this.#auth?.resolve(answer);
  }

  rekey(): void {
    this.#transport.rekey();
  }

  fail(error: unknown): void {
    this.#transport.fail(error);
  }

  disconnect(reason: number, description: string): void {
    this.#transport.disconnect(reason, description);
    this.#phase = 'closed';
  }

  /**
   * Next thing to do, or `undefined` when everything waits.
   *
   * @param canSendData - Whether the socket has room for channel data. Control messages go out regardless.
   */
  poll(canSendData: boolean): SessionOutput<AuthEffect, Login> | undefined {
    for (;;) {
      const output = this.#outputs.shift();
      if (output !== undefined) return output;
      if (this.#transport.pendingBytes >= WRITE_BATCH) return this.#write();
      if (this.#pullUpper(false)) continue;
      const transported = this.#transport.poll();
      if (transported !== undefined) {
        const event = this.#transported(transported);
        if (event !== undefined) return event;
        continue;
      }
      if (canSendData && this.#pullUpper(true)) continue;
      return this.#write();
    }
  }

  #write(): SessionOutput<AuthEffect, Login> | undefined {
    if (this.#unanswered && this.#transport.pendingBytes === 0 && this.#awaitsPeer) {
      this.#transport.send(IGNORE);
    }
    const bytes = this.#transport.takeBytes();
    if (bytes !== undefined) this.#unanswered = false;
    return bytes === undefined ? undefined : { type: 'write', bytes };
  }

  /**
   * Whether the peer owes an answer without which nothing goes on. Once a command has started, servers send at once,
   * so nothing is needed then. Never during a key exchange, where nothing else may be sent.
   */
  get #awaitsPeer(): boolean {
    if (!this.#transport.canSend) return false;
    return this.#phase === 'auth' ? !this.#asking : this.#phase === 'open' && this.mux.awaitsOpen;
  }

  /** @returns whether one output of authentication or channels was handled. */
  #pullUpper(data: boolean): boolean {
    // What authentication decides counts at once, also while a key exchange keeps its messages back: the peer's next
    // message is judged by it.
    const login = this.#auth?.poll();
    if (login !== undefined) {
      this.#loggingIn(login);
      return true;
    }
    const { canSend } = this.#transport;
    const payload = canSend ? this.#loginUnsent.shift() : undefined;
    if (payload !== undefined) {
      this.#transport.send(payload);
      return true;
    }
    if (this.#phase !== 'open') return false;
    // During a key exchange nothing goes out, but what was received is handed on: were the connection to end now,
    // data and an exit status that came before must not be lost with it.
    const output = this.mux.poll(data, canSend);
    if (output === undefined) return false;
    this.#muxed(output);
    return true;
  }

  #transported(output: TransportOutput): SessionOutput<AuthEffect, Login> | undefined {
    switch (output.type) {
      case 'message':
        this.#route(output.payload);
        return undefined;
      case 'ready':
        this.#phase = 'auth';
        this.mux.identified(this.#transport.peerLine ?? '');
        this.#auth = this.#createAuth(output.sessionId);
        this.#auth.tick(this.#now);
        this.#auth.start?.();
        return { type: 'transport-ready' };
      case 'ext-info':
        this.#auth?.serverSigAlgs?.(output.serverSigAlgs);
        return undefined;
      case 'unimplemented':
        if (this.mux.unimplemented(output.sequence)) this.#transport.excuse();
        return undefined;
      case 'failed':
        this.#phase = 'closed';
        return output;
      case 'effect':
      case 'rekeyed':
        return output;
    }
  }

  #route(payload: Uint8Array): void {
    const number = payload[0] as number;
    if (number < 80) {
      this.#auth?.receive(payload);
    } else if (this.#phase === 'open') {
      this.mux.receive(payload);
    } else {
      // RFC 4252 §6: nothing of the connection protocol before authentication has succeeded.
      const expected = [5, 6, 50, 51, 52, 53];
      this.fail(
        transportError('TRANSPORT_MESSAGE_UNEXPECTED', { phase: 'auth', expected, received: number }),
      );
    }
  }

  #loggingIn(output: AuthOutput<AuthEffect, Login>): void {
    switch (output.type) {
      case 'send':
        this.#loginUnsent.push(output.payload);
        return;
      case 'effect':
        // The answer decides what later bytes mean, so they wait.
        this.#transport.hold(true);
        this.#asking = true;
        this.#outputs.push(output);
        return;
      case 'banner':
        this.#outputs.push(output);
        return;
      case 'success': {
        this.#phase = 'open';
        this.#transport.setAuthenticated();
        this.#outputs.push({ type: 'authenticated', login: output });
        return;
      }
      case 'failed':
        this.fail(output.error);
        return;
    }
  }

  #muxed(output: MuxOutput): void {
    switch (output.type) {
      case 'send': {
        const sequence = this.#transport.send(output.payload);
        if (output.payload[0] === GLOBAL_REQUEST) this.mux.globalRequestSent(sequence);
        return;
      }
      case 'send-data':
        this.#transport.send(output.header, output.body);
        return;
      case 'failed':
        this.fail(output.error);
        return;
      default:
        this.#outputs.push({ type: 'event', event: output });
    }
  }
}

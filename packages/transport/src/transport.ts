import { PeerBudget } from './budget.ts';
import { checkConfig, type TransportConfig } from './config.ts';
import { type TransportPhase, transportError } from './errors.ts';
import { MAX_EXT_INFO_MESSAGES, readExtInfo } from './ext-info.ts';
import { IdentificationReader } from './identification.ts';
import { KeyExchanges } from './kex/exchanges.ts';
import { disconnectReasonName } from './message-names.ts';
import { LEGAL, routeOf } from './message-rules.ts';
import { Disconnect, KexInit, Ping, Pong, Unimplemented } from './messages.ts';
import type { NegotiatedAlgorithms } from './negotiate.ts';
import type { TransportOutput } from './output.ts';
import { OutgoingPackets } from './packet/outgoing.ts';
import { PacketReader } from './packet/reader.ts';
import { KeyUsage } from './rekey-policy.ts';
import { TransportTrace } from './transport-trace.ts';
import { EMPTY, printable, SshError, utf8 } from './wire/index.ts';

/**
 * The SSH transport layer, RFC 4253, in either role. Owns no socket, starts no timer, awaits nothing.
 *
 * The driver calls {@link tick} with its clock before anything else, {@link receive} with bytes, then {@link poll}
 * until `undefined`, and writes what {@link takeBytes} gives.
 */
export class TransportMachine {
  readonly #config: TransportConfig;
  readonly #trace: TransportTrace;
  readonly #reader = new PacketReader();
  readonly #outgoing: OutgoingPackets;
  readonly #identification: IdentificationReader;
  readonly #exchanges: KeyExchanges;
  readonly #budget: PeerBudget;
  readonly #received = new KeyUsage();
  readonly #outputs: TransportOutput[] = [];
  #peerLine: string | undefined;
  #extInfoMessages = 0;
  #authenticated = false;
  #held = false;
  #ended = false;
  #endCause: unknown;
  #closed = false;

  /** @throws {TransportError} `TRANSPORT_MISUSE` */
  constructor(config: TransportConfig) {
    checkConfig(config);
    this.#config = config;
    this.#trace = new TransportTrace(config.trace, config.tracePackets);
    this.#outgoing = new OutgoingPackets(config.crypto.random, this.#trace);
    this.#identification = new IdentificationReader(config.role === 'client' ? 'server' : 'client');
    const line = utf8(`SSH-2.0-${config.software}`);
    this.#exchanges = new KeyExchanges(config, line, this.#reader, this.#outgoing, this.#trace);
    this.#budget = new PeerBudget(config.limits);
  }

  /** Sends our identification and KEXINIT at once, without waiting for the peer's line: it saves a round trip. */
  start(now: number): void {
    this.tick(now);
    const line = `SSH-2.0-${this.#config.software}`;
    this.#outgoing.raw(utf8(`${line}\r\n`));
    this.#trace.emit('transport.identification.sent', { line });
    this.#push(this.#exchanges.start());
  }

  get sessionId(): Uint8Array | undefined {
    return this.#exchanges.sessionId;
  }

  get algorithms(): NegotiatedAlgorithms | undefined {
    return this.#exchanges.algorithms;
  }

  get strictKex(): boolean {
    return this.#exchanges.strict;
  }

  /** The peer's identification line, escaped for display; `undefined` until it arrived. */
  get peerLine(): string | undefined {
    return this.#peerLine;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get phase(): TransportPhase {
    if (this.#closed) return 'closed';
    return this.#peerLine === undefined ? 'identification' : this.#exchanges.phase;
  }

  /** Whether {@link send} may be called: false from our KEXINIT until our NEWKEYS, and after the end. */
  get canSend(): boolean {
    return !this.#closed && this.#exchanges.canSend;
  }

  /** Sealed bytes waiting for {@link takeBytes}. */
  get pendingBytes(): number {
    return this.#outgoing.pending;
  }

  /** Received bytes that were not decoded yet. */
  get bufferedInput(): number {
    return this.#reader.buffered;
  }

  /** When {@link tick} must be called at the latest, in the driver's milliseconds. */
  deadline(): number | undefined {
    // While held, the peer's part of an exchange cannot be read, so none is begun by the clock, and none is late.
    if (this.#closed || this.#held) return undefined;
    return earliest(this.#exchanges.deadline(), this.#reader.deadline);
  }

  tick(now: number): void {
    this.#trace.now = now;
    const due = this.deadline();
    try {
      this.#reader.tick(now);
      if (due === undefined || now < due) return;
      this.#reader.checkDeadline();
      if (this.#exchanges.idle) {
        this.#push(this.#exchanges.start('time'));
      } else if (this.#exchanges.working) {
        this.#push(this.#exchanges.work());
      } else {
        const limitMs = this.#config.limits.kexMilliseconds;
        throw transportError('TRANSPORT_KEX_TIMEOUT', { phase: this.phase, limitMs });
      }
    } catch (error) {
      this.fail(error);
    }
  }

  /**
   * Takes over bytes from the peer; `undefined` means that the peer closed its side. Never throws.
   *
   * @param cause - With `undefined`: the error of the socket, when it broke.
   */
  receive(bytes: Uint8Array | undefined, cause?: unknown): void {
    if (this.#closed || this.#ended) return;
    if (bytes === undefined) {
      this.#ended = true;
      this.#endCause = cause;
      return;
    }
    try {
      this.#reader.feed(this.#peerLine === undefined ? this.#identify(bytes) : bytes);
      const limit = this.#config.limits.heldInput;
      if ((this.#held || this.#exchanges.blocked) && this.#reader.buffered > limit) {
        throw transportError('TRANSPORT_INPUT_OVERFLOW', { limit });
      }
    } catch (error) {
      this.fail(error);
    }
  }

  /** While held, nothing is decoded: a layer above waits for an answer of its own. */
  hold(held: boolean): void {
    if (this.#held && !held) {
      this.#exchanges.resumePeer();
      this.#reader.resume();
    }
    this.#held = held;
  }

  /** Next thing to do, or `undefined` when the machine waits for input. Decodes one packet at a time. */
  poll(): TransportOutput | undefined {
    for (;;) {
      const output = this.#outputs.shift();
      if (output !== undefined) return output;
      const waiting = this.#held || this.#exchanges.blocked;
      if (this.#closed || (waiting && !this.#ended)) return undefined;
      try {
        // A peer that is gone has no use for the answer that is awaited. Its last packets may still say why it went;
        // behind an open question of the exchange itself nothing can be read.
        const readable = this.#peerLine !== undefined && !this.#exchanges.blocked;
        const payload = readable ? this.#reader.next() : undefined;
        if (payload !== undefined) {
          if (this.#accept(payload) && !waiting) return { type: 'message', payload };
        } else if (this.#ended) {
          throw this.#reader.failure ?? this.#endOfInput();
        } else {
          return undefined;
        }
      } catch (error) {
        this.fail(error);
      }
    }
  }

  /**
   * Answers {@link VerifyHostKey}.
   *
   * @param refusal - Why the key is not trusted; `undefined` trusts it.
   */
  resolveHostKey(refusal: SshError | undefined): void {
    if (this.#closed || !this.#exchanges.awaitingTrust) return;
    if (refusal !== undefined) {
      this.fail(refusal);
      return;
    }
    try {
      this.#push(this.#exchanges.trusted());
    } catch (error) {
      this.fail(error);
    }
  }

  /**
   * Seals one message of a layer above. Two parts save channel data a copy.
   *
   * @returns the packet's sequence number, which `unimplemented` names.
   * @throws {TransportError} `TRANSPORT_MISUSE` when {@link canSend} is false.
   */
  send(head: Uint8Array, body: Uint8Array = EMPTY): number {
    if (!this.canSend)
      throw transportError('TRANSPORT_MISUSE', { what: `cannot send in phase ${this.phase}` });
    const sequence = this.#outgoing.seal(head, body);
    this.#rekeyIfDue(this.#outgoing.rekeyDue(this.#config.rekey));
    return sequence;
  }

  /** Starts a key exchange now; nothing happens when one runs already. */
  rekey(): void {
    if (!this.#closed) this.#rekeyIfDue('asked');
  }

  /** Lifts the limits for strangers. Called when authentication has succeeded. */
  setAuthenticated(): void {
    this.#authenticated = true;
    this.#budget.authenticated();
  }

  /** A layer above had use for an `unimplemented`, so it is no noise. */
  excuse(): void {
    this.#budget.useful();
  }

  /** The next sealed bytes for the socket; never touched again. */
  takeBytes(): Uint8Array | undefined {
    return this.#outgoing.take();
  }

  /** Takes back what {@link takeBytes} gave, once nobody reads it any more. Without bytes: nothing is sent for now. */
  recycle(bytes?: Uint8Array): void {
    this.#outgoing.recycle(bytes);
  }

  /** Says goodbye, RFC 4253 §11.1, and ends. */
  disconnect(reason: number, description: string): void {
    if (this.#closed) return;
    this.#sendDisconnect(reason, description);
    this.#close();
  }

  /**
   * Why the peer is no SSH endpoint, when it greeted like another protocol and never said SSH. Such a peer may wait
   * for us in silence, so whoever loses patience should ask here for the cause.
   */
  get foreignPeer(): SshError | undefined {
    const foreign = this.#peerLine === undefined && this.#identification.heardKnownOther;
    return foreign ? this.#identification.notSsh() : undefined;
  }

  /**
   * Ends the transport because of `cause`: queues SSH_MSG_DISCONNECT where the error names a reason, then the
   * `failed` output. A layer above uses it for what its peer did wrong.
   */
  fail(cause: unknown): void {
    if (this.#closed) return;
    const error =
      cause instanceof SshError
        ? cause
        : transportError('TRANSPORT_INTERNAL', { what: 'an unexpected exception' }, { cause });
    if (error.disconnect !== undefined) this.#sendDisconnect(error.disconnect, error.code);
    this.#close();
    this.#outputs.push({ type: 'failed', error });
  }

  #close(): void {
    this.#closed = true;
    this.#reader.wipe();
    this.#outgoing.wipe();
    this.#exchanges.end();
  }

  #sendDisconnect(reason: number, description: string): void {
    // Before the peer's identification nobody knows whether packets are understood, so none is sent. Nor is one when
    // its sequence number would be used a second time.
    if (this.#peerLine === undefined || this.#outgoing.exhausted) return;
    this.#trace.disconnect('sent', reason, description);
    this.#outgoing.seal(
      Disconnect.encode({ reason, description: utf8(description), rest: new Uint8Array(4) }),
    );
  }

  #push(outputs: readonly TransportOutput[]): void {
    for (const output of outputs) {
      if (output.type === 'rekeyed' || output.type === 'ready') this.#received.reset();
      this.#outputs.push(output);
    }
  }

  #rekeyIfDue(cause: 'bytes' | 'packets' | 'asked' | undefined): void {
    if (cause !== undefined) this.#push(this.#exchanges.start(cause));
  }

  /** @returns what follows the identification line, or nothing while it is incomplete. */
  #identify(bytes: Uint8Array): Uint8Array {
    const found = this.#identification.receive(bytes);
    if (found === undefined) return EMPTY;
    this.#peerLine = printable(found.line);
    this.#exchanges.identified(found.line);
    this.#trace.identified(found);
    return found.rest;
  }

  /** @returns whether the message belongs to a layer above. */
  #accept(payload: Uint8Array): boolean {
    const number = payload[0] as number;
    const sequence = (this.#reader.sequence - 1) >>> 0;
    this.#trace.packet('received', number, payload.length, sequence);
    this.#budget.packet(payload.length);
    if (this.#received.exhausted) throw transportError('TRANSPORT_SEQUENCE_WRAP', { direction: 'receive' });
    this.#received.count(payload.length);
    const route = routeOf(number);
    const { stage } = this.#exchanges;
    if (!LEGAL[stage].includes(route)) {
      if (stage === 'strict-first')
        throw transportError('TRANSPORT_STRICT_KEX', { received: number, sequence });
      const expected = [1, 2, 3, 4, ...this.#exchanges.expected];
      throw transportError('TRANSPORT_MESSAGE_UNEXPECTED', { phase: this.phase, expected, received: number });
    }
    switch (route) {
      case 'upper':
        if (this.#authenticated) this.#budget.useful();
        this.#rekeyIfDue(this.#received.due(this.#config.rekey));
        return true;
      case 'kex':
        if (number === KexInit.number) this.#budget.exchange();
        this.#push(this.#exchanges.receive(payload));
        return false;
      case 'disconnect':
        this.#disconnected(Disconnect.decode(payload));
        return false;
      case 'ext-info':
        this.#extInfo(payload);
        return false;
      case 'noise':
      case 'ping':
      case 'unknown':
        this.#budget.noise(this.#trace.now);
        if (number === Ping.number && this.#authenticated) this.#answer(Pong.encode(Ping.decode(payload)));
        // RFC 4253 §11.4
        else if (route === 'unknown') this.#answer(Unimplemented.encode({ sequence }));
        else if (number === Unimplemented.number && this.#authenticated)
          this.#outputs.push({ type: 'unimplemented', sequence: Unimplemented.decode(payload).sequence });
        return false;
    }
  }

  #extInfo(payload: Uint8Array): void {
    this.#extInfoMessages += 1;
    if (this.#authenticated || this.#extInfoMessages > MAX_EXT_INFO_MESSAGES) {
      const reason = this.#authenticated ? 'sent after authentication' : 'sent too often';
      throw transportError('TRANSPORT_EXT_INFO', { reason });
    }
    const { names, serverSigAlgs } = readExtInfo(payload);
    const shown = (serverSigAlgs ?? []).map((name) => printable(name, 64));
    this.#trace.emit('transport.ext-info.received', { names, server_sig_algs: shown });
    if (serverSigAlgs !== undefined) this.#outputs.push({ type: 'ext-info', serverSigAlgs });
  }

  #answer(payload: Uint8Array): void {
    if (this.canSend) this.#outgoing.seal(payload);
    else this.#outgoing.defer(payload);
  }

  #disconnected(message: Disconnect): void {
    const description = printable(message.description);
    const { reason } = message;
    this.#trace.disconnect('received', reason, description);
    const name = disconnectReasonName(reason);
    this.fail(transportError('TRANSPORT_DISCONNECTED', { reason, name, description }));
  }

  #endOfInput(): SshError {
    if (this.#peerLine === undefined && this.#identification.heardOther) return this.#identification.notSsh();
    const options = this.#endCause === undefined ? {} : { cause: this.#endCause };
    const { midPacket } = this.#reader;
    return transportError('TRANSPORT_CLOSED', { phase: this.phase, midPacket }, options);
  }
}

function earliest(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.min(one, other);
}

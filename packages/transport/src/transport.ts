import { PeerBudget } from './budget.ts';
import type { TransportConfig } from './config.ts';
import { type TransportPhase, transportError } from './errors.ts';
import { MAX_EXT_INFO_MESSAGES, readExtInfo, serverExtInfo } from './ext-info.ts';
import { IdentificationReader } from './identification.ts';
import {
  EXPECTED,
  type KexContext,
  type KexInput,
  type KexOutput,
  type KexState,
  stepKex,
} from './kex/exchange.ts';
import { markersOf } from './kex/offer.ts';
import { directions } from './key-derivation.ts';
import type { PublicKey } from './keys/index.ts';
import { disconnectReasonName } from './message-names.ts';
import { LEGAL, routeOf, type Stage } from './message-rules.ts';
import { Disconnect, KexInit, Ping, Pong, Unimplemented } from './messages.ts';
import type { NegotiatedAlgorithms } from './negotiate.ts';
import { PacketReader } from './packet/reader.ts';
import { createOpener, createSealer } from './packet/suite.ts';
import { PacketWriter } from './packet/writer.ts';
import { KeyUsage } from './rekey-policy.ts';
import { TransportTrace } from './transport-trace.ts';
import { EMPTY, printable, SshError, utf8 } from './wire/index.ts';

/** A question that the transport asks and waits for. While it is open, nothing is decoded. */
export interface VerifyHostKey {
  readonly type: 'verify-host-key';
  readonly hostKey: PublicKey;
  /** Signature algorithm that proved it, for example `rsa-sha2-512`. */
  readonly algorithm: string;
}

export type TransportOutput =
  /** A message for authentication (5, 6, 50–79) or channels (80–127). A view of the receive buffer. */
  | { readonly type: 'message'; readonly payload: Uint8Array }
  | { readonly type: 'effect'; readonly effect: VerifyHostKey }
  /** The first exchange lets us send: {@link TransportMachine.send} works from here on. */
  | { readonly type: 'ready'; readonly sessionId: Uint8Array }
  | { readonly type: 'ext-info'; readonly serverSigAlgs: readonly string[] }
  /** A later exchange has finished. `number` counts from 2. */
  | { readonly type: 'rekeyed'; readonly number: number }
  /** Last output: SSH_MSG_DISCONNECT is queued where it makes sense, and no more input is taken. */
  | { readonly type: 'failed'; readonly error: SshError };

/**
 * The SSH transport layer, RFC 4253, in either role. Owns no socket, starts no timer, awaits nothing.
 *
 * The driver calls {@link tick} with its clock before anything else, {@link receive} with bytes, then {@link poll}
 * until `undefined`, and writes what {@link takeBytes} gives.
 */
export class TransportMachine {
  readonly #config: TransportConfig;
  readonly #reader = new PacketReader();
  readonly #writer: PacketWriter;
  readonly #ourLine: Uint8Array;
  readonly #identification: IdentificationReader;
  readonly #budget: PeerBudget;
  readonly #trace: TransportTrace;
  readonly #sent = new KeyUsage();
  readonly #received = new KeyUsage();
  readonly #outputs: TransportOutput[] = [];
  /** Answers of our own (PONG, UNIMPLEMENTED) that came up while a key exchange forbids sending. */
  #deferred: Uint8Array[] = [];
  #now = 0;
  #theirLine: Uint8Array | undefined;
  #kex: KexState = { phase: 'idle' };
  #exchanges = 0;
  #kexStartedAt = 0;
  #keysSince = 0;
  #sessionId: Uint8Array | undefined;
  #hostKey: PublicKey | undefined;
  #algorithms: NegotiatedAlgorithms | undefined;
  #strict = false;
  #peerWantsExtInfo = false;
  #extInfoMessages = 0;
  /** Both directions use keys of the first exchange. */
  #open = false;
  #sealed = false;
  #authenticated = false;
  #held = false;
  #ended = false;
  #closed = false;

  constructor(config: TransportConfig) {
    if (!/^[!-,.-~]+$/.test(config.software)) {
      throw transportError('TRANSPORT_MISUSE', {
        what: 'software must be printable US-ASCII without space or "-"',
      });
    }
    if (config.role === 'server' && config.hostKeys.length === 0) {
      throw transportError('TRANSPORT_MISUSE', { what: 'a server needs at least one host key' });
    }
    this.#config = config;
    this.#writer = new PacketWriter(config.crypto.random);
    this.#budget = new PeerBudget(config.limits);
    this.#trace = new TransportTrace(config.trace, config.tracePackets);
    this.#identification = new IdentificationReader(config.role === 'client' ? 'server' : 'client');
    this.#ourLine = utf8(`SSH-2.0-${config.software}`);
  }

  /** Sends our identification and KEXINIT at once, without waiting for the peer's line: it saves a round trip. */
  start(now: number): void {
    this.tick(now);
    this.#writer.raw(utf8(`SSH-2.0-${this.#config.software}\r\n`));
    this.#trace.emit('transport.identification.sent', { line: printable(this.#ourLine) });
    this.#step({ type: 'start' });
  }

  get sessionId(): Uint8Array | undefined {
    return this.#sessionId;
  }

  get algorithms(): NegotiatedAlgorithms | undefined {
    return this.#algorithms;
  }

  get strictKex(): boolean {
    return this.#strict;
  }

  /** The peer's identification line, escaped for display; `undefined` until it arrived. */
  get peerLine(): string | undefined {
    return this.#theirLine === undefined ? undefined : printable(this.#theirLine);
  }

  get closed(): boolean {
    return this.#closed;
  }

  get phase(): TransportPhase {
    if (this.#closed) return 'closed';
    if (this.#theirLine === undefined) return 'identification';
    if (this.#kex.phase === 'idle') return 'open';
    if (this.#open) return 'rekey';
    if (this.#kex.phase === 'trust-awaited') return 'host-key';
    return this.#kex.phase === 'new-keys-awaited' ? 'new-keys' : 'kex';
  }

  /** Whether {@link send} may be called: false from our KEXINIT until our NEWKEYS, and after the end. */
  get canSend(): boolean {
    return (
      this.#sealed && !this.#closed && (this.#kex.phase === 'idle' || this.#kex.phase === 'new-keys-awaited')
    );
  }

  /** Sealed bytes waiting for {@link takeBytes}. */
  get pendingBytes(): number {
    return this.#writer.pending;
  }

  /** Received bytes that were not decoded yet. */
  get bufferedInput(): number {
    return this.#reader.buffered;
  }

  /** When {@link tick} must be called at the latest, in the driver's milliseconds. */
  deadline(): number | undefined {
    if (this.#closed) return undefined;
    if (this.#kex.phase === 'trust-awaited') return undefined;
    if (this.#kex.phase !== 'idle') return this.#kexStartedAt + this.#config.limits.kexMilliseconds;
    return this.#open ? this.#keysSince + this.#config.rekey.milliseconds : undefined;
  }

  tick(now: number): void {
    this.#now = now;
    this.#trace.now = now;
    const due = this.deadline();
    if (due === undefined || now < due) return;
    if (this.#kex.phase === 'idle') {
      this.#startRekey('time');
    } else {
      const limitMs = this.#config.limits.kexMilliseconds;
      this.fail(transportError('TRANSPORT_KEX_TIMEOUT', { phase: this.phase, limitMs }));
    }
  }

  /** Takes over bytes from the peer; `undefined` means that the peer closed its side. Never throws. */
  receive(bytes: Uint8Array | undefined): void {
    if (this.#closed || this.#ended) return;
    if (bytes === undefined) {
      this.#ended = true;
      return;
    }
    try {
      if (this.#theirLine === undefined) {
        const found = this.#identification.receive(bytes);
        if (found === undefined) return;
        this.#theirLine = found.line;
        this.#trace.identified(found);
        this.#reader.feed(found.rest);
      } else {
        this.#reader.feed(bytes);
      }
      const limit = this.#config.limits.heldInput;
      if ((this.#held || this.#kex.phase === 'trust-awaited') && this.#reader.buffered > limit) {
        throw transportError('TRANSPORT_INPUT_OVERFLOW', { limit });
      }
    } catch (error) {
      this.fail(error);
    }
  }

  /** While held, nothing is decoded: a layer above waits for an answer of its own. */
  hold(held: boolean): void {
    this.#held = held;
  }

  /** Next thing to do, or `undefined` when the machine waits for input. Decodes one packet at a time. */
  poll(): TransportOutput | undefined {
    for (;;) {
      const output = this.#outputs.shift();
      if (output !== undefined) return output;
      if (this.#closed || this.#held || this.#kex.phase === 'trust-awaited') return undefined;
      try {
        const payload = this.#theirLine === undefined ? undefined : this.#reader.next();
        if (payload === undefined) {
          if (!this.#ended) return undefined;
          throw this.#endOfInput();
        }
        if (this.#accept(payload)) return { type: 'message', payload };
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
    if (this.#closed || this.#kex.phase !== 'trust-awaited') return;
    if (refusal !== undefined) {
      this.fail(refusal);
      return;
    }
    try {
      this.#step({ type: 'trusted' });
    } catch (error) {
      this.fail(error);
    }
  }

  /**
   * Seals one message of a layer above. Two parts save channel data a copy.
   *
   * @throws {TransportError} `TRANSPORT_MISUSE` when {@link canSend} is false.
   */
  send(head: Uint8Array, body: Uint8Array = EMPTY): void {
    if (!this.canSend)
      throw transportError('TRANSPORT_MISUSE', { what: `cannot send in phase ${this.phase}` });
    this.#seal(head, body);
    const cause = this.#sent.due(this.#config.rekey);
    if (cause !== undefined && this.#open && this.#kex.phase === 'idle') this.#startRekey(cause);
  }

  /** Starts a key exchange now; nothing happens when one runs already. */
  rekey(): void {
    if (this.#open && !this.#closed && this.#kex.phase === 'idle') this.#startRekey('asked');
  }

  /** Lifts the limits for strangers. Called when authentication has succeeded. */
  setAuthenticated(): void {
    this.#authenticated = true;
    this.#budget.authenticated();
  }

  /** The next sealed bytes for the socket; never touched again. */
  takeBytes(): Uint8Array | undefined {
    return this.#writer.take();
  }

  /** Says goodbye, RFC 4253 §11.1, and ends. */
  disconnect(reason: number, description: string): void {
    if (this.#closed) return;
    this.#sendDisconnect(reason, description);
    this.#close();
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
    // Before the peer's identification nobody knows whether packets are understood, so none is sent.
    if (error.disconnect !== undefined && this.#theirLine !== undefined) {
      this.#sendDisconnect(error.disconnect, error.code);
    }
    this.#close();
    this.#outputs.push({ type: 'failed', error });
  }

  #close(): void {
    this.#closed = true;
    this.#reader.wipe();
    this.#writer.wipe();
    this.#deferred = [];
    this.#kex = { phase: 'idle' };
  }

  #sendDisconnect(reason: number, description: string): void {
    this.#trace.disconnect('sent', reason, description);
    this.#seal(Disconnect.encode({ reason, description: utf8(description), rest: new Uint8Array(4) }));
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
    const stage = this.#stage();
    if (!LEGAL[stage].includes(route)) {
      if (stage === 'strict-first')
        throw transportError('TRANSPORT_STRICT_KEX', { received: number, sequence });
      throw transportError('TRANSPORT_MESSAGE_UNEXPECTED', {
        phase: this.phase,
        expected: [1, 2, 3, 4, ...EXPECTED[this.#kex.phase]],
        received: number,
      });
    }
    if (route === 'upper') {
      const cause = this.#received.due(this.#config.rekey);
      if (cause !== undefined && this.#kex.phase === 'idle') this.#startRekey(cause);
      return true;
    }
    if (route === 'kex') this.#exchange(payload);
    else if (route === 'disconnect') this.#disconnected(Disconnect.decode(payload));
    else if (route === 'ext-info') this.#extInfo(payload);
    else {
      this.#budget.noise(this.#now);
      if (number === 192 && this.#authenticated) this.#answer(Pong.encode(Ping.decode(payload)));
      // RFC 4253 §11.4
      else if (route === 'unknown') this.#answer(Unimplemented.encode({ sequence }));
    }
    return false;
  }

  #stage(): Stage {
    if (!this.#open) return this.#strict ? 'strict-first' : 'exchange';
    return this.#kex.phase === 'idle' || this.#kex.phase === 'init-sent' ? 'open' : 'exchange';
  }

  #exchange(payload: Uint8Array): void {
    if (payload[0] === KexInit.number) {
      if (this.#kex.phase === 'idle') {
        this.#trace.emit('transport.rekey.started', { cause: 'peer', number: this.#exchanges + 1 });
      }
      // Traced before negotiation, so that both offers are known when nothing is common.
      const number = this.#kex.phase === 'idle' ? this.#exchanges + 1 : this.#exchanges;
      this.#trace.kexInit('received', KexInit.decode(payload), number);
    }
    this.#step({ type: 'message', payload });
  }

  #startRekey(cause: 'bytes' | 'packets' | 'time' | 'asked'): void {
    this.#trace.emit('transport.rekey.started', { cause, number: this.#exchanges + 1 });
    this.#step({ type: 'start' });
  }

  #step(input: KexInput): void {
    if (this.#kex.phase === 'idle') this.#kexStartedAt = this.#now;
    const step = stepKex(this.#kexContext(), this.#kex, input);
    this.#kex = step.state;
    for (const output of step.outputs) this.#perform(output);
  }

  #kexContext(): KexContext {
    const theirLine = this.#theirLine ?? EMPTY;
    const asClient = this.#config.role === 'client';
    return {
      config: this.#config,
      clientLine: asClient ? this.#ourLine : theirLine,
      serverLine: asClient ? theirLine : this.#ourLine,
      sessionId: this.#sessionId,
      hostKey: this.#hostKey,
    };
  }

  #perform(output: KexOutput): void {
    switch (output.type) {
      case 'send':
        this.#seal(output.payload);
        return;
      case 'offered':
        this.#exchanges += 1;
        this.#trace.kexInit('sent', output.ours, this.#exchanges);
        return;
      case 'agreed':
        this.#agreed(output.theirs, output.algorithms, output.guessDiscarded);
        return;
      case 'host-key':
        this.#trace.hostKey(this.#config.crypto, output.hostKey, output.algorithm);
        return;
      case 'ask-trust': {
        const { hostKey, algorithm } = output;
        this.#hostKey = hostKey;
        this.#outputs.push({ type: 'effect', effect: { type: 'verify-host-key', hostKey, algorithm } });
        return;
      }
      case 'seal-with':
        this.#sealWith(output);
        return;
      case 'open-with':
        this.#openWith(output);
        return;
    }
  }

  #agreed(theirs: KexInit, algorithms: NegotiatedAlgorithms, guessDiscarded: boolean): void {
    if (!this.#sealed) {
      const markers = markersOf(theirs, this.#config.role === 'client' ? 'server' : 'client');
      this.#strict = markers.strict && this.#config.strictKex !== 'off';
      this.#peerWantsExtInfo = markers.extInfo;
      const sequence = (this.#reader.sequence - 1) >>> 0;
      if (this.#strict && sequence !== 0)
        throw transportError('TRANSPORT_STRICT_KEX', { received: 20, sequence });
      if (this.#config.strictKex === 'require' && !markers.strict) {
        throw transportError('TRANSPORT_STRICT_KEX_REQUIRED', { software: this.peerLine ?? '' });
      }
    }
    this.#algorithms = algorithms;
    this.#trace.negotiated(algorithms, this.#strict, this.#exchanges, guessDiscarded);
  }

  #sealWith(output: KexOutput & { type: 'seal-with' }): void {
    const { send } = directions(this.#config.role);
    this.#writer.rekey(createSealer(output.keys, output.algorithms, send), this.#strict);
    this.#sent.reset();
    this.#trace.emit('transport.newkeys.sent', { number: this.#exchanges });
    const first = !this.#sealed;
    this.#sealed = true;
    if (first) {
      this.#sessionId = output.keys.sessionId;
      if (this.#config.role === 'server' && this.#peerWantsExtInfo) {
        this.#seal(serverExtInfo(this.#config.serverSigAlgs));
      }
      this.#outputs.push({ type: 'ready', sessionId: output.keys.sessionId });
    }
    for (const payload of this.#deferred.splice(0)) this.#seal(payload);
  }

  #openWith(output: KexOutput & { type: 'open-with' }): void {
    const { receive } = directions(this.#config.role);
    const { algorithms, keys } = output;
    const cipher =
      receive === 'clientToServer' ? algorithms.cipherClientToServer : algorithms.cipherServerToClient;
    const mac = receive === 'clientToServer' ? algorithms.macClientToServer : algorithms.macServerToClient;
    this.#reader.rekey(createOpener(keys, algorithms, receive), cipher, mac, this.#strict);
    keys.sharedSecret.fill(0);
    this.#received.reset();
    this.#trace.emit('transport.newkeys.received', { number: this.#exchanges });
    const duration = this.#now - this.#kexStartedAt;
    this.#trace.emit('transport.kex.done', { number: this.#exchanges, duration_ms: duration });
    this.#keysSince = this.#now;
    if (this.#open) this.#outputs.push({ type: 'rekeyed', number: this.#exchanges });
    this.#open = true;
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
    if (this.canSend) this.#seal(payload);
    else this.#deferred.push(payload);
  }

  #disconnected(message: Disconnect): void {
    const description = printable(message.description);
    const name = disconnectReasonName(message.reason);
    this.#trace.disconnect('received', message.reason, description);
    this.fail(transportError('TRANSPORT_DISCONNECTED', { reason: message.reason, name, description }));
  }

  #endOfInput(): SshError {
    if (this.#theirLine === undefined && this.#identification.heardAnything)
      return this.#identification.notSsh();
    return transportError('TRANSPORT_CLOSED', { phase: this.phase, midPacket: this.#reader.midPacket });
  }

  #seal(head: Uint8Array, body: Uint8Array = EMPTY): void {
    if (this.#sent.exhausted) throw transportError('TRANSPORT_SEQUENCE_WRAP', { direction: 'send' });
    this.#trace.packet('sent', head[0] as number, head.length + body.length, this.#writer.sequence);
    this.#sent.count(this.#writer.seal(head, body));
  }
}

import type { TransportConfig } from '../config.ts';
import { type TransportPhase, transportError } from '../errors.ts';
import { serverExtInfo } from '../ext-info.ts';
import { directions } from '../key-derivation.ts';
import type { PublicKey } from '../keys/index.ts';
import type { Stage } from '../message-rules.ts';
import { KexInit } from '../messages.ts';
import type { NegotiatedAlgorithms } from '../negotiate.ts';
import type { TransportOutput } from '../output.ts';
import type { OutgoingPackets } from '../packet/outgoing.ts';
import type { PacketReader } from '../packet/reader.ts';
import { createOpener, createSealer } from '../packet/suite.ts';
import type { TransportTrace } from '../transport-trace.ts';
import { EMPTY } from '../wire/index.ts';
import { stepKex } from './exchange.ts';
import { markersOf } from './offer.ts';
import { EXPECTED, type KexInput, type KexOutput, type KexState } from './state.ts';

/**
 * The series of key exchanges of one connection: what the first one fixes (session id, host key, strictness), and
 * putting each one's keys to use.
 */
export class KeyExchanges {
  readonly #config: TransportConfig;
  readonly #ourLine: Uint8Array;
  readonly #reader: PacketReader;
  readonly #outgoing: OutgoingPackets;
  readonly #trace: TransportTrace;
  #theirLine: Uint8Array = EMPTY;
  #state: KexState = { phase: 'idle' };
  #number = 0;
  #startedAt = 0;
  /** The peer's time runs from here: the time a question took is not the peer's. */
  #peerSince = 0;
  #keysSince = 0;
  #hostKey: PublicKey | undefined;
  #sessionId: Uint8Array | undefined;
  #algorithms: NegotiatedAlgorithms | undefined;
  #strict = false;
  #peerWantsExtInfo = false;
  /** Peer's packets are opened with keys of the first exchange, or a later one. */
  #open = false;
  #pending: TransportOutput[] = [];

  constructor(
    config: TransportConfig,
    ourLine: Uint8Array,
    reader: PacketReader,
    outgoing: OutgoingPackets,
    trace: TransportTrace,
  ) {
    this.#config = config;
    this.#ourLine = ourLine;
    this.#reader = reader;
    this.#outgoing = outgoing;
    this.#trace = trace;
  }

  get sessionId(): Uint8Array | undefined {
    return this.#sessionId;
  }

  get algorithms(): NegotiatedAlgorithms | undefined {
    return this.#algorithms;
  }

  get strict(): boolean {
    return this.#strict;
  }

  get idle(): boolean {
    return this.#state.phase === 'idle';
  }

  get awaitingTrust(): boolean {
    return this.#state.phase === 'trust-awaited';
  }

  /** A group is being examined: {@link work} goes on with it. */
  get working(): boolean {
    return this.#state.phase === 'group-examined';
  }

  /** Nothing of the peer may be decoded until an answer of our own is there. */
  get blocked(): boolean {
    return this.awaitingTrust || this.working;
  }

  /** Messages of layers above are allowed: never from our KEXINIT until our NEWKEYS. */
  get canSend(): boolean {
    const { phase } = this.#state;
    return this.#sessionId !== undefined && (phase === 'idle' || phase === 'new-keys-awaited');
  }

  get phase(): TransportPhase {
    if (this.idle) return 'open';
    if (this.#open) return 'rekey';
    if (this.awaitingTrust) return 'host-key';
    return this.#state.phase === 'new-keys-awaited' ? 'new-keys' : 'kex';
  }

  get stage(): Stage {
    if (!this.#open) return this.#strict ? 'strict-first' : 'exchange';
    return this.idle || this.#state.phase === 'init-sent' ? 'open' : 'exchange';
  }

  get expected(): readonly number[] {
    return EXPECTED[this.#state.phase];
  }

  /** When time runs out for the running exchange, or when the next one is due; driver's milliseconds. */
  deadline(): number | undefined {
    if (this.awaitingTrust) return undefined;
    if (this.working) return this.#trace.now;
    if (!this.idle) return this.#peerSince + this.#config.limits.kexMilliseconds;
    return this.#open ? this.#keysSince + this.#config.rekey.milliseconds : undefined;
  }

  identified(theirLine: Uint8Array): void {
    this.#theirLine = theirLine;
  }

  /** Begins the first exchange, or a later one with its cause. Nothing happens while one is running. */
  start(cause?: 'bytes' | 'packets' | 'time' | 'asked'): readonly TransportOutput[] {
    if (!this.idle || (this.#open && cause === undefined) || (!this.#open && cause !== undefined)) return [];
    if (cause !== undefined) this.#traceRekey(cause);
    return this.#step({ type: 'start' });
  }

  /** @throws {TransportError} what {@link stepKex} and the crypto provider find wrong. */
  receive(payload: Uint8Array): readonly TransportOutput[] {
    if (payload[0] === KexInit.number) {
      if (this.idle) this.#traceRekey('peer');
      // Traced before negotiation, so that both offers are known when nothing is common.
      this.#trace.kexInit('received', KexInit.decode(payload), this.idle ? this.#number + 1 : this.#number);
    }
    return this.#step({ type: 'message', payload });
  }

  /** The peer can be heard again: the time that a question took is not held against it. */
  resumePeer(): void {
    this.#peerSince = this.#trace.now;
  }

  trusted(): readonly TransportOutput[] {
    this.resumePeer();
    return this.#step({ type: 'trusted' });
  }

  /** The next part of what takes long; the driver gets to do something else between two of them. */
  work(): readonly TransportOutput[] {
    this.resumePeer();
    return this.#step({ type: 'work' });
  }

  end(): void {
    this.#state = { phase: 'idle' };
  }

  #traceRekey(cause: string): void {
    this.#trace.emit('transport.rekey.started', { cause, number: this.#number + 1 });
  }

  #step(input: KexInput): readonly TransportOutput[] {
    if (this.idle) {
      this.#startedAt = this.#trace.now;
      this.#peerSince = this.#trace.now;
    }
    const asClient = this.#config.role === 'client';
    const context = {
      config: this.#config,
      clientLine: asClient ? this.#ourLine : this.#theirLine,
      serverLine: asClient ? this.#theirLine : this.#ourLine,
      sessionId: this.#sessionId,
      hostKey: this.#hostKey,
    };
    const step = stepKex(context, this.#state, input);
    this.#state = step.state;
    for (const output of step.outputs) this.#perform(output);
    return this.#pending.splice(0);
  }

  #perform(output: KexOutput): void {
    switch (output.type) {
      case 'send':
        this.#outgoing.seal(output.payload);
        return;
      case 'offered':
        this.#number += 1;
        this.#trace.kexInit('sent', output.ours, this.#number);
        return;
      case 'agreed':
        if (this.#sessionId === undefined) this.#readMarkers(output.theirs);
        this.#algorithms = output.algorithms;
        this.#trace.negotiated(output.algorithms, this.#strict, this.#number, output.guessDiscarded);
        this.#trace.insecure(this.#config.crypto, output.ours, output.algorithms, this.#number);
        return;
      case 'group':
        this.#trace.emit('transport.kex.group', {
          bits: output.bits,
          well_known: output.wellKnown,
          number: this.#number,
        });
        return;
      case 'host-key':
        this.#trace.hostKey(this.#config.crypto, output.hostKey, output.algorithm);
        return;
      case 'ask-trust': {
        const { hostKey, algorithm, exchangeHash, signature } = output;
        this.#hostKey = hostKey;
        this.#pending.push({
          type: 'effect',
          effect: { type: 'verify-host-key', hostKey, algorithm, exchangeHash, signature },
        });
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

  /** Markers count in the first exchange only: OpenSSH PROTOCOL §1.9, RFC 8308 §2.1. */
  #readMarkers(theirs: KexInit): void {
    const markers = markersOf(theirs, this.#config.role === 'client' ? 'server' : 'client');
    this.#peerWantsExtInfo = markers.extInfo;
    this.#strict = markers.strict && this.#config.strictKex !== 'off';
    const sequence = (this.#reader.sequence - 1) >>> 0;
    if (this.#strict && sequence !== 0)
      throw transportError('TRANSPORT_STRICT_KEX', { received: 20, sequence });
    if (this.#config.strictKex === 'require' && !markers.strict) {
      throw transportError('TRANSPORT_STRICT_KEX_REQUIRED', {});
    }
  }

  #sealWith({ keys, algorithms }: KexOutput & { type: 'seal-with' }): void {
    const { send } = directions(this.#config.role);
    this.#outgoing.rekey(createSealer(keys, algorithms, send), this.#strict);
    this.#trace.emit('transport.newkeys.sent', { number: this.#number });
    if (this.#sessionId === undefined) {
      this.#sessionId = keys.sessionId;
      if (this.#config.role === 'server' && this.#peerWantsExtInfo) {
        this.#outgoing.seal(serverExtInfo(this.#config.serverSigAlgs));
      }
      this.#pending.push({ type: 'ready', sessionId: keys.sessionId });
    }
    this.#outgoing.sendDeferred();
  }

  #openWith({ keys, algorithms }: KexOutput & { type: 'open-with' }): void {
    const { receive } = directions(this.#config.role);
    const inward = receive === 'clientToServer';
    const cipher = inward ? algorithms.cipherClientToServer : algorithms.cipherServerToClient;
    const mac = inward ? algorithms.macClientToServer : algorithms.macServerToClient;
    this.#reader.rekey(createOpener(keys, algorithms, receive), cipher, mac, this.#strict);
    keys.sharedSecret.fill(0);
    this.#trace.emit('transport.newkeys.received', { number: this.#number });
    const duration = this.#trace.now - this.#startedAt;
    this.#trace.emit('transport.kex.done', { number: this.#number, duration_ms: duration });
    this.#keysSince = this.#trace.now;
    if (this.#open) this.#pending.push({ type: 'rekeyed', number: this.#number });
    this.#open = true;
  }
}

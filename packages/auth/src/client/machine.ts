import { plainName, signData } from '@nbs-ssh/transport/keys';
import { printable, SshError, WireReader, WireWriter } from '@nbs-ssh/transport/wire';
import { authError } from '../errors.ts';
import {
  publicKeyFields,
  ServiceAccept,
  ServiceRequest,
  signedData,
  USERAUTH_SERVICE,
  UserauthFailure,
  UserauthInfoResponse,
  UserauthPasswdChangereq,
  UserauthSuccess,
} from '../messages.ts';
import { Tracer, word } from '../tracer.ts';
import { unreachable } from '../unreachable.ts';
import { Banners } from './banners.ts';
import { AttemptLedger, type Choice, type OpenAttempt } from './ledger.ts';
import { misfit } from './misfit.ts';
import { checkMethods, checkPkOk, fallbacksAfter, isKeyOf, isSignatureOf, offerOf } from './offer.ts';
import { Outbox } from './outbox.ts';
import { CLIENT_LEGAL, type ClientPhase, type ClientState, DEFAULT_LIMITS, type Offer } from './state.ts';
import { promptText, readQuestions } from './text.ts';
import type {
  AuthAttempt,
  AuthSkip,
  ClientAuthAnswer,
  ClientAuthConfig,
  ClientAuthLimits,
  ClientAuthOutput,
} from './types.ts';

type In<Phase extends ClientPhase> = Extract<ClientState, { readonly phase: Phase }>;

/**
 * Client side of RFC 4252 and RFC 4256: payloads in, payloads and questions out.
 *
 * Asks with `none` which methods there are, then goes through the credentials in their order. What the server does
 * wrong ends in a `failed` output, after which nothing more is accepted. Every transition is in this file.
 */
export class ClientAuth {
  readonly #config: ClientAuthConfig;
  readonly #limits: ClientAuthLimits;
  readonly #tracer: Tracer;
  readonly #ledger: AttemptLedger;
  readonly #banners: Banners;
  readonly #outbox: Outbox;
  #state: ClientState = { phase: 'idle' };
  #serverSigAlgs: readonly string[] | undefined;

  constructor(config: ClientAuthConfig) {
    this.#config = config;
    this.#limits = { ...DEFAULT_LIMITS, ...config.limits };
    this.#tracer = new Tracer(config.trace);
    this.#ledger = new AttemptLedger(config.username, config.credentials, this.#tracer);
    this.#banners = new Banners(this.#tracer);
    this.#outbox = new Outbox(config.username, this.#tracer);
  }

  get phase(): ClientPhase {
    return this.#state.phase;
  }

  /** What was tried so far: the whole story when the server hangs up instead of answering. */
  get attempts(): readonly AuthAttempt[] {
    return this.#ledger.attempts;
  }

  /** Asks for the service. Call once, when the transport is encrypted and the host key was accepted. */
  start(): void {
    if (this.#state.phase !== 'idle') return;
    this.#tracer.emit('auth.service.requested', { service: USERAUTH_SERVICE });
    this.#outbox.send(ServiceRequest.encode({ service: USERAUTH_SERVICE }));
    this.#state = { phase: 'service-requested' };
    // RFC 4252 §5.2: the polite way to learn which methods there are.
    if (this.#config.pipeline !== false) {
      this.#outbox.request(this.#ledger.open('none'), 'list', new WireWriter());
    }
  }

  /** @param now - Monotonic milliseconds, for traces and durations. */
  tick(now: number): void {
    this.#tracer.now = now;
  }

  /** Takes over `server-sig-algs` of EXT_INFO, RFC 8308 §3.1. A later list replaces an earlier one. */
  serverSigAlgs(names: readonly string[]): void {
    this.#serverSigAlgs = [...names];
  }

  /** Feeds one message, numbers 6 and 50 to 79. Never throws because of what the server sent. */
  receive(payload: Uint8Array): void {
    const { phase } = this.#state;
    if (phase === 'failed') return;
    try {
      this.#state = this.#message(payload);
    } catch (cause) {
      const error = cause instanceof SshError ? cause : authError('AUTH_INTERNAL', { phase }, { cause });
      this.#state = this.#fail(error);
    }
  }

  /**
   * Answers the open effect. Ignored when authentication has ended meanwhile.
   *
   * @throws {AuthError} `AUTH_ANSWER` when the answer does not fit the effect, which stays open.
   */
  resolve(answer: ClientAuthAnswer): void {
    const state = this.#state;
    if (state.phase === 'failed' || state.phase === 'succeeded') return;
    if (!('id' in state) || state.id !== answer.id) throw misfit(answer, 'no answer');
    this.#state = this.#answered(state, answer);
  }

  /** Next thing to do, in order, or `undefined` when the machine waits. */
  poll(): ClientAuthOutput | undefined {
    return this.#outbox.take();
  }

  #message(payload: Uint8Array): ClientState {
    const state = this.#state;
    const { phase } = state;
    const received = new WireReader(payload).u8('message number');
    const expected = CLIENT_LEGAL[phase];
    if (!expected.includes(received)) {
      throw received === 52
        ? authError('AUTH_UNEXPECTED_SUCCESS', { phase })
        : authError('AUTH_UNEXPECTED_MESSAGE', { phase, expected, received });
    }
    if (received === 53) {
      const text = this.#banners.receive(payload);
      if (text !== undefined) this.#outbox.push({ type: 'banner', text });
      return state;
    }
    switch (state.phase) {
      case 'service-requested':
        return this.#accepted(payload);
      case 'none-sent':
        return received === 51 ? this.#refused(payload, state) : this.#letIn(payload, state);
      case 'password-sent':
        if (received === 51) return this.#refused(payload, state);
        return received === 52 ? this.#succeed(payload, state) : this.#passwordExpired(payload, state);
      case 'key-probed':
        return received === 51 ? this.#keyRefused(payload, state) : this.#keyWanted(payload, state);
      case 'key-signed':
        return received === 51 ? this.#keyRefused(payload, state) : this.#succeed(payload, state);
      case 'dialog-sent':
        if (received === 51) return this.#refused(payload, state);
        return received === 52 ? this.#succeed(payload, state) : this.#questions(payload, state);
      default:
        throw authError('AUTH_INTERNAL', { phase });
    }
  }

  #answered(state: Extract<ClientState, { readonly id: number }>, answer: ClientAuthAnswer): ClientState {
    if (answer.type === 'skip') return this.#skip(state.attempt, answer);
    switch (state.phase) {
      case 'password-asked': {
        if (answer.type !== 'password') throw misfit(answer, 'password');
        const { attempt, credential } = state;
        const { password } = answer;
        this.#outbox.request(attempt, 'send', new WireWriter().bool(false).string(password.revealBytes()));
        return { phase: 'password-sent', attempt, credential, password, changes: 0 };
      }
      case 'change-asked': {
        if (answer.type !== 'password-change') throw misfit(answer, 'password-change');
        const { attempt, credential, changes } = state;
        const { password } = answer;
        const fields = new WireWriter().bool(true).string(state.password.revealBytes());
        this.#outbox.request(attempt, 'change', fields.string(password.revealBytes()));
        return { phase: 'password-sent', attempt, credential, password, changes };
      }
      case 'key-asked':
        if (answer.type !== 'load-key') throw misfit(answer, 'load-key');
        return this.#keyLoaded(state, answer);
      case 'signature-asked': {
        if (answer.type !== 'sign') throw misfit(answer, 'sign');
        const { attempt, offer, data } = state;
        return isSignatureOf(this.#config.crypto, offer, data, answer.signature)
          ? this.#sendSigned(attempt, offer, answer.signature)
          : this.#skip(attempt, { reason: 'bad-signature' });
      }
      case 'prompts-asked': {
        if (answer.type !== 'prompts') throw misfit(answer, 'prompts');
        if (answer.responses.length !== state.prompts) throw misfit(answer, `${state.prompts} responses`);
        const { attempt, credential, rounds } = state;
        const responses = answer.responses.map((response) => response.revealBytes());
        this.#outbox.send(UserauthInfoResponse.encode({ responses }));
        return { phase: 'dialog-sent', attempt, credential, rounds };
      }
      default:
        return unreachable(state);
    }
  }

  #accepted(payload: Uint8Array): ClientState {
    const { service } = ServiceAccept.decode(payload);
    if (service !== USERAUTH_SERVICE) {
      throw authError('AUTH_SERVICE_MISMATCH', { expected: USERAUTH_SERVICE, received: word(service) });
    }
    this.#tracer.emit('auth.service.accepted', { service });
    const attempt = this.#ledger.open('none');
    if (this.#outbox.requests === 0) this.#outbox.request(attempt, 'list', new WireWriter());
    return { phase: 'none-sent', attempt };
  }

  #letIn(payload: Uint8Array, state: In<'none-sent'>): ClientState {
    if (this.#config.allowNone !== true && this.#config.credentials.length > 0) {
      throw authError('AUTH_UNEXPECTED_SUCCESS', { phase: state.phase });
    }
    return this.#succeed(payload, state);
  }

  #refused(payload: Uint8Array, { attempt }: In<'none-sent' | 'password-sent' | 'dialog-sent'>): ClientState {
    const { methods, partialSuccess } = UserauthFailure.decode(payload);
    checkMethods(methods);
    // Nothing was proven by asking for the list, so it cannot be a part of anything.
    const partial = partialSuccess && attempt.method !== 'none';
    this.#ledger.close(attempt, partial ? 'partial' : 'failure', methods);
    return this.#next();
  }

  #passwordExpired(payload: Uint8Array, state: In<'password-sent'>): ClientState {
    const prompt = promptText(UserauthPasswdChangereq.decode(payload).prompt, 'password change prompt');
    const { attempt, credential, password, changes } = state;
    if (changes >= this.#limits.passwordChanges) {
      return this.#skip(attempt, { reason: 'password-change-limit' });
    }
    this.#outbox.note(attempt, 'change-asked', { prompt: printable(prompt) });
    const id = this.#outbox.ask((id) => ({ type: 'password-change', id, credential, prompt }));
    return { phase: 'change-asked', id, attempt, credential, password, changes: changes + 1 };
  }

  #keyRefused(payload: Uint8Array, state: In<'key-probed' | 'key-signed'>): ClientState {
    const { attempt, offer } = state;
    const { methods, partialSuccess } = UserauthFailure.decode(payload);
    checkMethods(methods);
    const partial = partialSuccess && state.phase === 'key-signed';
    this.#ledger.close(attempt, partial ? 'partial' : 'failure', methods);
    const last = this.#ledger.exhausted;
    const [algorithm, ...fallbacks] = partial ? [] : fallbacksAfter(offer, this.#serverSigAlgs, last);
    const again = algorithm !== undefined && methods.includes('publickey') && !this.#exhausted();
    return again ? this.#probe(attempt, { ...offer, algorithm, fallbacks }) : this.#next();
  }

  #keyWanted(payload: Uint8Array, { attempt, offer }: In<'key-probed'>): ClientState {
    checkPkOk(payload, offer);
    const { credential } = offer;
    if (offer.privateKey !== undefined || credential.signer === 'external') return this.#sign(attempt, offer);
    const id = this.#outbox.ask((id) => ({ type: 'load-key', id, credential }));
    return { phase: 'key-asked', id, attempt, credential, offer };
  }

  #keyLoaded(state: In<'key-asked'>, answer: Extract<ClientAuthAnswer, { type: 'load-key' }>): ClientState {
    const { attempt, credential, offer } = state;
    const { privateKey } = answer;
    if (credential.signer !== 'external' && privateKey === undefined) {
      throw misfit(answer, 'load-key with a private key');
    }
    if (!isKeyOf(answer, offer)) return this.#skip(attempt, { reason: 'key-mismatch' });
    if (offer !== undefined) return this.#sign(attempt, { ...offer, privateKey });
    return this.#offer(attempt, offerOf(credential, answer, this.#config.crypto, this.#serverSigAlgs));
  }

  #questions(payload: Uint8Array, { attempt, credential, rounds }: In<'dialog-sent'>): ClientState {
    const round = rounds + 1;
    if (round > this.#limits.rounds) {
      throw authError('AUTH_LIMIT', { what: 'INFO_REQUESTs', limit: this.#limits.rounds, received: round });
    }
    const { name, instruction, prompts } = readQuestions(payload);
    this.#outbox.note(attempt, 'prompts', {
      round,
      name: printable(name),
      instruction: printable(instruction),
      prompts: prompts.map((prompt) => printable(prompt.text)),
    });
    if (prompts.length === 0) {
      this.#outbox.send(UserauthInfoResponse.encode({ responses: [] }));
      return { phase: 'dialog-sent', attempt, credential, rounds: round };
    }
    const id = this.#outbox.ask((id) => ({
      type: 'prompts',
      id,
      credential,
      round,
      name,
      instruction,
      prompts,
    }));
    return { phase: 'prompts-asked', id, attempt, credential, rounds: round, prompts: prompts.length };
  }

  #next(): ClientState {
    const exhausted = this.#exhausted();
    if (exhausted) this.#ledger.giveUp('attempt-limit');
    const choice = exhausted ? undefined : this.#ledger.next();
    if (choice !== undefined) return this.#begin(choice);
    const { attempts, offered } = this.#ledger;
    const { username } = this.#config;
    return this.#fail(authError('AUTH_FAILED', { username, attempts, remaining: offered }));
  }

  #exhausted(): boolean {
    return this.#outbox.requests >= this.#limits.attempts;
  }

  #begin({ index, credential }: Choice): ClientState {
    const attempt = this.#ledger.open(credential.kind, index);
    switch (credential.kind) {
      case 'password': {
        const id = this.#outbox.ask((id) => ({ type: 'password', id, credential }));
        return { phase: 'password-asked', id, attempt, credential };
      }
      case 'publickey': {
        const { publicKey } = credential;
        if (publicKey !== undefined) {
          const { crypto } = this.#config;
          return this.#offer(attempt, offerOf(credential, { publicKey }, crypto, this.#serverSigAlgs));
        }
        const id = this.#outbox.ask((id) => ({ type: 'load-key', id, credential }));
        return { phase: 'key-asked', id, attempt, credential, offer: undefined };
      }
      case 'keyboard-interactive': {
        // The language tag is empty: RFC 4256 §3.1 has deprecated it.
        const fields = new WireWriter().text('').text(credential.submethods ?? '');
        this.#outbox.request(attempt, 'send', fields);
        return { phase: 'dialog-sent', attempt, credential, rounds: 0 };
      }
      default:
        return unreachable(credential);
    }
  }

  #offer(attempt: OpenAttempt, offer: Offer | undefined): ClientState {
    if (offer === undefined) return this.#skip(attempt, { reason: 'no-signature-algorithm' });
    if (!this.#ledger.wasRefused(offer)) return this.#probe(attempt, offer);
    // A key file and an agent often have the same key, and servers allow few tries.
    const again = this.#ledger.open('publickey', attempt.credential, offer);
    return this.#skip(again, { reason: 'already-refused' });
  }

  #probe(previous: OpenAttempt, offer: Offer): ClientState {
    const attempt = this.#ledger.open('publickey', previous.credential, offer);
    this.#outbox.request(attempt, 'probe', publicKeyFields(false, offer.algorithm, offer.publicKey.blob));
    return { phase: 'key-probed', attempt, offer };
  }

  #sign(attempt: OpenAttempt, offer: Offer): ClientState {
    const { publicKey, privateKey, credential } = offer;
    const { crypto, sessionId, username } = this.#config;
    const data = signedData(sessionId, username, offer.algorithm, publicKey.blob);
    const algorithm = plainName(offer.algorithm);
    if (privateKey === undefined) {
      this.#outbox.note(attempt, 'sign-asked');
      const id = this.#outbox.ask((id) => ({ type: 'sign', id, credential, publicKey, algorithm, data }));
      return { phase: 'signature-asked', id, attempt, offer, data };
    }
    try {
      return this.#sendSigned(attempt, offer, signData(crypto, algorithm, privateKey, data));
    } catch (error) {
      return this.#skip(attempt, { reason: 'signing-failed', error });
    }
  }

  #sendSigned(attempt: OpenAttempt, offer: Offer, signature: Uint8Array): ClientState {
    const fields = publicKeyFields(true, offer.algorithm, offer.publicKey.blob).string(signature);
    this.#outbox.request(attempt, 'sign', fields);
    return { phase: 'key-signed', attempt, offer };
  }

  #skip(attempt: OpenAttempt, skip: AuthSkip): ClientState {
    this.#ledger.skip(attempt, skip);
    return this.#next();
  }

  #succeed(payload: Uint8Array, { attempt }: { readonly attempt: OpenAttempt }): ClientState {
    UserauthSuccess.decode(payload);
    this.#ledger.close(attempt, 'success');
    this.#tracer.emit('auth.success', {
      method: attempt.method,
      requests: this.#outbox.requests,
      banners_dropped: this.#banners.dropped,
    });
    this.#outbox.push({ type: 'success', method: attempt.method, attempts: this.#ledger.attempts });
    return { phase: 'succeeded' };
  }

  #fail(error: SshError): ClientState {
    this.#tracer.emit('auth.failed', {
      code: error.code,
      phase: this.#state.phase,
      requests: this.#outbox.requests,
      banners_dropped: this.#banners.dropped,
    });
    this.#outbox.push({ type: 'failed', error });
    return { phase: 'failed' };
  }
}

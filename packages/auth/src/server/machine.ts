import {
  certificateFacts,
  fingerprint,
  plainKeyOf,
  plainName,
  verifySignature,
} from '@nbs-ssh/transport/keys';
import { EMPTY, printable, type Secret, SshError, utf8, WireReader } from '@nbs-ssh/transport/wire';
import { authError } from '../errors.ts';
import {
  CONNECTION_SERVICE,
  MAX_PROMPTS,
  readKeyboardInteractiveFields,
  readPasswordFields,
  readPublicKeyFields,
  ServiceAccept,
  ServiceRequest,
  signedData,
  USERAUTH_SERVICE,
  UserauthBanner,
  UserauthFailure,
  UserauthInfoRequest,
  UserauthInfoResponse,
  UserauthPasswdChangereq,
  UserauthPkOk,
  UserauthRequest,
  UserauthSuccess,
} from '../messages.ts';
import { certificateFields, Tracer, word, words } from '../tracer.ts';
import { unreachable } from '../unreachable.ts';
import { Backlog } from './backlog.ts';
import { answerOf, secretOf, usableKey } from './fields.ts';
import { Progress } from './progress.ts';
import { type OpenRequest, SERVER_LEGAL, type ServerPhase, type ServerState } from './state.ts';
import type {
  ServerAuthAnswer,
  ServerAuthConfig,
  ServerAuthEffect,
  ServerAuthOutput,
  ServerMethod,
  ServerPrompts,
  ServerVerdict,
} from './types.ts';
import { readUsername } from './username.ts';

const DEFAULT_MAX_ATTEMPTS = 6;
const DEFAULT_MAX_KEY_QUERIES = 15;
/** Most question lists in one dialog. */
const MAX_ROUNDS = 16;
/** Most times one session is asked for a new password. */
const MAX_PASSWORD_CHANGES = 3;

/**
 * Server side of RFC 4252 and RFC 4256: payloads in, payloads and questions out.
 *
 * Everything that is not plainly right is answered with SSH_MSG_USERAUTH_FAILURE and counted; what breaks the
 * protocol ends in a `failed` output, after which nothing more is accepted. Every transition is in this file.
 */
export class ServerAuth {
  readonly #config: ServerAuthConfig;
  readonly #tracer: Tracer;
  readonly #progress: Progress;
  readonly #backlog = new Backlog();
  readonly #outputs: ServerAuthOutput[] = [];
  #state: ServerState = { phase: 'service-awaited' };
  #user: string | undefined;
  #banner: string | undefined;
  #failures = 0;
  #keyQueries = 0;
  #passwordChanges = 0;
  #noneSeen = false;
  #lastEffect = 0;

  /** @throws {RangeError} when nobody could ever log in: no methods, or `required` names others. */
  constructor(config: ServerAuthConfig) {
    this.#config = config;
    this.#tracer = new Tracer(config.trace);
    this.#progress = new Progress(config.methods, config.required);
    this.#banner = config.banner;
  }

  get phase(): ServerPhase {
    return this.#state.phase;
  }

  /** @param now - Monotonic milliseconds, for traces and durations. */
  tick(now: number): void {
    this.#tracer.now = now;
  }

  /** Feeds one message, numbers 5 and 50 to 79. Never throws because of what the client sent. */
  receive(payload: Uint8Array): void {
    this.#guard(() => this.#message(payload));
  }

  /**
   * Answers the open effect. Ignored when authentication has ended meanwhile.
   *
   * @throws {AuthError} `AUTH_ANSWER` when no effect with this id is open.
   */
  resolve(answer: ServerAuthAnswer): void {
    const state = this.#state;
    if (state.phase === 'failed' || state.phase === 'succeeded') return;
    if (state.phase !== 'deciding' || state.id !== answer.id) {
      throw authError('AUTH_ANSWER', { id: answer.id, expected: 'no answer', received: 'a verdict' });
    }
    this.#guard(() => this.#decided(state.request, answer.verdict));
    while (this.#state.phase === 'request-awaited' || this.#state.phase === 'responses-awaited') {
      const payload = this.#backlog.take();
      if (payload === undefined) return;
      this.receive(payload);
    }
  }

  /** Next thing to do, in order, or `undefined` when the machine waits. */
  poll(): ServerAuthOutput | undefined {
    return this.#outputs.shift();
  }

  #guard(step: () => ServerState): void {
    const { phase } = this.#state;
    if (phase === 'failed') return;
    try {
      this.#state = step();
    } catch (cause) {
      const error = cause instanceof SshError ? cause : authError('AUTH_INTERNAL', { phase }, { cause });
      this.#state = { phase: 'failed' };
      this.#tracer.emit('auth.failed', { code: error.code, phase, failures: this.#failures });
      this.#outputs.push({ type: 'failed', error });
    }
  }

  #message(payload: Uint8Array): ServerState {
    const state = this.#state;
    const number = new WireReader(payload).u8('message number');
    const expected = SERVER_LEGAL[state.phase];
    if (!expected.includes(number)) {
      throw authError('AUTH_UNEXPECTED_MESSAGE', { phase: state.phase, expected, received: number });
    }
    switch (state.phase) {
      case 'service-awaited':
        return this.#serviceRequested(payload);
      case 'request-awaited':
        return this.#requested(payload);
      case 'deciding':
        this.#backlog.add(payload);
        return state;
      case 'responses-awaited':
        return number === 50 ? this.#requested(payload) : this.#responded(payload, state);
      case 'succeeded':
      case 'failed':
        return state;
      default:
        return unreachable(state);
    }
  }

  #serviceRequested(payload: Uint8Array): ServerState {
    const { service } = ServiceRequest.decode(payload);
    this.#tracer.emit('auth.service.requested', { service: word(service) });
    if (service !== USERAUTH_SERVICE) {
      throw authError('AUTH_SERVICE_UNAVAILABLE', { service: word(service) });
    }
    this.#tracer.emit('auth.service.accepted', { service });
    this.#send(ServiceAccept.encode({ service }));
    return { phase: 'request-awaited' };
  }

  #requested(payload: Uint8Array): ServerState {
    const request = UserauthRequest.decode(payload);
    if (request.service !== CONNECTION_SERVICE) {
      throw authError('AUTH_SERVICE_UNAVAILABLE', { service: word(request.service) });
    }
    const maxAttempts = this.#config.maxAttempts ?? DEFAULT_MAX_ATTEMPTS;
    if (this.#failures >= maxAttempts) {
      throw authError('AUTH_TOO_MANY_ATTEMPTS', { what: 'failures', limit: maxAttempts });
    }
    this.#sendBanner();
    const username = readUsername(request.username);
    if (username === undefined || username !== this.#user) this.#progress.reset();
    this.#user = username;
    this.#tracer.emit('auth.attempt', {
      method: word(request.method),
      username: printable(request.username),
      stage: 'request',
    });
    if (request.method === 'none') return this.#none();
    const { method, fields } = request;
    if (username === undefined || !this.#progress.allows(method)) return this.#refuse(method);
    switch (method) {
      case 'publickey':
        return this.#publicKey(username, fields);
      case 'password':
        return this.#password(username, fields);
      case 'keyboard-interactive': {
        const { submethods } = readKeyboardInteractiveFields(fields);
        return this.#dialog(username, { submethods, round: 0 }, []);
      }
      default:
        return unreachable(method);
    }
  }

  /** Never lets anybody in. The first one is the usual question for the list and is not counted. */
  #none(): ServerState {
    if (this.#noneSeen) return this.#refuse('none');
    this.#noneSeen = true;
    return this.#sendFailure('none', false);
  }

  #publicKey(username: string, fields: Uint8Array): ServerState {
    const { hasSignature, algorithm, blob, signature } = readPublicKeyFields(fields);
    if (!hasSignature) this.#countKeyQuery();
    const refuse = (): ServerState =>
      hasSignature ? this.#refuse('publickey') : this.#sendFailure('publickey', false);
    if (hasSignature && signature === undefined) return refuse();
    const publicKey = usableKey(blob, algorithm, this.#config.serverSigAlgs);
    if (publicKey === undefined) return refuse();
    if (signature !== undefined) {
      const data = signedData(this.#config.sessionId, username, algorithm, publicKey.blob);
      // Checked before the application is asked, so that its answer is about a proven key and so that a known and an
      // unknown user cost the same time.
      const expected = { algorithm: plainName(algorithm) };
      const holder = plainKeyOf(publicKey);
      if (!verifySignature(this.#config.crypto, expected, holder, data, signature)) return refuse();
    }
    // With and without a certificate it is one key.
    const print = fingerprint(this.#config.crypto.hash, plainKeyOf(publicKey).blob);
    if (this.#progress.keyWasUsed(print)) return refuse();
    const key = { publicKey, algorithm, fingerprint: print, signed: hasSignature };
    return this.#ask({ username, method: 'publickey', startedAt: this.#tracer.now, key }, (id) => ({
      type: 'check-key',
      id,
      username,
      publicKey,
      algorithm,
      signed: hasSignature,
    }));
  }

  #password(username: string, fields: Uint8Array): ServerState {
    const read = readPasswordFields(fields);
    const password = secretOf(read.password);
    const newPassword = read.newPassword === undefined ? undefined : secretOf(read.newPassword);
    const broken = read.newPassword !== undefined && newPassword === undefined;
    if (password === undefined || broken) return this.#refuse('password');
    return this.#ask({ username, method: 'password', startedAt: this.#tracer.now }, (id) => ({
      type: 'check-password',
      id,
      username,
      password,
      ...(newPassword === undefined ? {} : { newPassword }),
    }));
  }

  #dialog(
    username: string,
    dialog: NonNullable<OpenRequest['dialog']>,
    responses: readonly Secret[],
  ): ServerState {
    return this.#ask(
      { username, method: 'keyboard-interactive', startedAt: this.#tracer.now, dialog },
      (id) => ({
        type: 'keyboard-interactive',
        id,
        username,
        ...dialog,
        responses,
      }),
    );
  }

  #responded(payload: Uint8Array, state: Extract<ServerState, { phase: 'responses-awaited' }>): ServerState {
    const { request, prompts } = state;
    const { responses } = UserauthInfoResponse.decode(payload);
    const secrets = responses.map(answerOf).filter((answer) => answer !== undefined);
    // RFC 4256 §3.4: another number of answers than questions is a failure.
    if (responses.length !== prompts || secrets.length !== prompts || request.dialog === undefined) {
      return this.#refuse('keyboard-interactive');
    }
    const { submethods, round } = request.dialog;
    return this.#dialog(request.username, { submethods, round: round + 1 }, secrets);
  }

  #decided(request: OpenRequest, verdict: ServerVerdict): ServerState {
    const { method, key } = request;
    if (key?.signed === false) {
      if (verdict !== true) return this.#sendFailure(method, false, request);
      this.#result(request, 'key-accepted');
      this.#send(UserauthPkOk.encode({ algorithm: key.algorithm, publicKey: key.publicKey.blob }));
      return { phase: 'request-awaited' };
    }
    if (verdict === true) return this.#pass(request);
    if (typeof verdict !== 'object' || verdict === null) return this.#refuse(method, request);
    if ('partial' in verdict && this.#progress.canContinueWith(verdict.partial)) {
      return this.#pass(request, verdict.partial);
    }
    if (method === 'password' && 'change' in verdict) return this.#askForChange(request, verdict.change);
    if (method === 'keyboard-interactive' && 'prompts' in verdict) return this.#askPrompts(request, verdict);
    return this.#refuse(method, request);
  }

  #pass(request: OpenRequest, next?: readonly ServerMethod[]): ServerState {
    const { username, method } = request;
    if (!this.#progress.pass(method, request.key, next)) {
      return this.#sendFailure(method, true, request);
    }
    this.#result(request, 'success');
    this.#tracer.emit('auth.success', { method, failures: this.#failures });
    this.#send(UserauthSuccess.encode({}));
    const { passed: methods, certificates } = this.#progress;
    this.#outputs.push({ type: 'success', username, methods, certificates });
    return { phase: 'succeeded' };
  }

  #askForChange(request: OpenRequest, prompt: unknown): ServerState {
    this.#passwordChanges += 1;
    if (typeof prompt !== 'string' || this.#passwordChanges > MAX_PASSWORD_CHANGES) {
      return this.#refuse('password', request);
    }
    this.#result(request, 'change');
    this.#send(UserauthPasswdChangereq.encode({ prompt: utf8(prompt), language: EMPTY }));
    return { phase: 'request-awaited' };
  }

  #askPrompts(request: OpenRequest, verdict: ServerPrompts): ServerState {
    const { prompts, name = '', instruction = '' } = verdict;
    if (prompts.length > MAX_PROMPTS || (request.dialog?.round ?? 0) >= MAX_ROUNDS) {
      return this.#refuse(request.method, request);
    }
    this.#send(
      UserauthInfoRequest.encode({
        name: utf8(name),
        instruction: utf8(instruction),
        language: EMPTY,
        prompts: prompts.map(({ text, echo }) => ({ text: utf8(text), echo })),
      }),
    );
    return { phase: 'responses-awaited', request, prompts: prompts.length };
  }

  #countKeyQuery(): void {
    const limit = this.#config.maxKeyQueries ?? DEFAULT_MAX_KEY_QUERIES;
    this.#keyQueries += 1;
    if (this.#keyQueries > limit) throw authError('AUTH_TOO_MANY_ATTEMPTS', { what: 'key queries', limit });
  }

  #refuse(method: string, request?: OpenRequest): ServerState {
    this.#failures += 1;
    return this.#sendFailure(method, false, request);
  }

  #sendFailure(method: string, partialSuccess: boolean, request?: OpenRequest): ServerState {
    const methods = this.#progress.open;
    this.#result(request ?? { method }, partialSuccess ? 'partial' : 'failure');
    this.#send(UserauthFailure.encode({ methods, partialSuccess }));
    return { phase: 'request-awaited' };
  }

  #result(request: Partial<OpenRequest> | { readonly method: string }, result: string): void {
    const { key = undefined, startedAt = this.#tracer.now } = 'startedAt' in request ? request : {};
    this.#tracer.emit('auth.result', {
      method: word(request.method ?? ''),
      result,
      remaining: result === 'success' ? [] : words(this.#progress.open),
      duration_ms: this.#tracer.now - startedAt,
      ...(key === undefined ? {} : { fingerprint: key.fingerprint, algorithm: key.algorithm }),
      ...(key?.publicKey.certificate === undefined
        ? {}
        : certificateFields(certificateFacts(this.#config.crypto.hash, key.publicKey.certificate))),
    });
  }

  #sendBanner(): void {
    if (this.#banner === undefined) return;
    this.#send(UserauthBanner.encode({ message: utf8(this.#banner), language: EMPTY }));
    this.#banner = undefined;
  }

  #ask(request: OpenRequest, effect: (id: number) => ServerAuthEffect): ServerState {
    this.#lastEffect += 1;
    this.#outputs.push({ type: 'effect', effect: effect(this.#lastEffect) });
    return { phase: 'deciding', id: this.#lastEffect, request };
  }

  #send(payload: Uint8Array): void {
    this.#outputs.push({ type: 'send', payload });
  }
}

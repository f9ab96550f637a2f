import {
  HOST_KEYS_PROVE_REQUEST,
  HOST_KEYS_REQUEST,
  ServerAuth,
  type ServerAuthAnswer,
  type ServerAuthEffect,
  type ServerMethod,
} from '@nbs-ssh/auth';
import {
  type ChannelEvent,
  type GlobalEvent,
  type GlobalRequestToken,
  type LocalChannelId,
  Multiplexer,
  OpenFailureReason,
} from '@nbs-ssh/channels';
import { EvidenceRecorder } from '@nbs-ssh/evidence';
import { type ByteDuplex, ChannelTable, SessionDriver, SessionMachine } from '@nbs-ssh/session';
import {
  DEFAULT_LIMITS,
  isTransportError,
  type NegotiatedAlgorithms,
  TransportMachine,
} from '@nbs-ssh/transport';
import type { Certificate } from '@nbs-ssh/transport/keys';
import type { SshError, TraceValue } from '@nbs-ssh/transport/wire';
import { Authenticator } from './authenticator.ts';
import { serverError } from './errors.ts';
import { DIRECT_TYPES } from './forward/direct.ts';
import { Forwarding } from './forward/forwarding.ts';
import { FORWARD_REQUESTS } from './forward/remote.ts';
import { forwardingRules } from './forward/rules.ts';
import { hostKeyAnnouncement, proveHostKeys } from './host-key-proofs.ts';
import type { ServerConfig } from './options.ts';
import { type Restrictions, restrictionsOf } from './restrictions.ts';
import { SessionChannel } from './session-channel.ts';

interface Login {
  readonly username: string;
  readonly methods: readonly ServerMethod[];
  readonly certificates: readonly Certificate[];
}

/** SSH_MSG_DISCONNECT reason for a regular end, RFC 4253 §11.1. */
const BY_APPLICATION = 11;
/** Milliseconds that handlers have to return after their connection ended, before closing no longer waits. */
const HANDLER_PATIENCE = 2000;

/** Who is at the other end, as far as the byte pipe's owner knows. */
export interface RemotePeer {
  readonly address?: string;
  readonly port?: number;
}

export interface ConnectionHooks {
  readonly onAuthenticated?: (connection: ServerConnection) => void;
  /** The connection has ended; its socket may still say goodbye. */
  readonly onEnd?: (connection: ServerConnection) => void;
}

/** One client, from its first byte to its last. Knows no sockets: any {@link ByteDuplex} will do. */
export class ServerConnection implements AsyncDisposable {
  readonly remote: RemotePeer;
  /** When it began, in milliseconds of the configured clock. */
  readonly startedAt: number;
  readonly #config: ServerConfig;
  readonly #hooks: ConnectionHooks;
  readonly #machine: SessionMachine<ServerAuthEffect, ServerAuthAnswer, Login>;
  readonly #driver: SessionDriver<ServerAuthEffect, ServerAuthAnswer, Login>;
  readonly #channels: ChannelTable;
  readonly #authenticator: Authenticator;
  readonly #recorder: EvidenceRecorder | undefined;
  readonly #running = new Set<Promise<void>>();
  #forwarding: Forwarding | undefined;
  readonly #closed: Promise<void>;
  #sessions = 0;
  #username: string | undefined;
  #restrictions: Restrictions = restrictionsOf([]);
  #keyed = false;
  #error: SshError | undefined;
  #cancelGrace: () => void = () => {};

  constructor(
    duplex: ByteDuplex,
    config: ServerConfig,
    remote: RemotePeer = {},
    hooks: ConnectionHooks = {},
  ) {
    this.#config = config;
    this.#hooks = hooks;
    this.remote = remote;
    const { clock, crypto } = config;
    this.startedAt = clock.now();
    this.#recorder = createRecorder(config);
    const trace = this.#recorder?.sink;
    const transport = new TransportMachine({
      role: 'server',
      crypto,
      algorithms: config.algorithms,
      hostKeys: config.hostKeys,
      software: config.software,
      strictKex: config.strictKex,
      serverSigAlgs: config.serverSigAlgs,
      rekey: config.rekey,
      limits: DEFAULT_LIMITS,
      trace,
      tracePackets: false,
    });
    const mux = new Multiplexer({
      role: 'server',
      trace,
      wantedGlobalRequests: [HOST_KEYS_PROVE_REQUEST, ...FORWARD_REQUESTS],
      wantedChannelTypes: ['session', ...DIRECT_TYPES],
    });
    this.#machine = new SessionMachine<ServerAuthEffect, ServerAuthAnswer, Login>({
      transport,
      mux,
      createAuth: (sessionId) =>
        new ServerAuth({
          sessionId,
          crypto,
          methods: config.methods,
          serverSigAlgs: config.serverSigAlgs,
          maxAttempts: config.limits.maxAuthTries,
          maxKeyQueries: config.limits.maxKeyQueries,
          ...(config.auth.required === undefined ? {} : { required: config.auth.required }),
          ...(config.banner === undefined ? {} : { banner: config.banner }),
          ...(trace === undefined ? {} : { trace }),
        }),
    });
    this.#authenticator = new Authenticator(
      config,
      {
        onError: (error, username) => this.#report(error, { username }),
        onSecret: (secret) => this.#recorder?.redactor.register(secret),
        onCertificateRefused: (reason) =>
          this.#trace('auth.certificate-refused', { certificate_problem: reason }),
      },
      remote.address,
    );
    this.#driver = new SessionDriver(this.#machine, duplex, clock, {
      // Only clients ask this.
      verifyHostKey: async () => undefined,
      authenticate: (effect) => this.#authenticator.answer(effect),
      onEvent: (event) => this.#event(event),
      onTransportReady: () => {
        this.#keyed = true;
      },
      onAuthenticated: (login) => this.#authenticated(login),
      onEnd: (error) => this.#ended(error),
    });
    this.#channels = new ChannelTable(mux, () => this.#driver.wake());
    this.#closed = this.#driver.closed.then(() => this.#handlersDone());
    this.#start();
  }

  /** Who has logged in; `undefined` until somebody has. */
  get username(): string | undefined {
    return this.#username;
  }

  /** Whether a key exchange has been completed: random bytes and silent clients never get here. */
  get keyed(): boolean {
    return this.#keyed;
  }

  /** `identification`, `kex`, `auth`, `open`, `closed` and so on, as in errors and evidence. */
  get phase(): string {
    return this.#machine.phaseName;
  }

  get algorithms(): NegotiatedAlgorithms | undefined {
    return this.#machine.transport.algorithms;
  }

  /** Sessions that are open. */
  get sessions(): number {
    return this.#sessions;
  }

  /** Why it ended, when that was not its regular end. */
  get error(): SshError | undefined {
    return this.#error;
  }

  /** Settles when the socket is gone and every handler has returned or had 2 s to. Never rejects. */
  get closed(): Promise<void> {
    return this.#closed;
  }

  /** Says goodbye and ends. Idempotent. */
  close(): Promise<void> {
    void this.#driver.close(BY_APPLICATION, 'closed by the server');
    return this.#closed;
  }

  /** Ends because of `error`, whose disconnect reason the client is told. */
  fail(error: SshError): void {
    this.#driver.fail(error);
  }

  /** Starts a key exchange now. */
  rekey(): void {
    this.#machine.rekey();
    this.#driver.wake();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #start(): void {
    const { address, port } = this.remote;
    this.#trace('session.connect.started', {
      ...(address === undefined ? {} : { host: address }),
      ...(port === undefined ? {} : { port }),
    });
    const { clock, limits } = this.#config;
    const limitSec = limits.loginGraceSec;
    this.#cancelGrace = clock.after(limitSec * 1000, () => {
      this.#driver.fail(serverError('SERVER_LOGIN_GRACE', { limitSec, phase: this.phase }));
    });
    this.#driver.start();
  }

  #authenticated(login: Login): void {
    this.#cancelGrace();
    this.#username = login.username;
    this.#restrictions = restrictionsOf(login.certificates);
    this.#forwarding = this.#createForwarding(login.username);
    this.#trace('session.ready', {
      username: login.username,
      duration_ms: this.#config.clock.now() - this.startedAt,
    });
    const announcement = hostKeyAnnouncement(this.#config.hostKeys);
    this.#machine.mux.globalRequest(HOST_KEYS_REQUEST, announcement, false);
    this.#hooks.onAuthenticated?.(this);
  }

  #event(event: ChannelEvent | GlobalEvent): void {
    switch (event.type) {
      case 'open-request':
        if (event.channelType === 'session') this.#openSession(event.channel);
        else this.#forwarding?.open(event);
        return;
      case 'global-request':
        if (event.name === HOST_KEYS_PROVE_REQUEST) this.#proveHostKeys(event);
        else this.#forwarding?.request(event);
        return;
      case 'global-reply':
        // We ask nothing that is answered.
        return;
      default:
        this.#channels.handle(event);
    }
  }

  #proveHostKeys({ data, token }: GlobalEvent & { readonly type: 'global-request' }): void {
    const { crypto, hostKeys, algorithms } = this.#config;
    const { sessionId = new Uint8Array(0), algorithms: agreed } = this.#machine.transport;
    const proofs = proveHostKeys(crypto, hostKeys, sessionId, agreed?.hostKey, algorithms.hostKey, data);
    this.#replyGlobal(token, proofs !== undefined, proofs);
  }

  #replyGlobal(token: GlobalRequestToken | undefined, success: boolean, data?: Uint8Array): void {
    if (token === undefined) return;
    this.#machine.mux.replyGlobal(token, success, data);
    this.#driver.wake();
  }

  #createForwarding(username: string): Forwarding {
    const { clock, limits, forwarding } = this.#config;
    return new Forwarding({
      channels: this.#channels,
      clock,
      limits,
      rules: this.#restrictions.forwarding ? forwarding : forwardingRules(),
      client: { username, ...this.remote },
      trace: (name, fields) => this.#trace(name, fields),
      reply: (token, success, data) => this.#replyGlobal(token, success, data),
      fail: (error) => this.#driver.fail(error),
      onError: (error) => this.#report(error),
    });
  }

  #openSession(channel: LocalChannelId): void {
    const { maxSessions } = this.#config.limits;
    if (this.#sessions >= maxSessions) {
      this.#channels.reject(channel, OpenFailureReason.RESOURCE_SHORTAGE, 'too many sessions');
      return;
    }
    this.#sessions += 1;
    const context = {
      config: this.#config,
      username: this.#username ?? '',
      restrictions: this.#restrictions,
      trace: (name: string, fields: Readonly<Record<string, TraceValue>>) => this.#trace(name, fields),
      onError: (error: SshError) => this.#report(error),
      onStarted: (finished: Promise<void>) => this.#track(finished),
      onClosed: () => {
        this.#sessions -= 1;
      },
    };
    new SessionChannel(context, (listener) => this.#channels.accept(channel, listener));
  }

  #track(finished: Promise<void>): void {
    this.#running.add(finished);
    void finished.finally(() => this.#running.delete(finished));
  }

  #ended(error: SshError | undefined): void {
    this.#cancelGrace();
    this.#authenticator.cancel();
    this.#forwarding?.end();
    const regular = error === undefined || isGoodbye(error, this.#username !== undefined);
    this.#channels.endAll(error ?? serverError('SERVER_CLOSED', {}));
    if (error !== undefined && !regular) {
      this.#error = error;
      const { code, message } = error;
      this.#trace('session.error', { error_type: code, code, message, phase: phaseOf(error) });
      this.#report(error);
    }
    this.#trace('session.closed', {
      reason: error?.message ?? 'closed by the server',
      code: error?.code ?? null,
      by: endedBy(error),
    });
    this.#hooks.onEnd?.(this);
  }

  async #handlersDone(): Promise<void> {
    await this.#forwarding?.settled;
    if (this.#running.size === 0) return;
    let cancel = (): void => {};
    const patience = new Promise<void>((resolve) => {
      cancel = this.#config.clock.after(HANDLER_PATIENCE, resolve);
    });
    await Promise.race([Promise.allSettled(this.#running), patience]);
    cancel();
  }

  #report(error: SshError, more: { readonly username?: string } = {}): void {
    const { address } = this.remote;
    const username = more.username ?? this.#username;
    this.#config.onError(error, {
      phase: this.phase,
      ...(address === undefined ? {} : { remoteAddress: address }),
      ...(username === undefined ? {} : { username }),
    });
  }

  #trace(name: string, fields: Readonly<Record<string, TraceValue>>): void {
    this.#recorder?.sink({ name, time: this.#config.clock.now(), fields });
  }
}

function createRecorder({ eventCollector, clock }: ServerConfig): EvidenceRecorder | undefined {
  if (eventCollector === undefined) return undefined;
  return new EvidenceRecorder({
    role: 'server',
    epochOffsetMs: clock.unixNow() - clock.now(),
    sinks: [(event) => eventCollector.record(event)],
    // The collector keeps the events; nobody asks this one for a bundle.
    capacity: 1,
  });
}

/** Clients end with reason 11 or by closing the socket; both are regular once somebody has logged in. */
function isGoodbye(error: SshError, loggedIn: boolean): boolean {
  if (!isTransportError(error)) return false;
  if (error.code === 'TRANSPORT_DISCONNECTED') return error.context.reason === BY_APPLICATION;
  return error.code === 'TRANSPORT_CLOSED' && loggedIn && !error.context.midPacket;
}

function endedBy(error: SshError | undefined): 'us' | 'peer' | 'network' {
  if (error === undefined || error.fault === 'caller' || error.fault === 'bug') return 'us';
  if (error.fault === 'network') return 'network';
  return error.code === 'TRANSPORT_DISCONNECTED' ? 'peer' : 'us';
}

const phaseOf = (error: SshError): string => {
  const phase = (error.context as { readonly phase?: unknown } | undefined)?.phase;
  return typeof phase === 'string' ? phase : 'open';
};

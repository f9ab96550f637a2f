import {
  type AuthAttempt,
  ClientAuth,
  type ClientAuthAnswer,
  type ClientAuthEffect,
  HOST_KEYS_REQUEST,
} from '@nbs-ssh/auth';
import { DEFAULT_LIMITS, type GlobalRequestId, Multiplexer, X11_CHANNEL } from '@nbs-ssh/channels';
import { ChannelTable, type Clock, SessionDriver, SessionMachine } from '@nbs-ssh/session';
import { TransportMachine } from '@nbs-ssh/transport';
import { printable, type SshError, type TraceSink, type TraceValue } from '@nbs-ssh/transport/wire';
import { AGENT_CHANNEL, AgentForwarding } from '../agent/forwarding.ts';
import { SOFTWARE } from '../version.ts';
import { X11Forwarding } from '../x11/forwarding.ts';
import { preferKnown } from './algorithms.ts';
import { type OpenHandler, type OpenHandlers, routeOpen } from './channel-opens.ts';
import { GlobalQuestions } from './global-questions.ts';
import { HostKeyUpdate } from './host-key-update.ts';
import type { ConnectionConfig } from './options.ts';
import type { Preparation } from './preparation.ts';

interface Login {
  readonly method: string;
  readonly attempts: readonly AuthAttempt[];
}

/** What a connection hears of its session. Called synchronously; must not throw. */
export interface ClientSessionOwner {
  readonly onAuthenticated: () => void;
  readonly onRekeyed: () => void;
  readonly onGlobalReply: (request: GlobalRequestId) => void;
  /** Bytes came, whatever they are. */
  readonly onReceived: () => void;
  /** Called exactly once. */
  readonly onEnd: (error: SshError | undefined) => void;
  /** Those who take channels that the server opens, besides what the session itself takes. */
  readonly opens: OpenHandlers;
}

/** One session in the client role, put together and ready to start. */
export interface ClientSession {
  readonly machine: SessionMachine<ClientAuthEffect, ClientAuthAnswer, Login>;
  readonly driver: SessionDriver<ClientAuthEffect, ClientAuthAnswer, Login>;
  readonly channels: ChannelTable;
  readonly forwarding: AgentForwarding;
  readonly x11: X11Forwarding;
  /** `undefined` until authentication has begun. */
  readonly auth: () => ClientAuth | undefined;
  readonly hostKeyUpdate: HostKeyUpdate;
  readonly questions: GlobalQuestions;
}

/** Composes the machines of the client role over a byte pipe. Nothing is sent before `driver.start()`. */
export function createClientSession(
  config: ConnectionConfig,
  { duplex, address, trust, credentials }: Preparation,
  trace: TraceSink,
  clock: Clock,
  owner: ClientSessionOwner,
): ClientSession {
  const transport = new TransportMachine({
    role: 'client',
    crypto: config.algorithms.crypto,
    algorithms: preferKnown(config.algorithms.offered, trust.knownKeyTypes, trust.knowsAuthority),
    hostKeys: [],
    software: SOFTWARE,
    strictKex: config.strictKex,
    serverSigAlgs: [],
    rekey: config.rekey,
    limits: config.transportLimits,
    trace,
    tracePackets: config.tracePackets,
  });
  const emit = (name: string, fields: Record<string, TraceValue>): void =>
    trace({ name, time: clock.now(), fields });
  const forwarding = new AgentForwarding(config.agentForward, {
    clock,
    emit,
  });
  const x11 = new X11Forwarding({ clock, emit, random: config.algorithms.crypto.random });
  const opens = new Map<string, OpenHandler>([
    [AGENT_CHANNEL, forwarding],
    [X11_CHANNEL, x11],
    ...owner.opens,
  ]);
  const { channelWindowBytes: maxWindow } = config;
  const mux = new Multiplexer({
    role: 'client',
    trace,
    limits: { window: Math.min(DEFAULT_LIMITS.window, maxWindow), maxWindow },
    wantedChannelTypes: [...opens.keys()],
    wantedGlobalRequests: config.updateHostKeys === false ? [] : [HOST_KEYS_REQUEST],
  });
  let auth: ClientAuth | undefined;
  const machine = new SessionMachine<ClientAuthEffect, ClientAuthAnswer, Login>({
    transport,
    mux,
    acknowledge: true,
    createAuth: (sessionId) => {
      auth = new ClientAuth({
        username: config.username,
        sessionId,
        credentials: credentials.list,
        crypto: config.algorithms.userCrypto,
        trace,
      });
      return auth;
    },
  });
  const driver = new SessionDriver<ClientAuthEffect, ClientAuthAnswer, Login>(machine, duplex, clock, {
    verifyHostKey: async ({ hostKey, exchangeHash, signature }) => {
      const refusal = await trust.verify(hostKey, address, clock.unixNow());
      const binding = { hostKey: hostKey.blob, sessionId: exchangeHash, signature, forwarding: false };
      if (refusal !== undefined) return refusal;
      forwarding.bind(binding);
      await credentials.trusted(binding);
      return undefined;
    },
    authenticate: (effect) => credentials.answer(effect),
    onAuthenticated: () => {
      credentials.close();
      owner.onAuthenticated();
    },
    onBanner: (text) => showBanner(config, text),
    onRekeyed: () => owner.onRekeyed(),
    onReceived: () => owner.onReceived(),
    onEvent: (event) => {
      if (event.type === 'global-reply') {
        const { request, success, data } = event;
        const taken = questions.answered(request, { success, data });
        if (!taken && !hostKeyUpdate.replied(request, success, data)) owner.onGlobalReply(request);
      } else if (event.type === 'open-request') routeOpen(opens, event, channels);
      else if (event.type !== 'global-request') channels.handle(event);
      else if (event.name === HOST_KEYS_REQUEST) hostKeyUpdate.announced(event.data);
    },
    onEnd: (error) => {
      credentials.close();
      for (const handler of opens.values()) handler.close?.();
      owner.onEnd(error);
      questions.end();
    },
  });
  const wake = (): void => driver.wake();
  const channels = new ChannelTable(mux, wake);
  const questions = new GlobalQuestions(mux, wake);
  const hostKeyUpdate = new HostKeyUpdate({
    config,
    trust,
    mux,
    wake,
    sessionId: () => transport.sessionId,
    emit,
  });
  return { machine, driver, channels, forwarding, x11, auth: () => auth, hostKeyUpdate, questions };
}

/** The caller's function runs inside the read loop: what it throws is its own trouble. */
function showBanner({ onBanner }: ConnectionConfig, text: string): void {
  try {
    onBanner?.(printable(text, 4096));
  } catch {
    // A banner that could not be shown does not change who the server is.
  }
}

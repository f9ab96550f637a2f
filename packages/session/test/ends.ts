import {
  ClientAuth,
  type ClientAuthAnswer,
  type ClientAuthEffect,
  generateEd25519,
  ServerAuth,
  type ServerAuthAnswer,
  type ServerAuthEffect,
} from '@nbs-ssh/auth';
import { type ChannelEvent, type GlobalEvent, Multiplexer } from '@nbs-ssh/channels';
import {
  type ByteDuplex,
  type Clock,
  SessionDriver,
  SessionMachine,
  type SessionOwner,
} from '@nbs-ssh/session';
import { FakeClock, seededRandom } from '@nbs-ssh/testing';
import {
  allAlgorithms,
  DEFAULT_LIMITS,
  DEFAULT_REKEY,
  type RekeyLimits,
  TransportMachine,
} from '@nbs-ssh/transport';
import type { CryptoProvider } from '@nbs-ssh/transport/crypto';
import { nodeProvider } from '@nbs-ssh/transport/crypto/node';
import { publicKeyOf } from '@nbs-ssh/transport/keys';
import { Secret, type SshError } from '@nbs-ssh/transport/wire';
import { clockOf, type PipeEnd, pipe, settled } from './pipes.ts';

type Role = 'client' | 'server';

const KEY = generateEd25519({ ...nodeProvider, random: seededRandom('host key') });
const HOST_KEY = { privateKey: KEY, publicKey: publicKeyOf(KEY) };

function transport(role: Role, rekey: Partial<RekeyLimits>): TransportMachine {
  const crypto: CryptoProvider = { ...nodeProvider, random: seededRandom(role) };
  return new TransportMachine({
    role,
    crypto,
    algorithms: { ...allAlgorithms(crypto), kex: ['curve25519-sha256'] },
    hostKeys: role === 'server' ? [HOST_KEY] : [],
    software: 'Test',
    strictKex: 'offer',
    serverSigAlgs: ['ssh-ed25519'],
    rekey: { ...DEFAULT_REKEY, ...rekey },
    limits: DEFAULT_LIMITS,
    trace: undefined,
    tracePackets: false,
  });
}

/** One end of a session: its driver, and everything its owner heard. */
export interface SessionEnd {
  readonly driver: SessionDriver<unknown, unknown, unknown>;
  readonly machine: SessionMachine<unknown, unknown, unknown>;
  readonly mux: Multiplexer;
  readonly events: (ChannelEvent | GlobalEvent)[];
  readonly ends: (SshError | undefined)[];
  readonly log: string[];
}

export interface Hooks {
  verifyHostKey?: () => Promise<SshError | undefined>;
  authenticate?: () => Promise<unknown>;
  onEvent?: (event: ChannelEvent | GlobalEvent) => void;
  onAuthenticated?: () => void;
}

export function end(
  role: Role,
  duplex: ByteDuplex,
  clock: Clock,
  hooks: Hooks,
  rekey: Partial<RekeyLimits> = {},
): SessionEnd {
  const mux = new Multiplexer({ role });
  const machine = new SessionMachine<unknown, unknown, unknown>({
    transport: transport(role, rekey),
    mux,
    createAuth: (sessionId) =>
      (role === 'client'
        ? new ClientAuth({
            username: 'user',
            sessionId,
            credentials: [{ kind: 'password' }],
            crypto: nodeProvider,
          })
        : new ServerAuth({
            sessionId,
            crypto: nodeProvider,
            methods: ['password'],
            serverSigAlgs: ['ssh-ed25519'],
          })) as never,
  });
  const events: SessionEnd['events'] = [];
  const ends: SessionEnd['ends'] = [];
  const log: string[] = [];
  const owner: SessionOwner<unknown, unknown, unknown> = {
    verifyHostKey: hooks.verifyHostKey ?? (async () => undefined),
    authenticate:
      hooks.authenticate ?? (async (effect) => answer(effect as ClientAuthEffect | ServerAuthEffect)),
    onEvent: (event) => {
      events.push(event);
      hooks.onEvent?.(event);
    },
    onAuthenticated: () => {
      log.push('authenticated');
      hooks.onAuthenticated?.();
    },
    onRekeyed: () => log.push('rekeyed'),
    onEnd: (error) => {
      ends.push(error);
    },
  };
  return { driver: new SessionDriver(machine, duplex, clock, owner), machine, mux, events, ends, log };
}

function answer(effect: ClientAuthEffect | ServerAuthEffect): ClientAuthAnswer | ServerAuthAnswer {
  if (effect.type === 'check-password') return { id: effect.id, verdict: true };
  if (effect.type === 'password') return { type: 'password', id: effect.id, password: new Secret('pass') };
  throw new Error(`not expected: ${effect.type}`);
}

export interface SessionPair {
  readonly client: SessionEnd;
  readonly server: SessionEnd;
  readonly clientPipe: PipeEnd;
  readonly serverPipe: PipeEnd;
  readonly clock: FakeClock;
}

export function sessionPair(
  client: Hooks = {},
  server: Hooks = {},
  rekey: Partial<RekeyLimits> = {},
): SessionPair {
  const clock = new FakeClock(1000);
  const [clientPipe, serverPipe] = pipe();
  return {
    clock,
    clientPipe,
    serverPipe,
    client: end('client', clientPipe, clockOf(clock), client, rekey),
    server: end('server', serverPipe, clockOf(clock), server),
  };
}

/** Both ends, logged in. */
export async function loggedIn(...hooks: Parameters<typeof sessionPair>): Promise<SessionPair> {
  const pair = sessionPair(...hooks);
  pair.server.driver.start();
  pair.client.driver.start();
  for (let i = 0; i < 200 && pair.client.log.length === 0; i += 1) await settled(1);
  if (!pair.client.log.includes('authenticated')) {
    throw new Error('no login', { cause: pair.client.ends[0] ?? pair.server.ends[0] });
  }
  await settled();
  return pair;
}

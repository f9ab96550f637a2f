import type { ByteDuplex, Clock } from '@nbs-ssh/session';
import { printable } from '@nbs-ssh/transport/wire';
import { createAgentAuth } from '../agent/agent-auth.ts';
import { agentPath } from '../agent/endpoint.ts';
import { type AuthConfig, createKeyAuth } from '../auth/auth-config.ts';
import { Credentials } from '../auth/credentials.ts';
import { type Ask, withInteraction } from '../interaction/credentials.ts';
import { dialCommand } from '../jump/proxy-command.ts';
import type { Route } from '../jump/route.ts';
import { discoverKeys } from '../platform/keys.ts';
import { dialPatiently } from './dial.ts';
import type { ConnectionEvidence } from './evidence.ts';
import type { ConnectionConfig } from './options.ts';
import { HostKeyTrust } from './trust.ts';

/** What a handshake needs before its first byte. */
export interface Preparation {
  readonly duplex: ByteDuplex;
  /** IP address that answered; `undefined` when a stream was given in place of TCP. */
  readonly address: string | undefined;
  readonly trust: HostKeyTrust;
  readonly credentials: Credentials;
}

/**
 * Dials, and reads known_hosts and key files meanwhile.
 *
 * @throws what the operating system or the caller's `stream` function says; `KnownHostsError`; `signal.reason` when
 *   aborted. A pipe that was opened by then is closed.
 */
export async function prepare(
  config: ConnectionConfig,
  evidence: ConnectionEvidence,
  clock: Clock,
  signal: AbortSignal,
  { route, ask }: { readonly route: Route; readonly ask: Ask },
): Promise<Preparation> {
  const files = readFiles(config, evidence, clock, signal, ask);
  // When dialling fails first, nobody waits for the files any more.
  files.catch(() => {});
  const { duplex, address } = await dial(config, evidence, clock, signal, route);
  try {
    const [trust, credentials] = await files;
    signal.throwIfAborted();
    return { duplex, address, trust, credentials };
  } catch (error) {
    await discard(duplex);
    throw error;
  }
}

/** Closes a pipe that nobody reads or writes yet. */
export async function discard(duplex: ByteDuplex): Promise<void> {
  await Promise.allSettled([duplex.readable.getReader().cancel(), duplex.writable.getWriter().abort()]);
}

function readFiles(
  config: ConnectionConfig,
  evidence: ConnectionEvidence,
  clock: Clock,
  signal: AbortSignal,
  ask: Ask,
): Promise<[HostKeyTrust, Credentials]> {
  return Promise.all([
    HostKeyTrust.load(config, (name, fields) => evidence.emit(name, fields), ask),
    authConfigs(config, ask).then((configs) =>
      Credentials.prepare(configs, config.crypto, (secret) => evidence.register(secret), {
        clock,
        signal,
        emit: (name, fields) => evidence.emit(name, fields),
      }),
    ),
  ]);
}

async function authConfigs(config: ConnectionConfig, ask: Ask): Promise<readonly AuthConfig[]> {
  const configs = config.auth ?? (await defaultConfigs());
  const { interaction, host, port, username } = config;
  return interaction === undefined
    ? configs
    : withInteraction(configs, interaction, { host, port, username }, ask);
}

/** The agent where there is one, then the default keys that exist. */
async function defaultConfigs(): Promise<readonly AuthConfig[]> {
  const keys = (await discoverKeys()).map((path) => createKeyAuth(path));
  return agentPath() === undefined ? keys : [createAgentAuth(), ...keys];
}

async function dial(
  config: ConnectionConfig,
  evidence: ConnectionEvidence,
  clock: Clock,
  signal: AbortSignal,
  route: Route,
): Promise<Pick<Preparation, 'duplex' | 'address'>> {
  const { host, port, stream, jumps, proxyCommand, onProxyStderr } = config;
  if (typeof stream === 'object') return { duplex: stream, address: undefined };
  if (typeof stream === 'function')
    return { duplex: await stream({ host, port, signal }), address: undefined };
  if (jumps.length > 0) return { duplex: await route.open(signal), address: undefined };
  if (proxyCommand !== undefined) {
    const stderr = onProxyStderr === undefined ? {} : { onStderr: onProxyStderr };
    const options = { signal, mask: (text: string) => evidence.mask(text), ...stderr };
    return { duplex: await dialCommand(proxyCommand, options), address: undefined };
  }
  const startedAt = clock.now();
  const { bindAddress, addressFamily: family, connectionAttempts } = config;
  const target = { host, port, bindAddress, family };
  const dialled = await dialPatiently(target, connectionAttempts, clock, signal);
  evidence.emit('session.tcp.connected', {
    host: printable(host),
    port,
    address: dialled.address ?? null,
    duration_ms: clock.now() - startedAt,
  });
  return dialled;
}

import { devNull } from 'node:os';
import type { CryptoProvider } from '@nbs-ssh/transport/crypto';
import { printable } from '@nbs-ssh/transport/wire';
import { socketEndpoint } from '../agent/endpoint.ts';
import type { HostKeyPolicy, SSHConnectionOptions } from '../connection/options.ts';
import type { JumpHost } from '../jump/jump-host.ts';
import { chooseAlgorithms } from './algorithm-policy.ts';
import { ConfigError } from './errors.ts';
import type { HostSettings } from './settings.ts';

/** What settings say about a host, be it the target or one on the way: not who logs in, and who is asked. */
export type HostOptions = Pick<
  JumpHost,
  | 'host'
  | 'port'
  | 'username'
  | 'knownHosts'
  | 'hostKeyAlias'
  | 'hashKnownHosts'
  | 'updateHostKeys'
  | 'connectionAttempts'
  | 'bindAddress'
  | 'addressFamily'
  | 'algorithms'
>;

/** What they say about the connection to the target, besides. */
export type ConnectionOptions = Pick<
  SSHConnectionOptions,
  'connectTimeoutSec' | 'keepalive' | 'env' | 'agentForward' | 'rekey'
>;

/** @throws {ConfigError} for lists of algorithms that leave none, and for a host that the file refuses. */
export function hostOptions(settings: HostSettings, crypto: CryptoProvider): HostOptions {
  const { refuseConnection, hostKeyAlias, bindAddress } = settings;
  if (refuseConnection !== undefined) {
    throw new ConfigError('CONFIG_REFUSED', printable(refuseConnection, 512), { option: 'RefuseConnection' });
  }
  return {
    host: settings.hostName,
    port: settings.port,
    username: settings.user,
    knownHosts: knownHostsPaths(settings),
    ...(hostKeyAlias === undefined ? {} : { hostKeyAlias }),
    hashKnownHosts: settings.hashKnownHosts,
    updateHostKeys: settings.updateHostKeys === true,
    connectionAttempts: Math.max(settings.connectionAttempts, 1),
    ...(bindAddress === undefined ? {} : { bindAddress }),
    addressFamily: FAMILIES[settings.addressFamily],
    algorithms: chooseAlgorithms(settings.algorithms, crypto).policy,
  };
}

export function connectionOptions(settings: HostSettings): ConnectionOptions {
  const { rekeyBytes, rekeyIntervalSec, serverAliveIntervalSec, serverAliveCountMax } = settings;
  const keepalive = { intervalSec: serverAliveIntervalSec, maxCount: Math.max(serverAliveCountMax, 1) };
  return {
    ...(settings.connectTimeoutSec ? { connectTimeoutSec: settings.connectTimeoutSec } : {}),
    ...(serverAliveIntervalSec === 0 ? {} : { keepalive }),
    env: settings.env,
    ...agentForward(settings),
    rekey: {
      ...(rekeyBytes === undefined ? {} : { bytes: rekeyBytes }),
      ...(rekeyIntervalSec === undefined ? {} : { intervalSec: rekeyIntervalSec }),
    },
  };
}

function agentForward({ forwardAgent }: HostSettings): Pick<SSHConnectionOptions, 'agentForward'> {
  if (forwardAgent === false) return {};
  return { agentForward: forwardAgent === true ? true : socketEndpoint(forwardAgent) };
}

const FAMILIES = { any: 0, inet: 4, inet6: 6 } as const;

/** The policy that `StrictHostKeyChecking` stands for. */
export function hostKeyPolicyOf({ strictHostKeyChecking }: HostSettings): HostKeyPolicy {
  const policies = { yes: 'strict', no: 'insecure', ask: 'ask', 'accept-new': 'accept-new' } as const;
  return policies[strictHostKeyChecking];
}

/** The user's files first: the first of all is where new keys are written. */
function knownHostsPaths({ userKnownHostsFiles, globalKnownHostsFiles }: HostSettings): readonly string[] {
  // A user without files has none to write to, and the system's are not the user's.
  return [...(userKnownHostsFiles.length === 0 ? [devNull] : userKnownHostsFiles), ...globalKnownHostsFiles];
}

/** Program and arguments of `ProxyCommand`. @throws {ConfigError} `CONFIG_UNSUPPORTED` when it needs a shell. */
export function proxyArgv({ proxyCommand }: HostSettings): readonly string[] | undefined {
  if (proxyCommand === undefined || proxyCommand.argv !== undefined) return proxyCommand?.argv;
  const text = "ProxyCommand is run without a shell: write sh -c '…' around a command that needs one";
  throw new ConfigError('CONFIG_UNSUPPORTED', text, { option: 'ProxyCommand' });
}

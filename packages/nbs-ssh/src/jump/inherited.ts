import { withoutInsecure } from '../connection/algorithms.ts';
import type { ConnectionConfig, SSHConnectionOptions } from '../connection/options.ts';
import type { JumpHost } from './jump-host.ts';

/**
 * What a host on the way takes from the options of the target, where it has nothing of its own.
 *
 * Policy and limits, never credentials. Nor what was given up for the target alone: a jump host is in the open, and
 * is not weak because what stands behind it is. So insecure algorithms and the policy `insecure` are not among it,
 * as `ssh -J` does not hand on `-o`.
 */
export function inheritedOptions(
  config: ConnectionConfig,
  jump: JumpHost,
): Omit<SSHConnectionOptions, 'host' | 'auth'> {
  const { onUnknownHostKey, onBanner, algorithmPolicy, interaction, hostKeyPolicy, knownHosts } = config;
  const unverified = hostKeyPolicy === 'insecure';
  return {
    // Without known_hosts and policy the host gets the usual ones. One that brings its own `null` says both.
    ...(unverified && knownHosts.length === 0 ? {} : { knownHosts }),
    ...(unverified || jump.knownHosts === null ? {} : { hostKeyPolicy }),
    hashKnownHosts: config.hashKnownHosts,
    updateHostKeys: config.updateHostKeys,
    ...(onUnknownHostKey === undefined ? {} : { onUnknownHostKey }),
    ...(onBanner === undefined ? {} : { onBanner }),
    ...(algorithmPolicy === undefined ? {} : { algorithms: withoutInsecure(algorithmPolicy) }),
    ...(interaction === undefined ? {} : { interaction }),
    strictKex: config.strictKex,
    crypto: config.crypto,
    connectTimeoutSec: config.connectTimeoutMs / 1000,
    tracePackets: config.tracePackets,
  };
}

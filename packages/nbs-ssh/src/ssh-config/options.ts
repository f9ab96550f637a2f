import { nobleProvider } from '@nbs-ssh/transport/crypto/noble';
import type { SSHConnectionOptions } from '../connection/options.ts';
import type { JumpHost } from '../jump/jump-host.ts';
import { chooseAlgorithms } from './algorithm-policy.ts';
import { connectionOptions, hostKeyPolicyOf, hostOptions, proxyArgv } from './connection-settings.ts';
import { ConfigError, type ConfigWarning } from './errors.ts';
import type { Evaluation } from './evaluate.ts';
import { identityConfigs } from './identities.ts';
import { jumpSettings } from './jumps.ts';
import { type LoadSshConfigOptions, loadSshConfig, type ResolveSshConfigOptions } from './load.ts';
import type { HostSettings } from './settings.ts';

export interface SshConfigOptionsSource extends LoadSshConfigOptions {
  /** Gets what the configuration says and what is not done, or not so. */
  readonly onWarning?: (warning: ConfigWarning) => void;
}

/** What comes before all that the configuration says. */
export type ConnectionOverrides = Partial<Omit<SSHConnectionOptions, 'host'>>;

/**
 * Options for `SSHConnection` as ssh would connect to `host`: what its configuration says about it, below what
 * `overrides` say.
 *
 * Keys, known_hosts files, jump hosts, algorithms, times and the environment of commands come from the configuration.
 * `ProxyCommand` starts a program, and so needs `allowExec`, as `Match exec` does.
 *
 * @param host - A name of the configuration, or of a host.
 * @throws {ConfigError} when the configuration has mistakes, or asks for what we do not do and must not leave out.
 */
export async function sshConfigOptions(
  host: string,
  overrides: ConnectionOverrides = {},
  source: SshConfigOptionsSource = {},
): Promise<SSHConnectionOptions> {
  const { username, port, crypto = nobleProvider } = overrides;
  const config = await loadSshConfig(source);
  const { settings, warnings, evaluation } = await config.resolveFully(host, {
    ...(username === undefined ? {} : { user: username }),
    ...(port === undefined ? {} : { port }),
  });
  for (const warning of warnings) source.onWarning?.(warning);
  for (const option of forwardOptions(settings)) {
    const place = evaluation.places.get(option.toLowerCase()) ?? { file: host, line: 0, option };
    const text = `${option}: options of a connection set up no forward; resolveSshConfig tells the forwards, to be given to forwardLocal and its like`;
    source.onWarning?.({ ...place, level: 'warning', text });
  }
  const warnOfRisks = (of: HostSettings, { places }: Evaluation): void => {
    for (const { option, text } of chooseAlgorithms(of.algorithms, crypto).risks) {
      const place = places.get(option.toLowerCase()) ?? { file: of.host, line: 0, option };
      source.onWarning?.({ ...place, level: 'warning', text: `${option}: ${text}` });
    }
  };
  // What the caller says in place of the lists is the caller's affair.
  if (overrides.algorithms === undefined) warnOfRisks(settings, evaluation);
  const asks = overrides.onUnknownHostKey !== undefined || overrides.interaction?.hostKey !== undefined;
  const optionsOf = async (of: HostSettings): Promise<JumpHost> => {
    const policy = hostKeyPolicyOf(of);
    return {
      ...hostOptions(of, crypto),
      auth: of.pubkeyAuthentication ? await identityConfigs(of) : [],
      // Nobody to ask: an unknown key is refused.
      hostKeyPolicy: policy === 'ask' && !asks ? 'strict' : policy,
    };
  };
  const resolveHop = async (hop: string, said: ResolveSshConfigOptions): Promise<HostSettings> => {
    const resolved = await config.resolveFully(hop, said);
    warnOfRisks(resolved.settings, resolved.evaluation);
    return resolved.settings;
  };
  const way = overrides.stream === undefined ? await wayTo(settings, resolveHop, source, optionsOf) : {};
  return { ...(await optionsOf(settings)), ...connectionOptions(settings), ...way, ...defined(overrides) };
}

const FORWARD_OPTIONS = {
  local: 'LocalForward',
  remote: 'RemoteForward',
  dynamic: 'DynamicForward',
} as const;

function forwardOptions({ forwards }: HostSettings): ReadonlySet<string> {
  return new Set(forwards.map(({ type }) => FORWARD_OPTIONS[type]));
}

/** The way through other hosts, or through a program. */
async function wayTo(
  target: HostSettings,
  resolveHop: (host: string, said: ResolveSshConfigOptions) => Promise<HostSettings>,
  { allowExec = false }: SshConfigOptionsSource,
  optionsOf: (settings: HostSettings) => Promise<JumpHost>,
): Promise<Pick<SSHConnectionOptions, 'proxyJump' | 'proxyCommand'>> {
  const jumps = await jumpSettings(target, ({ host, user, port }) => {
    const said = { ...(user === undefined ? {} : { user }), ...(port === undefined ? {} : { port }) };
    return resolveHop(host, said);
  });
  const proxyCommand = proxyArgv(jumps[0] ?? target);
  if (proxyCommand !== undefined && !allowExec) {
    const text = 'ProxyCommand starts a program: allowExec must allow that';
    throw new ConfigError('CONFIG_UNSUPPORTED', text, { option: 'ProxyCommand' });
  }
  const hops = await Promise.all(jumps.map(optionsOf));
  return {
    ...(hops.length === 0 ? {} : { proxyJump: hops }),
    ...(proxyCommand === undefined ? {} : { proxyCommand }),
  };
}

function defined(overrides: ConnectionOverrides): ConnectionOverrides {
  return Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined));
}

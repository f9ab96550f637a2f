import type { EventCollector } from '@nbs-ssh/evidence';
import { printable } from '@nbs-ssh/transport/wire';
import type { AuthConfig } from '../auth/auth-config.ts';
import type { HostKeyPolicy, SSHConnectionOptions, UnknownHostKey } from '../connection/options.ts';
import type { JumpHost } from '../jump/jump-host.ts';
import {
  connectionOptions,
  hostKeyPolicyOf,
  hostOptions,
  proxyArgv,
} from '../ssh-config/connection-settings.ts';
import type { HostSettings } from '../ssh-config/settings.ts';
import type { HostKeyQuestion } from './host-key-question.ts';
import type { Plan } from './plan.ts';
import type { Prompter } from './prompt.ts';

/** Seconds until a connection must be up when somebody may be typing: as long as most servers wait. */
const TYPING_TIMEOUT = 120;

export interface OptionSources {
  readonly plan: Plan;
  readonly prompter: Prompter | undefined;
  /** Asked for `UpdateHostKeys ask`; `undefined` where nobody can be. */
  readonly updateHostKeys: HostKeyQuestion['ask'] | undefined;
  /** Credentials for the target, and for each host on the way. */
  readonly auth: ReadonlyMap<HostSettings, readonly AuthConfig[]>;
  readonly collector: EventCollector;
  readonly onBanner: (text: string) => void;
  /** Gets what a proxy command complains about. */
  readonly onProxyStderr: (bytes: Uint8Array) => void;
  readonly signal: AbortSignal;
}

/** The library's options for this command line. @throws {ConfigError} */
export function connectOptions(sources: OptionSources): SSHConnectionOptions {
  const { plan, prompter } = sources;
  const { settings, target, jumps } = plan;
  const timeout = target.connectTimeoutSec || (prompter === undefined ? undefined : TYPING_TIMEOUT);
  const [first] = jumps;
  const proxyCommand = proxyArgv(first ?? target);
  return {
    ...optionsOf(target, sources),
    ...connectionOptions(target),
    ...(timeout === undefined ? {} : { connectTimeoutSec: timeout }),
    ...(settings.events === undefined ? {} : { eventLogPath: settings.events }),
    ...(jumps.length === 0 ? {} : { proxyJump: jumps.map((jump) => optionsOf(jump, sources)) }),
    ...(proxyCommand === undefined ? {} : { proxyCommand, onProxyStderr: sources.onProxyStderr }),
    eventCollector: sources.collector,
    tracePackets: plan.verbosity >= 3,
    crypto: plan.crypto,
    onBanner: sources.onBanner,
    signal: sources.signal,
  };
}

/** For the target, and for a host on the way. */
function optionsOf(host: HostSettings, { plan, prompter, auth, updateHostKeys }: OptionSources): JumpHost {
  const policy = plan.settings.hostKeyPolicy ?? hostKeyPolicyOf(host);
  return {
    ...hostOptions(host, plan.crypto),
    ...(host.updateHostKeys === 'ask' && updateHostKeys !== undefined ? { updateHostKeys } : {}),
    auth: auth.get(host) ?? [],
    ...hostKeyOptions(policy, prompter),
  };
}

function hostKeyOptions(
  policy: HostKeyPolicy,
  prompter: Prompter | undefined,
): Pick<SSHConnectionOptions, 'hostKeyPolicy' | 'onUnknownHostKey'> {
  if (policy !== 'ask') return { hostKeyPolicy: policy };
  // Nobody to ask: an unknown key is refused.
  if (prompter === undefined) return { hostKeyPolicy: 'strict' };
  return { hostKeyPolicy: 'ask', onUnknownHostKey: (key) => askAboutKey(key, prompter) };
}

/** `yes`, or the fingerprint itself, which is the better answer: it was compared. */
async function askAboutKey(key: UnknownHostKey, prompter: Prompter): Promise<boolean> {
  const name = key.port === 22 ? key.host : `[${key.host}]:${key.port}`;
  let question =
    `The identity of ${printable(name)} is not known yet.\n` +
    `Its ${printable(key.keyType)} key has the fingerprint ${key.fingerprint}\n` +
    'Trust it from now on (yes, no, or the fingerprint as you know it)? ';
  for (;;) {
    const answer = (await prompter.ask(question, { echo: true })).trim();
    if (answer.toLowerCase() === 'yes' || answer === key.fingerprint) return true;
    if (answer.toLowerCase() === 'no') return false;
    if (answer.startsWith('SHA256:')) return false;
    question = 'Please answer yes, no, or the fingerprint: ';
  }
}

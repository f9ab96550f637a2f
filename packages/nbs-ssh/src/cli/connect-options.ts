import { devNull } from 'node:os';
import type { EventCollector } from '@nbs-ssh/evidence';
import type { CryptoProvider } from '@nbs-ssh/transport/crypto';
import { nobleProvider } from '@nbs-ssh/transport/crypto/noble';
import { nodeProvider } from '@nbs-ssh/transport/crypto/node';
import { printable } from '@nbs-ssh/transport/wire';
import type { AuthConfig } from '../auth/auth-config.ts';
import type { HostKeyPolicy, SSHConnectionOptions, UnknownHostKey } from '../connection/options.ts';
import { defaultKnownHostsPaths, expandPath } from '../platform/platform.ts';
import { algorithmPolicy } from './algorithm-lists.ts';
import type { RunInvocation } from './args.ts';
import type { Settings } from './config-options.ts';
import type { Prompter } from './prompt.ts';

/** Seconds until a connection must be up when somebody may be typing: as long as most servers wait. */
const TYPING_TIMEOUT = 120;

export interface OptionSources {
  readonly invocation: RunInvocation;
  readonly username: string;
  readonly prompter: Prompter | undefined;
  readonly auth: readonly AuthConfig[];
  readonly collector: EventCollector;
  readonly onBanner: (text: string) => void;
  readonly signal: AbortSignal;
}

/** The library's options for this command line. @throws {UsageError} */
export function connectOptions(sources: OptionSources): SSHConnectionOptions {
  const { invocation, prompter } = sources;
  const { settings } = invocation;
  // The Node provider tries each suite of the platform and takes ours where it is missing or wrong.
  const crypto: CryptoProvider = settings.crypto === 'noble' ? nobleProvider : nodeProvider;
  const hostKeyPolicy = settings.hostKeyPolicy ?? (prompter === undefined ? 'strict' : 'ask');
  const timeout = settings.connectTimeoutSec ?? (prompter === undefined ? undefined : TYPING_TIMEOUT);
  const { rekeyBytes, rekeySec } = settings;
  return {
    host: invocation.host,
    port: settings.port ?? invocation.port ?? 22,
    username: sources.username,
    auth: sources.auth,
    knownHosts: knownHostsPaths(settings),
    ...hostKeyOptions(hostKeyPolicy, prompter),
    ...(timeout === undefined ? {} : { connectTimeoutSec: timeout }),
    ...(settings.events === undefined ? {} : { eventLogPath: settings.events }),
    rekey: {
      ...(rekeyBytes === undefined ? {} : { bytes: rekeyBytes }),
      ...(rekeySec === undefined ? {} : { intervalSec: rekeySec }),
    },
    eventCollector: sources.collector,
    tracePackets: settings.verbosity >= 3,
    algorithms: algorithmPolicy(settings, crypto),
    crypto,
    onBanner: sources.onBanner,
    signal: sources.signal,
  };
}

/** The user's files first: the first of all is where new keys are written. */
function knownHostsPaths(settings: Settings): readonly string[] {
  const [user, user2, system, system2] = defaultKnownHostsPaths();
  const defaults = (...paths: readonly (string | undefined)[]): readonly string[] =>
    paths.filter((path) => path !== undefined);
  const own = settings.userKnownHosts ?? defaults(user, user2);
  return [
    // A user without files has none to write to, and the system's are not the user's.
    ...(own.length === 0 ? [devNull] : own),
    ...(settings.globalKnownHosts ?? defaults(system, system2)),
  ].map((path) => expandPath(path));
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

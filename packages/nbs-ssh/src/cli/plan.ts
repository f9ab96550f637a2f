import type { CryptoProvider } from '@nbs-ssh/transport/crypto';
import { nobleProvider } from '@nbs-ssh/transport/crypto/noble';
import { nodeProvider } from '@nbs-ssh/transport/crypto/node';
import { getDefaultKeyPaths } from '../platform/platform.ts';
import { chooseAlgorithms } from '../ssh-config/algorithm-policy.ts';
import { type ConfigWarning, describeProblem } from '../ssh-config/errors.ts';
import { jumpSettings } from '../ssh-config/jumps.ts';
import { loadSshConfig, type SshConfig } from '../ssh-config/load.ts';
import { overrideLine } from '../ssh-config/parse.ts';
import { printSettings } from '../ssh-config/print.ts';
import type { HostSettings } from '../ssh-config/settings.ts';
import type { RunInvocation } from './args.ts';
import { QUIET, type Settings } from './config-options.ts';
import { type Task, taskOf } from './task.ts';

/** All that is known before anything is opened: the command line, and what the files say about its host. */
export interface Plan {
  readonly settings: Settings;
  readonly target: HostSettings;
  /** Hosts on the way, in the order they are connected to. */
  readonly jumps: readonly HostSettings[];
  readonly crypto: CryptoProvider;
  /** 0 tells what went wrong only, 3 tells each packet; below 0 not even warnings. */
  readonly verbosity: number;
  readonly task: Task;
  readonly warnings: readonly ConfigWarning[];
  /** Sentences about algorithms that were asked for and are not there. */
  readonly missing: readonly string[];
  /** Sentences about insecure algorithms that were asked for, for this host or one on the way. */
  readonly risks: readonly string[];
}

/** Reads the configuration for a command line. @throws {ConfigError | UsageError} */
export async function makePlan(invocation: RunInvocation): Promise<Plan> {
  const { settings } = invocation;
  const config = await loadFor(settings);
  const { host, command } = invocation;
  const { settings: target, warnings } = await config.resolveWith(host, settings.lines, command);
  const jumps = await jumpSettings(target, async ({ host, user, port }) => {
    const said = [
      ...(user === undefined ? [] : [overrideLine('User', user, 'ProxyJump')]),
      ...(port === undefined ? [] : [overrideLine('Port', String(port), 'ProxyJump')]),
    ];
    return (await config.resolveWith(host, said, undefined)).settings;
  });
  const crypto = providerOf(settings);
  return {
    settings,
    target,
    jumps,
    crypto,
    verbosity: settings.verbosity ?? VERBOSITY[target.logLevel],
    task: taskOf(command, settings, target),
    warnings,
    missing: chooseAlgorithms(target.algorithms, crypto).missing,
    risks: [
      ...new Set(
        [target, ...jumps]
          .flatMap(({ algorithms }) => chooseAlgorithms(algorithms, crypto).risks)
          .map(({ text }) => text),
      ),
    ],
  };
}

/** The lines of `-G`. @throws {ConfigError} */
export async function describeConfig(invocation: RunInvocation): Promise<readonly string[]> {
  const { host, command } = invocation;
  const config = await loadFor(invocation.settings);
  const { settings, evaluation } = await config.resolveWith(host, invocation.settings.lines, command);
  const { printed } = chooseAlgorithms(settings.algorithms, providerOf(invocation.settings));
  const keys = getDefaultKeyPaths().map((path) => `~/.ssh/${path.split(/[/\\]/).at(-1) ?? ''}`);
  return printSettings(settings, evaluation, printed, keys);
}

/** A warning of a configuration, as a sentence with its place. */
export function describeWarning({ file, line, text }: ConfigWarning): string {
  return describeProblem({ file, line, text });
}

function loadFor({ configFile, allowExec }: Settings): Promise<SshConfig> {
  if (configFile === undefined) return loadSshConfig({ allowExec });
  return loadSshConfig({ allowExec, paths: configFile.toLowerCase() === 'none' ? [] : configFile });
}

/** The Node provider tries each suite of the platform and takes ours where it is missing or wrong. */
function providerOf({ crypto }: Settings): CryptoProvider {
  return crypto === 'noble' ? nobleProvider : nodeProvider;
}

const VERBOSITY: Readonly<Record<HostSettings['logLevel'], number>> = {
  QUIET,
  FATAL: QUIET,
  ERROR: QUIET,
  INFO: 0,
  VERBOSE: 0,
  DEBUG: 1,
  DEBUG2: 2,
  DEBUG3: 3,
};

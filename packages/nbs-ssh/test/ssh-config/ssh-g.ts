import { spawnSync } from 'node:child_process';
import { userInfo } from 'node:os';
import { type OpensshBinaries, supportedAlgorithms } from '@nbs-ssh/testing';
import { currentPlatform } from '../../src/platform/platform.ts';
import type { AvailableNames } from '../../src/ssh-config/algorithm-names.ts';
import { ConfigError } from '../../src/ssh-config/errors.ts';
import { SshConfig } from '../../src/ssh-config/load.ts';
import { nodeEnvironment } from '../../src/ssh-config/node/environment.ts';
import { type AlgorithmNames, printedAlgorithms, printSettings } from '../../src/ssh-config/print.ts';

/** What a configuration comes to: lines, or the reason why it is refused. */
export type Verdict = readonly string[] | { readonly refused: string };

const HOME = userInfo().homedir;
/** The home folder that both sides see: ssh asks the user database, and for wildcards the environment. */
const ENV = { ...process.env, HOME };

export function theirs(ssh: OpensshBinaries, file: string, host: string): Verdict {
  const { status, stdout, stderr } = spawnSync(ssh.ssh, ['-F', file, '-G', '--', host], {
    env: { ...ENV, ...ssh.env },
    encoding: 'utf8',
  });
  return status === 0 ? stdout.trimEnd().split('\n') : { refused: stderr };
}

/** Our answer to the same question, with the algorithms of that version in place of ours. */
export async function ours(file: string, host: string, algorithms: AlgorithmNames): Promise<Verdict> {
  try {
    const on = { ...currentPlatform(), home: HOME, env: ENV };
    const source = { path: file, own: true, checkOwner: false, required: true };
    const config = new SshConfig(nodeEnvironment(true, on), [source], on);
    const { settings, evaluation } = await config.resolveWith(host, [], undefined);
    const { algorithms: printed } = printedAlgorithms(settings.algorithms, algorithms);
    return printSettings(settings, evaluation, printed, []);
  } catch (error) {
    if (error instanceof ConfigError) return { refused: error.message };
    throw error;
  }
}

/** What a version has, and what it offers by itself. */
export function algorithmsOf(ssh: OpensshBinaries): AlgorithmNames {
  const defaults = new Map(
    (theirs(ssh, 'none', 'x') as readonly string[]).map((line) => [line.split(' ')[0], line.split(' ')[1]]),
  );
  const names = (option: string, query: string): AvailableNames => ({
    defaults: defaults.get(option)?.split(',') ?? [],
    all: supportedAlgorithms(ssh, query),
  });
  return {
    kex: names('kexalgorithms', 'kex'),
    hostKey: names('hostkeyalgorithms', 'HostKeyAlgorithms'),
    ciphers: names('ciphers', 'cipher'),
    macs: names('macs', 'mac'),
    pubkeyAccepted: names('pubkeyacceptedalgorithms', 'HostKeyAlgorithms'),
    caSignature: names('casignaturealgorithms', 'sig'),
  };
}

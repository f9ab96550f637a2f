import { atLeast, type OpensshBinaries } from './openssh-versions.ts';

/** The part of a server's options that ends up in its configuration file. */
export interface SshdSettings {
  /** `KexAlgorithms`, most wanted first. Default: the server's own. */
  readonly kex?: readonly string[];
  readonly ciphers?: readonly string[];
  readonly macs?: readonly string[];
  readonly hostKeyAlgorithms?: readonly string[];
  /** `PubkeyAcceptedAlgorithms` (8.4 calls it `PubkeyAcceptedKeyTypes`). */
  readonly pubkeyAlgorithms?: readonly string[];
  /** Lets the test account log in with its password. Without PAM unless prompts are asked for too. */
  readonly password?: boolean;
  /** Lets the test account log in by keyboard-interactive through PAM; a list replaces PAM's stack. */
  readonly keyboardInteractive?: boolean | readonly string[];
  /** `AuthenticationMethods`: each entry one comma-separated list of methods that together are enough. */
  readonly authenticationMethods?: readonly string[];
  /** `RekeyLimit`, for example `1M none`. */
  readonly rekeyLimit?: string;
  readonly banner?: string;
  /** Further lines. They come first, and sshd keeps the first value it sees, so they win. */
  readonly config?: readonly string[];
  readonly logLevel?: 'INFO' | 'VERBOSE' | 'DEBUG' | 'DEBUG2' | 'DEBUG3';
}

export interface SshdPlace {
  readonly binaries: OpensshBinaries;
  readonly dir: string;
  readonly port: number;
  readonly hostKeyPaths: readonly string[];
  readonly pamService: string | undefined;
}

/** The whole text of an `sshd_config`. */
export function sshdConfig(settings: SshdSettings, place: SshdPlace): string {
  const { binaries, dir, port } = place;
  const interactive = settings.keyboardInteractive !== undefined && settings.keyboardInteractive !== false;
  const accepted = atLeast(binaries.version, 8, 5) ? 'PubkeyAcceptedAlgorithms' : 'PubkeyAcceptedKeyTypes';
  const prompts = atLeast(binaries.version, 8, 7)
    ? 'KbdInteractiveAuthentication'
    : 'ChallengeResponseAuthentication';
  const lists: readonly (readonly [string, readonly string[] | undefined])[] = [
    ['KexAlgorithms', settings.kex],
    ['Ciphers', settings.ciphers],
    ['MACs', settings.macs],
    ['HostKeyAlgorithms', settings.hostKeyAlgorithms],
    [accepted, settings.pubkeyAlgorithms],
  ];
  const lines = [
    ...(settings.config ?? []),
    ...binaries.config,
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    ...place.hostKeyPaths.map((path) => `HostKey ${path}`),
    `AuthorizedKeysFile ${dir}/authorized_keys`,
    `PidFile ${dir}/sshd.pid`,
    'StrictModes no',
    'PermitRootLogin yes',
    `LogLevel ${settings.logLevel ?? 'DEBUG'}`,
    'MaxStartups 100',
    'MaxSessions 100',
    'AcceptEnv LANG LC_* NBS_*',
    // A bash that sshd starts reads ~/.bashrc for each command, unless it seems to run in another shell: what this
    // account does there is not under test, and may take a tenth of a second.
    'SetEnv SHLVL=1',
    'Subsystem sftp internal-sftp',
    'PrintMotd no',
    'PrintLastLog no',
    `PasswordAuthentication ${settings.password === true ? 'yes' : 'no'}`,
    `${prompts} ${interactive ? 'yes' : 'no'}`,
    // PAM delays every wrong password by seconds, so it is on only where prompts need it.
    `UsePAM ${interactive ? 'yes' : 'no'}`,
    ...lists.flatMap(([keyword, names]) => (names === undefined ? [] : [`${keyword} ${names.join(',')}`])),
  ];
  if (settings.authenticationMethods !== undefined) {
    lines.push(`AuthenticationMethods ${settings.authenticationMethods.join(' ')}`);
  }
  if (settings.rekeyLimit !== undefined) lines.push(`RekeyLimit ${settings.rekeyLimit}`);
  if (settings.banner !== undefined) lines.push(`Banner ${dir}/banner`);
  // After a few failed logins from one address these would refuse the next test's connection.
  if (atLeast(binaries.version, 9, 8)) lines.push('PerSourcePenalties no');
  if (place.pamService !== undefined && atLeast(binaries.version, 9, 8)) {
    lines.push(`PAMServiceName ${place.pamService}`);
  }
  return `${lines.join('\n')}\n`;
}

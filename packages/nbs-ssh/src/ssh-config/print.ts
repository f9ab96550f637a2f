import { type AvailableNames, resolveNames } from './algorithm-names.ts';
import type { Evaluation } from './evaluate.ts';
import { formatForward } from './forward.ts';
import { formatJump } from './jump.ts';
import type { AlgorithmSettings, HostSettings } from './settings.ts';

type Slot = keyof AlgorithmSettings;

/** What the lists of each option are resolved against. */
export type AlgorithmNames = Readonly<Record<Slot, AvailableNames>>;

/** Names of algorithms by option, as they would be offered. */
export type PrintedAlgorithms = Readonly<Record<Slot, readonly string[]>>;

const OPTIONS: Readonly<Record<Slot, string>> = {
  kex: 'KexAlgorithms',
  hostKey: 'HostKeyAlgorithms',
  ciphers: 'Ciphers',
  macs: 'MACs',
  pubkeyAccepted: 'PubkeyAcceptedAlgorithms',
  caSignature: 'CASignatureAlgorithms',
};

/**
 * The lists as they would be offered.
 *
 * @returns also the names that were asked for and are not there, by option.
 * @throws {ConfigError} when a list leaves nothing.
 */
export function printedAlgorithms(
  settings: AlgorithmSettings,
  available: AlgorithmNames,
): { readonly algorithms: PrintedAlgorithms; readonly missing: ReadonlyMap<string, readonly string[]> } {
  const missing = new Map<string, readonly string[]>();
  const resolve = (slot: Slot): readonly string[] => {
    const spec = settings[slot];
    if (spec === undefined) return available[slot].defaults;
    const resolved = resolveNames(spec, available[slot], OPTIONS[slot]);
    if (resolved.missing.length > 0) missing.set(OPTIONS[slot], resolved.missing);
    return resolved.names;
  };
  const algorithms: PrintedAlgorithms = {
    kex: resolve('kex'),
    hostKey: resolve('hostKey'),
    ciphers: resolve('ciphers'),
    macs: resolve('macs'),
    pubkeyAccepted: resolve('pubkeyAccepted'),
    caSignature: resolve('caSignature'),
  };
  return { algorithms, missing };
}

/**
 * The lines of `ssh -G`: names in lower case, in its order, for the options that we know. As there, paths of keys and
 * commands are as they were written.
 *
 * @param defaultKeys - Printed where no key was named.
 */
export function printSettings(
  settings: HostSettings,
  { settings: raw }: Evaluation,
  algorithms: PrintedAlgorithms,
  defaultKeys: readonly string[],
): readonly string[] {
  const lines: string[] = [];
  const print = (name: string, value: string | number | undefined): void => {
    if (value !== undefined) lines.push(`${name} ${value}`);
  };
  const list = (name: string, values: readonly string[]): void => {
    for (const value of values) print(name, value);
  };
  const yes = (value: boolean): string => (value ? 'yes' : 'no');
  print('host', settings.host);
  print('user', settings.user);
  print('hostname', settings.hostName);
  print('port', settings.port);
  print('addressfamily', settings.addressFamily);
  print('batchmode', yes(settings.batchMode));
  print('canonicalizehostname', truth(raw.canonicalizeHostname ?? false));
  print('compression', yes(settings.compression));
  print('clearallforwardings', yes(raw.clearAllForwardings ?? false));
  print('exitonforwardfailure', yes(settings.exitOnForwardFailure));
  print('forwardx11', yes(settings.forwardX11));
  print('forwardx11trusted', yes(settings.forwardX11Trusted));
  print('forwardx11timeout', settings.forwardX11TimeoutSec);
  print('xauthlocation', settings.xauthLocation);
  print('gatewayports', yes(settings.gatewayPorts));
  print('hashknownhosts', yes(settings.hashKnownHosts));
  print('hostbasedauthentication', yes(raw.hostbasedAuthentication ?? false));
  print('identitiesonly', yes(settings.identitiesOnly));
  print('kbdinteractiveauthentication', yes(settings.kbdInteractiveAuthentication));
  print('passwordauthentication', yes(settings.passwordAuthentication));
  print('permitlocalcommand', yes(raw.permitLocalCommand ?? false));
  print('pubkeyauthentication', truth(raw.pubkeyAuthentication ?? true));
  print('requesttty', truthOf(settings.requestTty));
  print('sessiontype', settings.sessionType);
  print('stdinnull', yes(settings.stdinNull));
  print('forkafterauthentication', yes(settings.forkAfterAuthentication));
  print('streamlocalbindunlink', yes(settings.streamLocalBindUnlink));
  print('stricthostkeychecking', truthOf(settings.strictHostKeyChecking));
  print('updatehostkeys', truth(settings.updateHostKeys));
  print('connectionattempts', settings.connectionAttempts);
  print('numberofpasswordprompts', settings.numberOfPasswordPrompts);
  print('serveralivecountmax', settings.serverAliveCountMax);
  print('serveraliveinterval', settings.serverAliveIntervalSec);
  print('bindaddress', settings.bindAddress);
  print('ciphers', algorithms.ciphers.join(','));
  print('hostkeyalgorithms', algorithms.hostKey.join(','));
  print('hostkeyalias', settings.hostKeyAlias);
  print(
    'identityagent',
    raw.identityAgent === undefined ? undefined : printedAgent(raw.identityAgent, settings),
  );
  print('ignoreunknown', raw.ignoreUnknown);
  print('kexalgorithms', algorithms.kex.join(','));
  print('casignaturealgorithms', algorithms.caSignature.join(','));
  print('localcommand', notNone(raw.localCommand));
  print('remotecommand', settings.remoteCommand);
  print('loglevel', settings.logLevel);
  print('macs', algorithms.macs.join(','));
  print('preferredauthentications', raw.preferredAuthentications);
  print('pubkeyacceptedalgorithms', algorithms.pubkeyAccepted.join(','));
  print('refuseconnection', raw.refuseConnection);
  for (const type of ['dynamic', 'local', 'remote']) {
    lines.push(...settings.forwards.filter((forward) => forward.type === type).map(formatForward));
  }
  list(
    'identityfile',
    raw.identityFiles.length === 0 ? defaultKeys : raw.identityFiles.map(({ path }) => path),
  );
  list(
    'certificatefile',
    raw.certificateFiles.map(({ path }) => path),
  );
  print('globalknownhostsfile', orNone(settings.globalKnownHostsFiles));
  print('userknownhostsfile', orNone(settings.userKnownHostsFiles));
  list('sendenv', raw.sendEnv);
  list('setenv', raw.setEnv ?? []);
  print(
    'forwardagent',
    typeof settings.forwardAgent === 'string' ? settings.forwardAgent : yes(settings.forwardAgent),
  );
  print('connecttimeout', settings.connectTimeoutSec ?? 'none');
  print('escapechar', printedEscape(settings.escapeChar));
  print('rekeylimit', `${raw.rekeyBytes ?? 0} ${raw.rekeySeconds ?? 0}`);
  print('tag', raw.tag);
  const { proxyJump } = raw;
  if (proxyJump !== undefined && proxyJump !== 'none') print('proxyjump', formatJump(proxyJump));
  else print('proxycommand', settings.proxyCommand?.template);
  return lines;
}

const truth = (value: boolean | string): string =>
  typeof value === 'string' ? value : value ? 'true' : 'false';

/** Options with more than two values are printed with the first spelling that OpenSSH has for each. */
const truthOf = (value: string): string => (value === 'yes' ? 'true' : value === 'no' ? 'false' : value);

/** What `vis` makes of it: blanks and control characters are written out, a backslash is written twice. */
function printedEscape(escapeChar: number | undefined): string {
  if (escapeChar === undefined) return 'none';
  if (escapeChar < 0x20) return `\\^${String.fromCharCode(escapeChar + 0x40)}`;
  if (escapeChar === 0x20) return '\\040';
  return escapeChar === 0x5c ? '\\\\' : String.fromCharCode(escapeChar);
}

const orNone = (files: readonly string[]): string => (files.length === 0 ? 'none' : files.join(' '));

const notNone = (value: string | undefined): string | undefined =>
  value?.toLowerCase() === 'none' ? undefined : value;

function printedAgent(raw: string, { identityAgent }: HostSettings): string {
  // A variable is printed by its name, as its value is looked at only when it is used.
  return /^\$(?!\{)/.test(raw) || raw === 'SSH_AUTH_SOCK' ? raw : (identityAgent ?? raw);
}

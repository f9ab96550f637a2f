import { wildcardMatches } from '@nbs-ssh/auth';
import type { ConfigEnvironment } from './environment.ts';
import type { Evaluation } from './evaluate.ts';
import type { ForwardEnd, ForwardSpec } from './forward.ts';
import type { NamedFile, RawSettings } from './raw-settings.ts';
import type { HostSettings, ProxyCommandSettings } from './settings.ts';
import {
  commonTokens,
  expand,
  expandCommand,
  expandPathOption,
  expandTilde,
  proxyTokens,
  type TokenFacts,
  type Tokens,
} from './tokens.ts';
import { splitWords } from './words.ts';

/** Files that are used where nothing was said. */
export interface DefaultFiles {
  readonly userKnownHosts: readonly string[];
  readonly globalKnownHosts: readonly string[];
}

const TILDE = 0x7e;

/** Fills in defaults, tokens and paths. @throws {ConfigError} */
export function resolveSettings(
  host: string,
  { settings: raw, hostName }: Evaluation,
  environment: ConfigEnvironment,
  files: DefaultFiles,
): HostSettings {
  const jump = raw.proxyJump === 'none' ? undefined : raw.proxyJump;
  const port = raw.port ?? 22;
  // As with ssh: names in known_hosts are in lower case.
  const hostKeyAlias = raw.hostKeyAlias?.toLowerCase();
  const facts = { original: host, hostName, port, hostKeyAlias, jump: jump?.text ?? '' };
  const user = raw.user === undefined ? environment.localUser : expandUser(raw.user, facts, environment);
  const tokens = commonTokens({ ...facts, user }, environment);
  const path = (option: string) => (text: string) => expandPathOption(text, option, tokens, environment);
  const forwards = raw.clearAllForwardings === true ? [] : [...raw.localForwards, ...raw.remoteForwards];
  return {
    host,
    hostName,
    port,
    user,
    tag: raw.tag,
    refuseConnection: raw.refuseConnection,
    addressFamily: raw.addressFamily ?? 'any',
    bindAddress: raw.bindAddress,
    connectTimeoutSec: raw.connectTimeout,
    connectionAttempts: raw.connectionAttempts ?? 1,
    serverAliveIntervalSec: raw.serverAliveInterval ?? 0,
    serverAliveCountMax: raw.serverAliveCountMax ?? 3,
    compression: raw.compression ?? false,
    rekeyBytes: raw.rekeyBytes || undefined,
    rekeyIntervalSec: raw.rekeySeconds || undefined,
    proxyJump: (jump?.hops ?? []).map(({ host: hop, ...rest }) => ({
      host: expand(hop, 'ProxyJump', proxyTokens(tokens)),
      ...rest,
    })),
    proxyCommand: proxyCommand(raw.proxyCommand, proxyTokens(tokens), environment),

    identityFiles:
      raw.identityFiles.length === 0 ? undefined : named(raw.identityFiles).map(path('IdentityFile')),
    identitiesOnly: raw.identitiesOnly ?? false,
    certificateFiles: named(raw.certificateFiles).map(path('CertificateFile')),
    identityAgent: agentSocket(raw.identityAgent, tokens, environment),
    forwardAgent: forwardAgent(raw, tokens, environment),
    preferredAuthentications: raw.preferredAuthentications?.split(',').map((method) => method.trim()),
    pubkeyAuthentication: raw.pubkeyAuthentication !== false,
    passwordAuthentication: raw.passwordAuthentication ?? true,
    kbdInteractiveAuthentication: raw.kbdInteractiveAuthentication ?? true,
    numberOfPasswordPrompts: raw.numberOfPasswordPrompts ?? 3,
    batchMode: raw.batchMode ?? false,

    userKnownHostsFiles:
      fileList(raw.userKnownHostsFile)?.map(path('UserKnownHostsFile')) ?? files.userKnownHosts,
    globalKnownHostsFiles: fileList(raw.globalKnownHostsFile) ?? files.globalKnownHosts,
    hostKeyAlias,
    hashKnownHosts: raw.hashKnownHosts ?? false,
    updateHostKeys: updateHostKeys(raw),
    strictHostKeyChecking: raw.strictHostKeyChecking ?? 'ask',
    algorithms: {
      kex: raw.kexAlgorithms,
      hostKey: raw.hostKeyAlgorithms,
      ciphers: raw.ciphers,
      macs: raw.macs,
      pubkeyAccepted: raw.pubkeyAcceptedAlgorithms,
      caSignature: raw.caSignatureAlgorithms,
    },

    forwardX11: raw.forwardX11 ?? false,
    forwardX11Trusted: raw.forwardX11Trusted ?? false,
    forwardX11TimeoutSec: raw.forwardX11Timeout ?? 1200,
    xauthLocation: raw.xauthLocation,
    forwards: forwards.map((forward) => expandForward(forward, tokens)),
    exitOnForwardFailure: raw.exitOnForwardFailure ?? false,
    gatewayPorts: raw.gatewayPorts ?? false,
    streamLocalBindUnlink: raw.streamLocalBindUnlink ?? false,

    env: remoteEnvironment(raw, environment),
    requestTty: raw.requestTty ?? 'auto',
    remoteCommand: notNone(raw.remoteCommand, (command) => expand(command, 'RemoteCommand', tokens)),
    sessionType: raw.sessionType ?? 'default',
    stdinNull: raw.stdinNull ?? false,
    forkAfterAuthentication: raw.forkAfterAuthentication ?? false,
    escapeChar: raw.escapeChar === 'none' ? undefined : (raw.escapeChar ?? TILDE),
    logLevel: raw.logLevel ?? 'INFO',
  };
}

/** A user may have every token but those that are made of the user. */
function expandUser(user: string, facts: Omit<TokenFacts, 'user'>, environment: ConfigEnvironment): string {
  const { C: _, r: __, ...tokens } = commonTokens({ ...facts, user: '' }, environment);
  return expand(user, 'User', tokens, environment.env);
}

/** `none` names no file. */
function named(files: readonly NamedFile[]): readonly string[] {
  return files.map(({ path }) => path).filter((path) => path.toLowerCase() !== 'none');
}

function fileList(files: readonly string[] | undefined): readonly string[] | undefined {
  return files?.[0]?.toLowerCase() === 'none' ? [] : files;
}

function notNone<T>(value: string | undefined, use: (value: string) => T): T | undefined {
  return value === undefined || value.toLowerCase() === 'none' ? undefined : use(value);
}

function proxyCommand(
  command: string | undefined,
  tokens: Tokens,
  environment: ConfigEnvironment,
): ProxyCommandSettings | undefined {
  return notNone(command, (template) => {
    // Refuses what a shell would act on, also where none is started: the program may be one.
    expandCommand(template, 'ProxyCommand', tokens);
    return { template, argv: needsShell(template) ? undefined : argvOf(template, tokens, environment) };
  });
}

/** The words of a command; the shell's `exec` in front is nobody's program. */
function argvOf(template: string, tokens: Tokens, environment: ConfigEnvironment): readonly string[] {
  const words = splitWords(template).map((word) =>
    expand(expandTilde(word, 'ProxyCommand', environment), 'ProxyCommand', tokens),
  );
  return words[0] === 'exec' && words.length > 1 ? words.slice(1) : words;
}

/** Whether a shell would do more with a command than take it apart at blanks and quotes. */
function needsShell(command: string): boolean {
  const bare = command.replace(/\\.|'[^']*'|"[^"]*"/gs, '');
  return /[|&;<>()`$*?]/.test(bare) || /"[^"]*[`$][^"]*"/.test(command.replace(/'[^']*'/g, ''));
}

/** `SSH_AUTH_SOCK` is the default by another name; `$NAME` is a variable. */
function agentSocket(
  agent: string | undefined,
  tokens: Tokens,
  environment: ConfigEnvironment,
): string | undefined {
  if (agent === undefined || agent === 'SSH_AUTH_SOCK') return undefined;
  if (agent.toLowerCase() === 'none') return 'none';
  if (agent.startsWith('$') && !agent.startsWith('${')) return environment.env[agent.slice(1)] ?? 'none';
  return expandPathOption(agent, 'IdentityAgent', tokens, environment);
}

/** A path whose variable is not set is no agent. */
function forwardAgent(
  { forwardAgent: isOn, forwardAgentPath: path }: RawSettings,
  tokens: Tokens,
  environment: ConfigEnvironment,
): boolean | string {
  if (isOn !== true || path === undefined) return isOn === true;
  if (path.startsWith('$') && !path.startsWith('${')) return environment.env[path.slice(1)] ?? false;
  return expandPathOption(path, 'ForwardAgent', tokens, environment);
}

/** As OpenSSH: on where the user's own default file is written to; no question beside a RemoteCommand. */
export function updateHostKeys(raw: RawSettings): HostSettings['updateHostKeys'] {
  const value = raw.updateHostKeys ?? raw.userKnownHostsFile === undefined;
  if (value !== 'ask') return value;
  const quiet = raw.logLevel === 'QUIET' || raw.logLevel === 'FATAL' || raw.logLevel === 'ERROR';
  return raw.remoteCommand !== undefined || raw.requestTty === 'no' || quiet ? false : 'ask';
}

function expandForward(forward: ForwardSpec, tokens: Tokens): ForwardSpec {
  const end = (from: ForwardEnd): ForwardEnd =>
    'path' in from ? { path: expand(from.path, 'forward', tokens) } : from;
  const { type, listen, target } = forward;
  return { type, listen: end(listen), target: target === undefined ? undefined : end(target) };
}

function remoteEnvironment(raw: RawSettings, { env }: ConfigEnvironment): Readonly<Record<string, string>> {
  const sent = Object.entries(env).filter(
    (entry): entry is [string, string] =>
      typeof entry[1] === 'string' && raw.sendEnv.some((pattern) => wildcardMatches(pattern, entry[0])),
  );
  const set = (raw.setEnv ?? []).map((pair): [string, string] => {
    const at = pair.indexOf('=');
    return [pair.slice(0, at), pair.slice(at + 1)];
  });
  return Object.fromEntries([...sent, ...set]);
}

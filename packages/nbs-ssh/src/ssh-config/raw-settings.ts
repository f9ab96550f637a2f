import type { ForwardSpec } from './forward.ts';
import type { Jump } from './jump.ts';

export type YesNoAsk = boolean | 'ask';
export type StrictHostKeyChecking = 'yes' | 'no' | 'ask' | 'accept-new';
export type RequestTty = 'auto' | 'no' | 'yes' | 'force';
export type AddressFamily = 'any' | 'inet' | 'inet6';
export type LogLevel = 'QUIET' | 'FATAL' | 'ERROR' | 'INFO' | 'VERBOSE' | 'DEBUG' | 'DEBUG2' | 'DEBUG3';

/** A key or certificate file, and whether the user's own configuration or the system's named it. */
export interface NamedFile {
  readonly path: string;
  readonly own: boolean;
}

/**
 * What the lines said, before tokens are put in. A field that is there is not changed any more: the first value of
 * each option counts. Lists that grow are arrays.
 */
export interface RawSettings {
  hostName?: string;
  user?: string;
  port?: number;
  tag?: string;
  addressFamily?: AddressFamily;
  bindAddress?: string;
  connectTimeout?: number;
  connectionAttempts?: number;
  serverAliveInterval?: number;
  serverAliveCountMax?: number;
  compression?: boolean;
  rekeyBytes?: number;
  rekeySeconds?: number;
  refuseConnection?: string;

  identitiesOnly?: boolean;
  identityAgent?: string;
  forwardAgent?: boolean;
  forwardAgentPath?: string;
  preferredAuthentications?: string;
  pubkeyAuthentication?: boolean | 'unbound' | 'host-bound';
  passwordAuthentication?: boolean;
  kbdInteractiveAuthentication?: boolean;
  hostbasedAuthentication?: boolean;
  numberOfPasswordPrompts?: number;
  batchMode?: boolean;

  userKnownHostsFile?: readonly string[];
  globalKnownHostsFile?: readonly string[];
  hostKeyAlias?: string;
  hashKnownHosts?: boolean;
  updateHostKeys?: YesNoAsk;
  strictHostKeyChecking?: StrictHostKeyChecking;

  kexAlgorithms?: string;
  hostKeyAlgorithms?: string;
  pubkeyAcceptedAlgorithms?: string;
  caSignatureAlgorithms?: string;
  ciphers?: string;
  macs?: string;

  proxyCommand?: string;
  proxyJump?: Jump | 'none';
  canonicalizeHostname?: boolean | 'always';

  forwardX11?: boolean;
  forwardX11Trusted?: boolean;
  forwardX11Timeout?: number;
  xauthLocation?: string;
  clearAllForwardings?: boolean;
  exitOnForwardFailure?: boolean;
  gatewayPorts?: boolean;
  streamLocalBindUnlink?: boolean;

  setEnv?: readonly string[];
  requestTty?: RequestTty;
  remoteCommand?: string;
  sessionType?: 'default' | 'none' | 'subsystem';
  stdinNull?: boolean;
  forkAfterAuthentication?: boolean;
  escapeChar?: number | 'none';
  permitLocalCommand?: boolean;
  localCommand?: string;
  logLevel?: LogLevel;
  ignoreUnknown?: string;

  identityFiles: NamedFile[];
  certificateFiles: NamedFile[];
  localForwards: ForwardSpec[];
  remoteForwards: ForwardSpec[];
  sendEnv: string[];
}

export function emptySettings(): RawSettings {
  return { identityFiles: [], certificateFiles: [], localForwards: [], remoteForwards: [], sendEnv: [] };
}

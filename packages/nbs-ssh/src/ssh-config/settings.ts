import type { ForwardSpec } from './forward.ts';
import type { JumpHop } from './hop.ts';
import type { AddressFamily, LogLevel, RequestTty, StrictHostKeyChecking, YesNoAsk } from './raw-settings.ts';

/** A command whose standard input and output are the connection. */
export interface ProxyCommandSettings {
  /** As it was written. */
  readonly template: string;
  /** Program and arguments, tokens put in: to be started without a shell. `undefined`: only a shell could run it. */
  readonly argv: readonly string[] | undefined;
}

/** Algorithm lists as they were written, with a leading `+`, `-` or `^`; `undefined` is the default. */
export interface AlgorithmSettings {
  readonly kex: string | undefined;
  readonly hostKey: string | undefined;
  readonly ciphers: string | undefined;
  readonly macs: string | undefined;
  readonly pubkeyAccepted: string | undefined;
  readonly caSignature: string | undefined;
}

/**
 * What an ssh_config says about one host: defaults filled in, tokens and `~` put in. Times are seconds, sizes are
 * bytes, as in the file.
 */
export interface HostSettings {
  /** As it was asked for. */
  readonly host: string;
  /** Where the connection goes. */
  readonly hostName: string;
  readonly port: number;
  readonly user: string;
  readonly tag: string | undefined;
  /** Why nothing may connect to this host, if so. */
  readonly refuseConnection: string | undefined;

  readonly addressFamily: AddressFamily;
  readonly bindAddress: string | undefined;
  /** `undefined`: our own default. */
  readonly connectTimeoutSec: number | undefined;
  readonly connectionAttempts: number;
  /** 0: none. */
  readonly serverAliveIntervalSec: number;
  readonly serverAliveCountMax: number;
  readonly compression: boolean;
  /** `undefined`: the default. */
  readonly rekeyBytes: number | undefined;
  readonly rekeyIntervalSec: number | undefined;
  readonly proxyJump: readonly JumpHop[];
  readonly proxyCommand: ProxyCommandSettings | undefined;

  /** `undefined`: the default keys that exist. */
  readonly identityFiles: readonly string[] | undefined;
  readonly identitiesOnly: boolean;
  readonly certificateFiles: readonly string[];
  /** Path of the socket; `none`; `undefined`: SSH_AUTH_SOCK. */
  readonly identityAgent: string | undefined;
  /** The agent, or the path of another agent's socket. */
  readonly forwardAgent: boolean | string;
  /** Methods in order; `undefined`: our own order. */
  readonly preferredAuthentications: readonly string[] | undefined;
  readonly pubkeyAuthentication: boolean;
  readonly passwordAuthentication: boolean;
  readonly kbdInteractiveAuthentication: boolean;
  readonly numberOfPasswordPrompts: number;
  readonly batchMode: boolean;

  readonly userKnownHostsFiles: readonly string[];
  readonly globalKnownHostsFiles: readonly string[];
  readonly hostKeyAlias: string | undefined;
  readonly hashKnownHosts: boolean;
  readonly updateHostKeys: YesNoAsk;
  readonly strictHostKeyChecking: StrictHostKeyChecking;
  readonly algorithms: AlgorithmSettings;

  readonly forwardX11: boolean;
  /** Programs of the server may do at the display all that programs here may. */
  readonly forwardX11Trusted: boolean;
  /** 0: none. */
  readonly forwardX11TimeoutSec: number;
  /** The program xauth; `undefined`: the one in PATH. */
  readonly xauthLocation: string | undefined;
  readonly forwards: readonly ForwardSpec[];
  readonly exitOnForwardFailure: boolean;
  readonly gatewayPorts: boolean;
  /** Whether a forward takes the place of a socket on which nobody listens any more. */
  readonly streamLocalBindUnlink: boolean;

  /** What `SendEnv` takes from the environment and what `SetEnv` gives, the latter winning. */
  readonly env: Readonly<Record<string, string>>;
  readonly requestTty: RequestTty;
  readonly remoteCommand: string | undefined;
  readonly sessionType: 'default' | 'none' | 'subsystem';
  readonly stdinNull: boolean;
  /** Whether the program goes to the background once it is logged in. */
  readonly forkAfterAuthentication: boolean;
  /** The character in front of escapes, as a byte; `undefined`: no key is one. */
  readonly escapeChar: number | undefined;
  readonly logLevel: LogLevel;
}

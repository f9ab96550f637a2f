export type { AuthAttempt } from '@nbs-ssh/auth';
export { EventCollector, EventType, type SSHEvent } from '@nbs-ssh/evidence';
export { EvidenceBundle } from '@nbs-ssh/evidence/node';
export type { ByteDuplex } from '@nbs-ssh/session';
export type { AlgorithmSlot, StrictKexPolicy } from '@nbs-ssh/transport';
export type { CryptoProvider, PrivateKeyMaterial } from '@nbs-ssh/transport/crypto';
export { nobleProvider } from '@nbs-ssh/transport/crypto/noble';
export { createNodeProvider } from '@nbs-ssh/transport/crypto/node';
export { type Fault, Secret } from '@nbs-ssh/transport/wire';
export { Agent, type AgentKeyOptions, type CreateAgentOptions, createAgent } from './agent/agent.ts';
export { type AgentAuth, type AgentOptions, createAgentAuth } from './agent/agent-auth.ts';
export { createAgentSigner } from './agent/agent-signer.ts';
export { getAgentAvailable } from './agent/available.ts';
export type { AgentEndpoint } from './agent/endpoint.ts';
export type { AgentListener } from './agent/listener.ts';
export type { AgentUse } from './agent/serve.ts';
export {
  type AuthConfig,
  AuthMethod,
  createKeyAuth,
  createKeyboardInteractiveAuth,
  createPasswordAuth,
  type InteractivePrompt,
  type InteractiveRound,
  type KeyboardInteractiveAuth,
  type PasswordAuth,
  type PrivateKeyAuth,
  type SecretSource,
} from './auth/auth-config.ts';
export type { AlgorithmPolicy, SlotPolicy } from './connection/algorithms.ts';
export { type ConnectionAlgorithms, SSHConnection } from './connection/connection.ts';
export type { HostKeyChange } from './connection/host-key-update.ts';
export type { KeepaliveOptions } from './connection/keepalive.ts';
export type {
  HostKeyPolicy,
  LimitOptions,
  RekeyOptions,
  SSHConnectionOptions,
  UnknownHostKey,
} from './connection/options.ts';
export {
  AgentError,
  type AgentErrorContext,
  type AgentErrorReason,
  AuthenticationError,
  AuthFailed,
  type AuthFailedContext,
  ChannelError,
  type ChannelErrorContext,
  ConnectionClosed,
  ConnectionLost,
  type ConnectionLostContext,
  ConnectionRefused,
  ConnectionTimeout,
  type ErrorContext,
  ForwardError,
  type ForwardErrorContext,
  type ForwardReason,
  HostKeyMismatch,
  type HostKeyMismatchContext,
  type HostKeyMismatchReason,
  HostUnreachable,
  type KeyLoadContext,
  KeyLoadError,
  type KeyLoadReason,
  type KnownHostKey,
  NoMutualKex,
  type NoMutualKexContext,
  ProtocolError,
  type ProtocolErrorContext,
  SSHConnectionError,
  SSHError,
} from './errors/classes.ts';
export type {
  CloseForwardOptions,
  DynamicForwardHandle,
  ForwardHandle,
  ForwardStats,
  PortForwardHandle,
  RemoteDynamicForwardHandle,
} from './forward/handle.ts';
export type {
  DynamicForwardIntent,
  ForwardIntent,
  LocalEnd,
  LocalForwardIntent,
  RemoteDynamicForwardIntent,
  RemoteEnd,
  RemoteForwardIntent,
} from './forward/intent.ts';
export type { ForwardManager } from './forward/manager.ts';
export type { OpenTcpOptions } from './forward/open-tcp.ts';
export type {
  DynamicForwardOptions,
  ForwardOptions,
  LocalForwardOptions,
  LocalPathForwardOptions,
  PathForwardOptions,
  RemoteDynamicForwardOptions,
  RemoteForwardOptions,
  SocketOptions,
} from './forward/options.ts';
export type {
  Answer,
  Asking,
  InteractionHandler,
  NewPasswordQuestion,
  PassphraseQuestion,
  PasswordQuestion,
  PromptsQuestion,
} from './interaction/handler.ts';
export type { JumpHost, ProxyJump } from './jump/jump-host.ts';
export {
  type GeneratedKeyType,
  type GenerateKeyOptions,
  generateKey,
} from './keys/generate.ts';
export { type OpensshFileOptions, PrivateKey, type ReadKeyOptions } from './keys/private-key.ts';
export { PublicKey } from './keys/public-key.ts';
export {
  type MessageContent,
  type MessageProblem,
  type MessageSigner,
  type MessageVerdict,
  type SignatureVerdict,
  type SignMessageOptions,
  signatureOf,
  signMessage,
  type VerifyMessageOptions,
  verifyMessage,
} from './keys/signed-message.ts';
export { discoverKeys } from './platform/keys.ts';
export {
  currentPlatform,
  expandPath,
  getDefaultKeyPaths,
  getKnownHostsPath,
  getSshDir,
  isWindows,
  type Platform,
} from './platform/platform.ts';
export type { ExecOptions, ExecResult } from './process/exec.ts';
export type { ExecInput } from './process/input.ts';
export type { StreamEvent } from './process/output.ts';
export type { ProcessStream, StreamOptions, StreamResult } from './process/process-stream.ts';
export type { ProcessExit, ProcessOptions } from './process/remote-process.ts';
export type { ShellOptions, ShellStream } from './process/shell.ts';
export type { ProcessSignal } from './process/signals.ts';
export type { ExecStream, StreamExecOptions } from './process/stream-exec.ts';
export type { Subsystem, SubsystemOptions } from './process/subsystem.ts';
export type { PixelSize, PtyOptions, TerminalModeName, TerminalModes } from './process/terminal.ts';
export {
  ConfigError,
  type ConfigErrorCode,
  type ConfigErrorContext,
  type ConfigProblem,
  type ConfigProblemReason,
  type ConfigWarning,
} from './ssh-config/errors.ts';
export type { ForwardEnd, ForwardSpec } from './ssh-config/forward.ts';
export type { JumpHop } from './ssh-config/hop.ts';
export {
  type LoadSshConfigOptions,
  loadSshConfig,
  type ResolvedSshConfig,
  type ResolveSshConfigOptions,
  resolveSshConfig,
  type SshConfig,
} from './ssh-config/load.ts';
export {
  type ConnectionOverrides,
  type SshConfigOptionsSource,
  sshConfigOptions,
} from './ssh-config/options.ts';
export type { AlgorithmSettings, HostSettings, ProxyCommandSettings } from './ssh-config/settings.ts';
export { VERSION } from './version.ts';
export type { X11Options } from './x11/options.ts';

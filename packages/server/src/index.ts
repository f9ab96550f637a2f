export { type TerminalMode, TerminalOpcode } from '@nbs-ssh/channels';
export { authorizedKeys } from './authorized-keys.ts';
export { type RemotePeer, ServerConnection } from './connection.ts';
export { isServerError, type ServerError, type ServerErrors, serverError } from './errors.ts';
export type {
  ConnectTarget,
  ForwardingClient,
  ForwardingOptions,
  ForwardPolicy,
  ListenTarget,
  SocketTarget,
} from './forward/policy.ts';
export type {
  CertificateAttempt,
  KeyboardInteractiveAttempt,
  PasswordAttempt,
  PromptClient,
  PromptQuestion,
  PublicKeyAttempt,
  ServerAuthHandlers,
  SessionHandler,
} from './handlers.ts';
export type { HostKeySource } from './host-keys.ts';
export type { ConnectionOptions, ErrorPlace, ServerLimits } from './options.ts';
export { type ProcessExecOptions, processExec } from './process-shell.ts';
export { type ServerOptions, SSHServer } from './server.ts';
export type { Pty, ServerSession, SessionKind, SessionOutput, TerminalSize } from './session.ts';

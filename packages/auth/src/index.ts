export { ClientAuth } from './client/machine.ts';
export type { ClientPhase } from './client/state.ts';
export type {
  AuthAttempt,
  AuthSkip,
  ClientAuthAnswer,
  ClientAuthConfig,
  ClientAuthEffect,
  ClientAuthLimits,
  ClientAuthOutput,
  ClientCredential,
  KeyboardInteractiveCredential,
  PasswordCredential,
  Prompt,
  PublicKeyCredential,
} from './client/types.ts';
export { type AuthError, type AuthErrors, authError, isAuthError } from './errors.ts';
export { ServerAuth } from './server/machine.ts';
export type { ServerPhase } from './server/state.ts';
export type {
  ServerAuthAnswer,
  ServerAuthConfig,
  ServerAuthEffect,
  ServerAuthOutput,
  ServerMethod,
  ServerPrompts,
  ServerVerdict,
} from './server/types.ts';

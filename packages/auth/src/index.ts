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
export {
  type CertificateVerdict,
  formatKnownHostsLine,
  type HostTarget,
  type HostVerdict,
  isKnownHostsError,
  type KnownHostKey,
  type KnownHosts,
  type KnownHostsEntry,
  type KnownHostsError,
  type KnownHostsErrors,
  type KnownHostsWarning,
  knownHostsError,
  knownKeyTypes,
  knowsAuthority,
  lookupHost,
  lookupHostCertificate,
  type OtherName,
  parseKnownHosts,
} from './known-hosts/index.ts';
export {
  checkNewKey,
  encryptOpensshPrivateKey,
  formatOpensshPrivateKey,
  generateEcdsa,
  generateEd25519,
  isPrivateKeyError,
  type KeyEncryption,
  MAX_BCRYPT_ROUNDS,
  MAX_KEY_FILE,
  type ParsedPrivateKey,
  type ParsePrivateKeyOptions,
  type PrivateKeyError,
  type PrivateKeyErrorReason,
  type PrivateKeyErrors,
  type PrivateKeyPublicPart,
  parsePrivateKey,
  privateKeyError,
  privateKeyPublicPart,
  unlockPrivateKey,
} from './private-key/index.ts';
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

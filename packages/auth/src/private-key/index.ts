export { checkCertificateOf, parseUserCertificate } from './certificate.ts';
export type { ParsedPrivateKey } from './container.ts';
export {
  isPrivateKeyError,
  type PrivateKeyError,
  type PrivateKeyErrorReason,
  type PrivateKeyErrors,
  privateKeyError,
} from './errors.ts';
export { encryptOpensshPrivateKey, formatOpensshPrivateKey, type KeyEncryption } from './format.ts';
export { checkNewKey, generateEcdsa, generateEd25519 } from './generate.ts';
export { MAX_BCRYPT_ROUNDS, MAX_KEY_FILE } from './limits.ts';
export {
  type ParsePrivateKeyOptions,
  type PrivateKeyPublicPart,
  parsePrivateKey,
  privateKeyPublicPart,
  unlockPrivateKey,
} from './parse.ts';

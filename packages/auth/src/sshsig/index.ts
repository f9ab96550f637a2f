export {
  type AllowedSigner,
  type AllowedSigners,
  type AllowedSignersWarning,
  parseAllowedSigners,
} from './allowed-signers.ts';
export {
  checkSigner,
  principalsMatching,
  principalsOfKey,
  type SignerProblem,
  type SignerQuery,
  type SignerVerdict,
} from './check-signer.ts';
export { isSshsigError, type SshsigError, type SshsigErrors } from './errors.ts';
export { MAX_SSHSIG, parseSshsig, type Sshsig, type SshsigHash } from './format.ts';
export { isRevoked, parseRevokedKeys } from './revoked-keys.ts';
export {
  finishSshsig,
  type SshsigMessage,
  type SshsigRequest,
  signSshsig,
  sshsigRequest,
} from './sign.ts';
export { signerTime } from './signer-time.ts';
export { type SshsigProblem, sshsigProblem } from './verify.ts';

export { type CertificateVerdict, knowsAuthority, lookupHostCertificate } from './certificate.ts';
export {
  type FoundHost,
  findKnownHosts,
  type HashedKnownHosts,
  hashKnownHosts,
  type NameHashing,
} from './edit.ts';
export { isKnownHostsError, type KnownHostsError, type KnownHostsErrors, knownHostsError } from './errors.ts';
export { formatKnownHostsLine } from './format.ts';
export {
  type HostTarget,
  type HostVerdict,
  type KnownHostKey,
  knownKeyTypes,
  lookupHost,
  type OtherName,
} from './lookup.ts';
export { patternListMatches, wildcardMatches } from './match.ts';
export {
  type KnownHosts,
  type KnownHostsEntry,
  type KnownHostsWarning,
  parseKnownHosts,
} from './parse.ts';
export {
  type AnnouncedKeys,
  checkHostKeyProofs,
  decodeHostKeys,
  encodeHostKeys,
  HOST_KEYS_PROVE_REQUEST,
  HOST_KEYS_REQUEST,
  hostKeyProofData,
  MAX_ANNOUNCED_KEYS,
} from './proof.ts';
export { withoutKnownHosts } from './remove.ts';
export { type HostKeyPlan, planHostKeys } from './rotation.ts';

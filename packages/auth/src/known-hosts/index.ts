export { type CertificateVerdict, knowsAuthority, lookupHostCertificate } from './certificate.ts';
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
export { wildcardMatches } from './match.ts';
export {
  type KnownHosts,
  type KnownHostsEntry,
  type KnownHostsWarning,
  parseKnownHosts,
} from './parse.ts';

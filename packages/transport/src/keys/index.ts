export {
  certificateType,
  isCertificateType,
  keyTypeOfAlgorithm,
  plainName,
  signatureAlgorithmsFor,
} from './algorithm.ts';
export { parseCertificate, parseKeyOrCertificate, plainKeyOf } from './certificate.ts';
export {
  type CertificateProblem,
  type CertificateUse,
  certificateProblem,
  DEFAULT_CA_ALGORITHMS,
} from './certificate-check.ts';
export { type CertificateFacts, certificateFacts } from './certificate-facts.ts';
export type { Certificate, CertificateOption, CertifiedKey } from './certificate-types.ts';
export { keyBits, keyLabel } from './describe.ts';
export { isKeysError, type KeysError, type KeysErrors, keysError } from './errors.ts';
export { type FingerprintHash, fingerprint } from './fingerprint.ts';
export { formatPublicKeyLine, type PublicKeyLine, parsePublicKeyLine } from './line.ts';
export { encodePublicKey, keyTypeOf, parsePublicKey, publicKeyOf } from './public-key.ts';
export { randomart } from './randomart.ts';
export { formatRfc4716, isRfc4716, parseRfc4716 } from './rfc4716.ts';
export { type ExpectedAlgorithm, signatureName, signData, verifySignature } from './signature.ts';
export type { PublicKey } from './types.ts';

/**
 * Signature algorithms that a key of `keyType` can be used with, most wanted first. `ssh-rsa` (SHA-1) is the last of
 * an RSA key, and counts only where the provider has it: see `withInsecure`. Certificates go without it.
 */
export function signatureAlgorithmsFor(keyType: string): readonly string[] {
  if (keyType === 'ssh-rsa') return RSA_ALGORITHMS;
  return keyType === certificateType('ssh-rsa') ? RSA_SHA2.map(certificateType) : [keyType];
}

/** Name inside the public key that `algorithm` signs with: RSA has several algorithms for one key, RFC 8332 §3. */
export function keyTypeOfAlgorithm(algorithm: string): string {
  if (RSA_ALGORITHMS.includes(algorithm)) return 'ssh-rsa';
  return RSA_ALGORITHMS.includes(plainName(algorithm)) ? certificateType('ssh-rsa') : algorithm;
}

/** Says whether `name` is a certificate's key type or signature algorithm ([PROTOCOL.certkeys]). */
export function isCertificateType(name: string): boolean {
  return /-cert-v\d\d@openssh\.com$/.test(name);
}

/**
 * The key type or signature algorithm without the certificate around it; what is none of a certificate stays as it is.
 *
 * `rsa-sha2-512-cert-v01@openssh.com` is negotiated for a certificate; its signatures say `rsa-sha2-512`.
 */
export function plainName(name: string): string {
  if (!name.endsWith(CERTIFICATE)) return name;
  const plain = name.slice(0, -CERTIFICATE.length);
  return plain.startsWith('sk-') ? `${plain}@openssh.com` : plain;
}

/** Name of certificates of keys of this type, or of their signatures: the opposite of {@link plainName}. */
export function certificateType(plain: string): string {
  return plain.replace(/@openssh\.com$/, '') + CERTIFICATE;
}

const CERTIFICATE = '-cert-v01@openssh.com';
const RSA_SHA2: readonly string[] = ['rsa-sha2-512', 'rsa-sha2-256'];
const RSA_ALGORITHMS: readonly string[] = [...RSA_SHA2, 'ssh-rsa'];

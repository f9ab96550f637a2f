/** Signature algorithms that a key of `keyType` can be used with, most wanted first. SHA-1 is not among them. */
export function signatureAlgorithmsFor(keyType: string): readonly string[] {
  return keyType === 'ssh-rsa' ? RSA_ALGORITHMS : [keyType];
}

/** Name inside the public key that `algorithm` signs with: RSA has several algorithms for one key, RFC 8332 §3. */
export function keyTypeOfAlgorithm(algorithm: string): string {
  return RSA_ALGORITHMS.includes(algorithm) ? 'ssh-rsa' : algorithm;
}

/**
 * Says whether `name` is a certificate's key type or signature algorithm ([PROTOCOL.certkeys]).
 *
 * Nothing here reads certificates: they are recognised so that nobody takes one for a key.
 */
export function isCertificateType(name: string): boolean {
  return /-cert-v\d\d@openssh\.com$/.test(name);
}

const RSA_ALGORITHMS: readonly string[] = ['rsa-sha2-512', 'rsa-sha2-256'];

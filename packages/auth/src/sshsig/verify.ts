import type { CryptoProvider } from '@nbs-ssh/transport/crypto';
import {
  DEFAULT_CA_ALGORITHMS,
  type PublicKey,
  plainKeyOf,
  signatureAlgorithmsFor,
  verifySignature,
} from '@nbs-ssh/transport/keys';
import { type Sshsig, sshsigSignedData } from './format.ts';

/** `namespace`: it is a signature for another purpose. `signature`: it was not made by this key over this message. */
export type SshsigProblem = 'namespace' | 'signature';

/**
 * Checks that the key in the signature signed this message for this purpose. Whether that key is anybody's who may
 * sign is another question: `checkSigner`.
 *
 * RSA must have signed with SHA-2, and a key in an authenticator with somebody's touch.
 *
 * @param digest - Of the message, by the hash that the signature names.
 */
export function sshsigProblem(
  crypto: Pick<CryptoProvider, 'signatures'>,
  sshsig: Sshsig,
  namespace: string,
  digest: Uint8Array,
): SshsigProblem | undefined {
  if (sshsig.namespace !== namespace) return 'namespace';
  const key = plainKeyOf(sshsig.publicKey);
  if (!isCertified(crypto, sshsig.publicKey)) return 'signature';
  const allowed = sshsigAlgorithms(key);
  const data = sshsigSignedData(namespace, sshsig.hash, digest);
  return verifySignature(crypto, { allowed }, key, data, sshsig.signature) ? undefined : 'signature';
}

/** A certificate that nobody signed is not shown to anybody as one. Plain keys pass. */
function isCertified(crypto: Pick<CryptoProvider, 'signatures'>, { certificate }: PublicKey): boolean {
  if (certificate === undefined) return true;
  const { signatureKey, signedBytes, signature } = certificate;
  return verifySignature(crypto, { allowed: DEFAULT_CA_ALGORITHMS }, signatureKey, signedBytes, signature);
}

/**
 * Signature algorithms for a plain key, most wanted first. Never SHA-1, also where a provider was told to have it: a
 * signed file is there to stay.
 */
export function sshsigAlgorithms(key: PublicKey): readonly string[] {
  return signatureAlgorithmsFor(key.keyType).filter((algorithm) => !SHA1.includes(algorithm));
}

const SHA1: readonly string[] = ['ssh-rsa', 'ssh-dss'];

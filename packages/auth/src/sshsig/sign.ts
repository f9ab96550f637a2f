import type { CryptoProvider, PrivateKeyMaterial } from '@nbs-ssh/transport/crypto';
import { keysError, type PublicKey, plainKeyOf, signData } from '@nbs-ssh/transport/keys';
import { sshsigError } from './errors.ts';
import { formatSshsig, type SshsigHash, sshsigSignedData } from './format.ts';
import { sshsigAlgorithms, sshsigProblem } from './verify.ts';

/** What is signed, and for what. */
export interface SshsigMessage {
  readonly namespace: string;
  readonly hash: SshsigHash;
  /** Of the message, by that hash. */
  readonly digest: Uint8Array;
}

/** What somebody who holds the key, such as an agent, is to sign, and how. */
export interface SshsigRequest {
  /** For example `ssh-ed25519`; RSA signs with `rsa-sha2-512`, never with SHA-1. */
  readonly algorithm: string;
  readonly data: Uint8Array;
}

/**
 * @throws {RangeError} when the namespace cannot be one.
 * @throws {KeysError} `KEYS_SIGNATURE_ALGORITHM` for a DSA key, which signs with SHA-1 only.
 */
export function sshsigRequest(publicKey: PublicKey, message: SshsigMessage): SshsigRequest {
  const { keyType } = plainKeyOf(publicKey);
  const [algorithm] = sshsigAlgorithms(plainKeyOf(publicKey));
  if (algorithm === undefined) throw keysError('KEYS_SIGNATURE_ALGORITHM', { algorithm: keyType, keyType });
  return { algorithm, data: sshsigSignedData(message.namespace, message.hash, message.digest) };
}

/**
 * The armored signature from what the holder of the key gave for {@link sshsigRequest}. It is verified first, so that
 * a signer that lies is found out here and not by whoever gets the file.
 *
 * @param signature - `string algorithm ‖ string signature`, as agents give it.
 * @throws {SshsigError} `AUTH_SSHSIG_SIGNER`
 */
export function finishSshsig(
  crypto: Pick<CryptoProvider, 'signatures'>,
  publicKey: PublicKey,
  message: SshsigMessage,
  signature: Uint8Array,
): string {
  const { namespace, hash } = message;
  const sshsig = { publicKey, namespace, hash, signature };
  if (sshsigProblem(crypto, sshsig, namespace, message.digest) === undefined) return formatSshsig(sshsig);
  throw sshsigError('AUTH_SSHSIG_SIGNER', { algorithm: sshsigRequest(publicKey, message).algorithm });
}

/**
 * Signs a message with a private key.
 *
 * @param publicKey - What the signature shows: the key itself, or a certificate of it.
 * @returns the armored signature.
 * @throws {RangeError} when the namespace cannot be one.
 * @throws {SshsigError} `AUTH_SSHSIG_SIGNER` when the public key is another one.
 */
export function signSshsig(
  crypto: Pick<CryptoProvider, 'signatures' | 'random'>,
  privateKey: PrivateKeyMaterial,
  publicKey: PublicKey,
  message: SshsigMessage,
): string {
  const { algorithm, data } = sshsigRequest(publicKey, message);
  return finishSshsig(crypto, publicKey, message, signData(crypto, algorithm, privateKey, data));
}

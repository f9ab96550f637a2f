import {
  type AllowedSignersWarning,
  checkSigner,
  finishSshsig,
  isRevoked,
  isSshsigError,
  parseAllowedSigners,
  parseRevokedKeys,
  parseSshsig,
  type SignerProblem,
  type SshsigHash,
  type SshsigProblem,
  signSshsig,
  sshsigProblem,
  sshsigRequest,
} from '@nbs-ssh/auth';
import type { CryptoProvider } from '@nbs-ssh/transport/crypto';
import { nobleProvider } from '@nbs-ssh/transport/crypto/noble';
import type { CertificateProblem } from '@nbs-ssh/transport/keys';
import { utf8 } from '@nbs-ssh/transport/wire';
import { outside, outsideAsync } from '../errors/outside.ts';
import { PrivateKey } from './private-key.ts';
import { PublicKey } from './public-key.ts';

/** Somebody else who holds the key, such as an agent. */
export interface MessageSigner {
  /** The key that signs, or a certificate of it. */
  readonly publicKey: PublicKey;
  /**
   * @param algorithm - For example `ssh-ed25519` or `rsa-sha2-512`.
   * @returns `string algorithm ‖ string signature`, as agents give it.
   */
  readonly sign: (algorithm: string, data: Uint8Array) => Uint8Array | Promise<Uint8Array>;
}

/** A message, or what is left of a large one: its digest by the hash that the signature names. */
export type MessageContent = string | Uint8Array | { readonly digest: Uint8Array };

export interface SignMessageOptions {
  /** What the signature is for: `file`, `git`, or a name with a domain of yours. It verifies for nothing else. */
  readonly namespace: string;
  /** Default `sha512`. */
  readonly hash?: SshsigHash | undefined;
  readonly crypto?: CryptoProvider | undefined;
}

export interface VerifyMessageOptions {
  readonly namespace: string;
  /** Who is said to have signed. */
  readonly identity: string;
  /** Content of an allowed_signers file, as `ssh-keygen -Y verify -f` takes it. */
  readonly allowedSigners: string;
  /** Content of a file of revoked keys, one public key on each line. */
  readonly revokedKeys?: string | Uint8Array | undefined;
  /** When it counts. Default: now. */
  readonly at?: Date | undefined;
  readonly crypto?: CryptoProvider | undefined;
}

/** `malformed`: it is no signature. The rest says what is wrong with a signature that could be read. */
export type MessageProblem = 'malformed' | SshsigProblem | 'revoked' | SignerProblem;

export type MessageVerdict = {
  /** Lines of allowed_signers that could not be used. */
  readonly warnings: readonly AllowedSignersWarning[];
} & (
  | { readonly valid: true; readonly publicKey: PublicKey; readonly line: number }
  | {
      readonly valid: false;
      readonly reason: MessageProblem;
      /** Who claims to have signed; absent when the signature could not be read. */
      readonly publicKey?: PublicKey;
      /** What is wrong with the signer's certificate, for `certificate`. */
      readonly certificate?: CertificateProblem;
    }
);

/**
 * Signs a message as `ssh-keygen -Y sign` does.
 *
 * @returns the armored signature, with a final newline.
 * @throws {RangeError} for a namespace that cannot be one.
 * @throws {SSHError} `AUTH_SSHSIG_SIGNER` when the signer gives no signature by its key.
 */
export async function signMessage(
  message: MessageContent,
  signer: PrivateKey | MessageSigner,
  options: SignMessageOptions,
): Promise<string> {
  const { namespace, hash = 'sha512', crypto = nobleProvider } = options;
  return await outsideAsync(async () => {
    const request = { namespace, hash, digest: digestOf(message, hash, crypto) };
    const key = signer.publicKey.wire;
    if (signer instanceof PrivateKey) return signSshsig(crypto, signer.material, key, request);
    const { algorithm, data } = sshsigRequest(key, request);
    return finishSshsig(crypto, key, request, await signer.sign(algorithm, data));
  });
}

/**
 * Decides whether `identity` signed the message for this purpose, as `ssh-keygen -Y verify` does. A signature that is
 * wrong in any way is a verdict, not an error.
 *
 * @throws {SSHError} `AUTH_SSHSIG_REVOKED_KEYS` when the revoked keys cannot be read.
 */
export function verifyMessage(
  message: MessageContent,
  signature: string | Uint8Array,
  options: VerifyMessageOptions,
): MessageVerdict {
  const { namespace, identity, at = new Date(), revokedKeys, crypto = nobleProvider } = options;
  const signers = parseAllowedSigners(options.allowedSigners);
  const revoked = revokedKeys === undefined ? [] : outside(() => parseRevokedKeys(revokedKeys));
  const { warnings } = signers;
  const made = signatureOf(message, signature, namespace, crypto);
  if (!made.valid) return { warnings, ...made };
  const { publicKey } = made;
  const now = Math.floor(at.getTime() / 1000);
  if (isRevoked(revoked, publicKey.wire)) return { warnings, valid: false, reason: 'revoked', publicKey };
  const verdict = checkSigner(crypto, signers, { publicKey: publicKey.wire, identity, namespace, now });
  if (verdict.type === 'allowed') return { warnings, valid: true, publicKey, line: verdict.entry.line };
  const { problem: reason, certificate } = verdict;
  return { warnings, valid: false, reason, publicKey, ...(certificate === undefined ? {} : { certificate }) };
}

export type SignatureVerdict =
  | { readonly valid: true; readonly publicKey: PublicKey }
  | {
      readonly valid: false;
      readonly reason: 'malformed' | SshsigProblem;
      readonly publicKey?: PublicKey;
    };

/**
 * Finds out which key signed the message for this purpose, and nothing about whose key that is: anybody can make a key.
 * As `ssh-keygen -Y check-novalidate`.
 */
export function signatureOf(
  message: MessageContent,
  signature: string | Uint8Array,
  namespace: string,
  crypto: CryptoProvider = nobleProvider,
): SignatureVerdict {
  const sshsig = read(signature);
  if (sshsig === undefined) return { valid: false, reason: 'malformed' };
  const publicKey = new PublicKey(sshsig.publicKey, '');
  const reason = sshsigProblem(crypto, sshsig, namespace, digestOf(message, sshsig.hash, crypto));
  return reason === undefined ? { valid: true, publicKey } : { valid: false, reason, publicKey };
}

function read(signature: string | Uint8Array): ReturnType<typeof parseSshsig> | undefined {
  try {
    return parseSshsig(signature);
  } catch (error) {
    if (!isSshsigError(error)) throw error;
    return undefined;
  }
}

function digestOf(message: MessageContent, hash: SshsigHash, crypto: CryptoProvider): Uint8Array {
  if (typeof message === 'string') return crypto.hash(hash, utf8(message));
  return message instanceof Uint8Array ? crypto.hash(hash, message) : message.digest;
}

// Signed messages, and how a signature was judged.
import type { PrivateKeyMaterial } from '@nbs-ssh/transport/crypto';
import { nobleProvider } from '@nbs-ssh/transport/crypto/noble';
import { type PublicKey, publicKeyOf } from '@nbs-ssh/transport/keys';
import { fromBase64, utf8 } from '@nbs-ssh/transport/wire';
import { generateEd25519 } from '../../src/private-key/index.ts';
import {
  isSshsigError,
  parseSshsig,
  type SshsigHash,
  signSshsig,
  sshsigProblem,
} from '../../src/sshsig/index.ts';

export const MESSAGE: Uint8Array = utf8('what was signed\n');
export const crypto = nobleProvider;
export const ed25519: PrivateKeyMaterial = generateEd25519(crypto);

export function sign(
  key: PrivateKeyMaterial,
  namespace = 'file',
  hash: SshsigHash = 'sha512',
  publicKey: PublicKey = publicKeyOf(key),
): string {
  return signSshsig(crypto, key, publicKey, { namespace, hash, digest: crypto.hash(hash, MESSAGE) });
}

/** `good`, the problem, or `malformed`. Anything thrown that is no error of the format fails the test. */
export function verdict(armored: string | Uint8Array, message = MESSAGE, namespace = 'file'): string {
  try {
    const sshsig = parseSshsig(armored);
    return sshsigProblem(crypto, sshsig, namespace, crypto.hash(sshsig.hash, message)) ?? 'good';
  } catch (error) {
    if (!isSshsigError(error) || error.code !== 'AUTH_SSHSIG_MALFORMED') throw error;
    return 'malformed';
  }
}

export function unarmor(text: string): Uint8Array {
  return fromBase64(text.replace(/-----[^-]*-----|\s/g, '')) ?? new Uint8Array(0);
}

export function armor(bytes: Uint8Array): string {
  const base64 = Buffer.from(bytes).toString('base64');
  return `-----BEGIN SSH SIGNATURE-----\n${base64}\n-----END SSH SIGNATURE-----\n`;
}

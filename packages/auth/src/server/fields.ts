import {
  isCertificateType,
  type PublicKey,
  parseCertificate,
  parsePublicKey,
  plainName,
  signatureAlgorithmsFor,
} from '@nbs-ssh/transport/keys';
import { fromUtf8, Secret, SshError } from '@nbs-ssh/transport/wire';

/** The key or certificate, when it is well-formed and `algorithm` is one of ours and fits it. */
export function usableKey(
  blob: Uint8Array,
  algorithm: string,
  allowed: readonly string[],
): PublicKey | undefined {
  if (!allowed.includes(plainName(algorithm))) return undefined;
  try {
    const publicKey = isCertificateType(algorithm) ? parseCertificate(blob) : parsePublicKey(blob);
    return signatureAlgorithmsFor(publicKey.keyType).includes(algorithm) ? publicKey : undefined;
  } catch (error) {
    // Whatever is wrong with a key, the answer to the client is the same.
    if (error instanceof SshError) return undefined;
    throw error;
  }
}

/** A password that could be one: UTF-8 and not empty. */
export function secretOf(bytes: Uint8Array): Secret | undefined {
  return bytes.length === 0 ? undefined : answerOf(bytes);
}

/** An answer of a dialog; it may be empty. */
export function answerOf(bytes: Uint8Array): Secret | undefined {
  try {
    return new Secret(fromUtf8(bytes));
  } catch {
    return undefined;
  }
}

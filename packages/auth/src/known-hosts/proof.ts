import type { CryptoProvider } from '@nbs-ssh/transport/crypto';
import {
  isKeysError,
  type PublicKey,
  parsePublicKey,
  signatureAlgorithmsFor,
  verifySignature,
} from '@nbs-ssh/transport/keys';
import { isWireError, WireReader, WireWriter } from '@nbs-ssh/transport/wire';

/** A server tells all its host keys, OpenSSH PROTOCOL §2.5. No answer is wanted. */
export const HOST_KEYS_REQUEST = 'hostkeys-00@openssh.com';
/** A client asks it to sign with those that the client did not know. */
export const HOST_KEYS_PROVE_REQUEST = 'hostkeys-prove-00@openssh.com';

/** Keys looked at in one announcement. A server has one of each type, and for a while two of some. */
export const MAX_ANNOUNCED_KEYS = 32;

export function encodeHostKeys(keys: readonly PublicKey[]): Uint8Array {
  const writer = new WireWriter();
  for (const { blob } of keys) writer.string(blob);
  return writer.finish();
}

/** What a server told about its host keys. */
export interface AnnouncedKeys {
  /** Keys that can be used, each once. Certificates, unknown types and malformed keys are not among them. */
  readonly keys: readonly PublicKey[];
  /** Every key, whatever it is. */
  readonly blobs: readonly Uint8Array[];
  /** Whether there were more than {@link MAX_ANNOUNCED_KEYS}; what follows was not looked at. */
  readonly truncated: boolean;
}

/** @returns `undefined` when the data is not a list of strings. */
export function decodeHostKeys(data: Uint8Array): AnnouncedKeys | undefined {
  const reader = new WireReader(data);
  const blobs: Uint8Array[] = [];
  try {
    while (reader.remaining > 0 && blobs.length < MAX_ANNOUNCED_KEYS) {
      blobs.push(reader.string('host key').slice());
    }
  } catch (error) {
    if (isWireError(error)) return undefined;
    throw error;
  }
  const usable = blobs.map(usableKey).filter((key) => key !== undefined);
  const keys = [...new Map(usable.map((key) => [key.blob.join(), key])).values()];
  return { keys, blobs, truncated: reader.remaining > 0 };
}

function usableKey(blob: Uint8Array): PublicKey | undefined {
  try {
    const key = parsePublicKey(blob);
    return key.certificate === undefined ? key : undefined;
  } catch (error) {
    if (isKeysError(error) || isWireError(error)) return undefined;
    throw error;
  }
}

/** What the owner of a host key signs: the session binds it, so that a proof is good for one connection only. */
export function hostKeyProofData(sessionId: Uint8Array, blob: Uint8Array): Uint8Array {
  return new WireWriter().text(HOST_KEYS_PROVE_REQUEST).string(sessionId).string(blob).finish();
}

/**
 * Checks the answer to {@link HOST_KEYS_PROVE_REQUEST}: one signature for each key, in order, and nothing more.
 *
 * @param algorithms - Signature algorithms accepted.
 */
export function checkHostKeyProofs(
  crypto: Pick<CryptoProvider, 'signatures'>,
  keys: readonly PublicKey[],
  sessionId: Uint8Array,
  algorithms: readonly string[],
  answer: Uint8Array,
): boolean {
  const reader = new WireReader(answer);
  try {
    for (const key of keys) {
      const signature = reader.string('proof');
      const allowed = signatureAlgorithmsFor(key.keyType).filter((name) => algorithms.includes(name));
      const data = hostKeyProofData(sessionId, key.blob);
      if (!verifySignature(crypto, { allowed }, key, data, signature)) return false;
    }
    reader.end('proofs');
    return true;
  } catch (error) {
    if (isWireError(error)) return false;
    throw error;
  }
}

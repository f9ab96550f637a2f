import { type AtRestCipher, atRestCiphers } from '@nbs-ssh/transport/crypto/at-rest';
import { wipe } from '@nbs-ssh/transport/wire';
import type { DecodedKey } from './container.ts';
import { DerReader } from './der.ts';
import { isPrivateKeyError, wrongPassphrase } from './errors.ts';

/** One of the CBC ciphers, by the name OpenSSH has for it. @throws {RangeError} when there is none. */
export function cbcCipher(name: string): AtRestCipher {
  const cipher = atRestCiphers.find((candidate) => candidate.name === name);
  if (cipher === undefined) throw new RangeError(`no cipher ${name}`);
  return cipher;
}

/**
 * Decrypts a DER structure with the padding of PKCS#7, and reads it.
 *
 * Nothing authenticates these files. When the padding is wrong, or what comes out is not one SEQUENCE from its first
 * byte to its last, the passphrase is taken to be wrong. A wrong one passes both by chance in less than one of a
 * million files; what is amiss inside is then damage, and has the error of the structure.
 *
 * @throws {PrivateKeyError} `AUTH_KEY_WRONG_PASSPHRASE`, or what `decode` throws.
 */
export function openPadded(
  cipher: AtRestCipher,
  key: Uint8Array,
  iv: Uint8Array,
  body: Uint8Array,
  decode: (der: Uint8Array) => DecodedKey,
): DecodedKey {
  const padded = cipher.decrypt(key, iv, body) ?? new Uint8Array(0);
  try {
    const der = unpad(padded, cipher.blockLength);
    if (der === undefined || !isOneSequence(der)) throw wrongPassphrase(cipher.name);
    return decode(der);
  } finally {
    wipe(padded);
  }
}

/** RFC 5652 §6.3: as many bytes as are missing, each of that value. */
function unpad(bytes: Uint8Array, blockLength: number): Uint8Array | undefined {
  const count = bytes[bytes.length - 1] ?? 0;
  if (count === 0 || count > blockLength || count > bytes.length) return undefined;
  const end = bytes.length - count;
  return bytes.subarray(end).every((byte) => byte === count) ? bytes.subarray(0, end) : undefined;
}

function isOneSequence(der: Uint8Array): boolean {
  try {
    const reader = new DerReader(der, 'key');
    reader.sequence('key');
    return reader.remaining === 0;
  } catch (error) {
    if (!isPrivateKeyError(error)) throw error;
    return false;
  }
}

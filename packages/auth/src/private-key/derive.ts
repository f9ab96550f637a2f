import {
  type AtRestDerivation,
  deriveAtRest,
  deriveAtRestInSlices,
  inSlices,
} from '@nbs-ssh/transport/crypto/at-rest';
import { concat, utf8, wipe } from '@nbs-ssh/transport/wire';
import { bcryptPbkdf, bcryptPbkdfSteps } from './bcrypt-pbkdf.ts';
import type { KeyFileCrypto } from './container.ts';

/** How a passphrase becomes keys. The parser that made it has bounded its costs: see limits.ts. */
export type Derivation =
  | AtRestDerivation
  | {
      readonly kdf: 'bcrypt';
      readonly salt: Uint8Array;
      readonly rounds: number;
      readonly length: number;
    }
  /** PuTTY's second format: 32 bytes of cipher key, then 20 of MAC key. */
  | { readonly kdf: 'ppk2' };

/** Derives at once, which blocks for as long as the file asks for. @param password - Not empty. */
export function derive(derivation: Derivation, password: Uint8Array, crypto: KeyFileCrypto): Uint8Array {
  switch (derivation.kdf) {
    case 'bcrypt': {
      const { salt, rounds, length } = derivation;
      return bcryptPbkdf(crypto, password, salt, rounds, length);
    }
    case 'ppk2':
      return ppk2Keys(password, crypto);
    default:
      return deriveAtRest(derivation, password);
  }
}

/** The same in slices of a few milliseconds, so that everything else in the process goes on. */
export async function deriveInSlices(
  derivation: Derivation,
  password: Uint8Array,
  crypto: KeyFileCrypto,
): Promise<Uint8Array> {
  switch (derivation.kdf) {
    case 'bcrypt': {
      const { salt, rounds, length } = derivation;
      return inSlices(bcryptPbkdfSteps(crypto, password, salt, rounds, length));
    }
    case 'ppk2':
      return ppk2Keys(password, crypto);
    default:
      return deriveAtRestInSlices(derivation, password);
  }
}

const PPK2_CIPHER_KEY = 32;

function ppk2Keys(password: Uint8Array, crypto: KeyFileCrypto): Uint8Array {
  const first = crypto.hash('sha1', Uint8Array.of(0, 0, 0, 0), password);
  const second = crypto.hash('sha1', Uint8Array.of(0, 0, 0, 1), password);
  const cipherKey = concat(first, second).subarray(0, PPK2_CIPHER_KEY);
  const keys = concat(cipherKey, ppk2MacKey(password, crypto));
  wipe(first, second, cipherKey);
  return keys;
}

/** @param password - Empty for a file that is not encrypted. */
export function ppk2MacKey(password: Uint8Array, crypto: KeyFileCrypto): Uint8Array {
  return crypto.hash('sha1', utf8('putty-private-key-file-mac-key'), password);
}

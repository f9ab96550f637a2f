import {
  type CryptoProvider,
  cryptoError,
  type EcdsaCurve,
  type PrivateKeyMaterial,
} from '@nbs-ssh/transport/crypto';
import { ecdsaPoint } from '@nbs-ssh/transport/crypto/at-rest';
import {
  keyTypeOf,
  publicKeyOf,
  signatureAlgorithmsFor,
  signData,
  verifySignature,
} from '@nbs-ssh/transport/keys';
import { utf8, wipe } from '@nbs-ssh/transport/wire';
import { ed25519Key, FIELD_LENGTH, rsaKey } from './material.ts';

/** A new Ed25519 key, RFC 8032 §5.1.5: any 32 random bytes are a seed. */
export function generateEd25519(crypto: Pick<CryptoProvider, 'random'>): PrivateKeyMaterial {
  return ed25519Key(crypto.random(32), undefined, 'new key');
}

/** Orders are just below a power of two on these curves: one try in 2^32 fails, and two in a row never did. */
const SCALAR_TRIES = 8;

/**
 * A new ECDSA key: a random scalar that is below the order, by rejection (FIPS 186-5 A.2.2).
 *
 * @throws {CryptoError} `CRYPTO_KEY_GENERATION` when `random` cannot be random.
 */
export function generateEcdsa(curve: EcdsaCurve, crypto: Pick<CryptoProvider, 'random'>): PrivateKeyMaterial {
  for (let tries = 0; tries < SCALAR_TRIES; tries += 1) {
    const secret = crypto.random(FIELD_LENGTH[curve]);
    // The order of P-521 has 521 bits: one in its first byte.
    if (curve === 'nistp521') secret[0] = (secret[0] as number) & 1;
    const point = ecdsaPoint(curve, secret);
    if (point !== undefined) return { type: 'ecdsa', curve, secret, point };
    wipe(secret);
  }
  throw cryptoError('CRYPTO_KEY_GENERATION', { algorithm: `ecdsa-sha2-${curve}`, reason: 'random' });
}

const SELF_CHECK = 'signed once, to see that the new key can';

/**
 * What every new key must pass before it is released: its numbers belong together, and it verifies what it signs.
 *
 * @returns the key.
 * @throws {CryptoError} `CRYPTO_KEY_GENERATION`
 */
export function checkNewKey(
  key: PrivateKeyMaterial,
  crypto: Pick<CryptoProvider, 'signatures' | 'random'>,
): PrivateKeyMaterial {
  const algorithm = signatureAlgorithmsFor(keyTypeOf(key))[0] as string;
  try {
    if (key.type === 'rsa') rsaKey(key, 'new key');
    const data = utf8(SELF_CHECK);
    const signature = signData(crypto, algorithm, key, data);
    if (verifySignature(crypto, { algorithm }, publicKeyOf(key), data, signature)) return key;
  } catch (cause) {
    throw cryptoError('CRYPTO_KEY_GENERATION', { algorithm, reason: 'self-check' }, { cause });
  }
  throw cryptoError('CRYPTO_KEY_GENERATION', { algorithm, reason: 'self-check' });
}

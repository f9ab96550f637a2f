import type { EcdsaCurve, PrivateKeyMaterial } from '@nbs-ssh/transport/crypto';
import { ecdsaPoint, ed25519PublicKey } from '@nbs-ssh/transport/crypto/at-rest';
import { isKeysError, type PublicKey, parsePublicKey, publicKeyOf } from '@nbs-ssh/transport/keys';
import { bigintToBytes, equalBytes, wipe } from '@nbs-ssh/transport/wire';
import { invalid, type PrivateKeyError, unsupported } from './errors.ts';

/** Bytes of a coordinate and of the private scalar. */
export const FIELD_LENGTH: { readonly [C in EcdsaCurve]: number } = {
  nistp256: 32,
  nistp384: 48,
  nistp521: 66,
};
const ED25519_LENGTH = 32;
/** What somebody with a key that is not supported can do. */
export const NEW_KEY = 'make a new key with ssh-keygen -t ed25519';

/**
 * An Ed25519 key from its seed. The public half is computed, and compared with `stated` when the file has one:
 * signing with a public half that does not belong to the seed gives the seed away.
 */
export function ed25519Key(
  seed: Uint8Array,
  stated: Uint8Array | undefined,
  format: string,
): PrivateKeyMaterial {
  if (seed.length !== ED25519_LENGTH) throw invalid(format, 'an Ed25519 key has 32 bytes');
  const publicKey = ed25519PublicKey(seed);
  if (stated !== undefined && !equalBytes(publicKey, stated)) throw mismatch(format);
  return { type: 'ed25519', seed: seed.slice(), publicKey };
}

/**
 * @param secret - Big-endian scalar; shorter ones are filled up, longer ones refused.
 * @param stated - The public point, uncompressed or compressed (SEC 1 §2.3.3).
 */
export function ecdsaKey(
  curve: EcdsaCurve,
  secret: Uint8Array,
  stated: Uint8Array | undefined,
  format: string,
): PrivateKeyMaterial {
  const length = FIELD_LENGTH[curve];
  if (secret.length > length) throw invalid(format, `the scalar is longer than ${length} bytes`);
  const filled = new Uint8Array(length);
  filled.set(secret, length - secret.length);
  const point = ecdsaPoint(curve, filled);
  if (point === undefined) throw invalid(format, 'the scalar is not in the range of its curve');
  const same = stated === undefined || equalBytes(stated[0] === 0x04 ? point : compressed(point), stated);
  if (!same) throw mismatch(format);
  return { type: 'ecdsa', curve, secret: filled, point };
}

/** Only x, and whether y is odd. @param point - Uncompressed. */
function compressed(point: Uint8Array): Uint8Array {
  const short = point.slice(0, (point.length + 1) / 2);
  short[0] = 0x02 | ((point[point.length - 1] as number) & 1);
  return short;
}

export interface RsaNumbers {
  readonly n: bigint;
  readonly e: bigint;
  readonly d: bigint;
  readonly p: bigint;
  readonly q: bigint;
  /** q⁻¹ mod p. */
  readonly iqmp: bigint;
}

/**
 * Checks that the numbers belong together: p·q = n, d undoes e modulo p−1 and q−1, and iqmp is the inverse.
 *
 * A key that is wrong here makes signatures from which its factors can be computed.
 */
export function rsaKey(numbers: RsaNumbers, format: string): PrivateKeyMaterial {
  const { n, e, d, p, q, iqmp } = numbers;
  const consistent =
    p > 2n &&
    q > 2n &&
    p !== q &&
    p * q === n &&
    e > 2n &&
    d > 1n &&
    d < n &&
    (d * e) % (p - 1n) === 1n &&
    (d * e) % (q - 1n) === 1n &&
    iqmp < p &&
    (iqmp * q) % p === 1n;
  if (!consistent) throw invalid(format, 'the numbers of the RSA key do not belong together');
  return { type: 'rsa', n, e, d, p, q, iqmp };
}

/** The scalar as a number, in the form {@link ecdsaKey} takes. */
export function scalarBytes(curve: EcdsaCurve, value: bigint, format: string): Uint8Array {
  try {
    return bigintToBytes(value, FIELD_LENGTH[curve]);
  } catch {
    throw invalid(format, 'the scalar is not in the range of its curve');
  }
}

/** The public half; what a public key may not be, a private key may not be either. */
export function publicHalf(key: PrivateKeyMaterial, format: string): PublicKey {
  return usable(() => publicKeyOf(key), format);
}

/** The public half that a file states, of a type that we can sign with. */
export function statedHalf(blob: Uint8Array, format: string): PublicKey {
  const publicKey = usable(() => parsePublicKey(blob), format);
  if (!SIGNING.includes(publicKey.material.type)) throw unsupportedType(publicKey.keyType);
  return publicKey;
}

/** Types whose private half can be in a file. Of the other ones only a device or an old program has it. */
const SIGNING: readonly string[] = ['ed25519', 'ecdsa', 'rsa'] satisfies PrivateKeyMaterial['type'][];

/** What is wrong with the public half, as an error of the private key. @throws {PrivateKeyError} */
function usable(read: () => PublicKey, format: string): PublicKey {
  try {
    return read();
  } catch (error) {
    if (!isKeysError(error)) throw error;
    switch (error.code) {
      case 'KEYS_RSA_LIMITS': {
        const { bits, reason } = error.context;
        if (reason === 'modulus-even') break;
        throw unsupported(`an RSA key of ${bits} bits (${reason})`, NEW_KEY);
      }
      case 'KEYS_DSA_LIMITS':
        throw unsupportedType('ssh-dss');
      case 'KEYS_UNSUPPORTED_TYPE':
      case 'KEYS_CERTIFICATE':
        throw unsupportedType(error.context.keyType);
    }
    throw invalid(format, 'the public half is not a valid key', error);
  }
}

/** @param keyType - Name of the key's type, made printable. */
export function unsupportedType(keyType: string): PrivateKeyError {
  const what = keyType === 'ssh-dss' ? 'a DSA key (ssh-dss)' : `a private key of type ${keyType}`;
  return unsupported(what, keyType.startsWith('sk-') ? 'load it into an ssh-agent' : NEW_KEY);
}

/** Overwrites what can be overwritten. RSA keys are bigints, which cannot. */
export function wipeKey(key: PrivateKeyMaterial): void {
  if (key.type === 'ed25519') wipe(key.seed);
  if (key.type === 'ecdsa') wipe(key.secret);
}

const mismatch = (format: string): Error =>
  invalid(format, 'the public half does not belong to the private half');

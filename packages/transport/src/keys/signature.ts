import type { CryptoProvider, PrivateKeyMaterial, PublicKeyMaterial } from '../crypto/index.ts';
import { ECDSA_FIELD_LENGTH } from '../crypto/signatures/curves.ts';
import { modulusLength } from '../crypto/signatures/rsa-limits.ts';
import { SECURITY_KEY_TAIL, USER_PRESENT } from '../crypto/signatures/security-key-flags.ts';
import { bigintToBytes, bytesToBigint, concat, isWireError, WireReader, WireWriter } from '../wire/index.ts';
import { keysError } from './errors.ts';
import { keyTypeOf } from './public-key.ts';
import type { PublicKey } from './types.ts';

/** What the signer must have used: the one negotiated algorithm, one of those allowed, or both. */
export type ExpectedAlgorithm = (
  | { readonly algorithm: string; readonly allowed?: readonly string[] }
  | { readonly algorithm?: string; readonly allowed: readonly string[] }
) & {
  /**
   * Whether somebody must have touched the authenticator that signed. Default `required`; `any` is for those who do
   * not decide, because the verifier at the other end does.
   */
  readonly presence?: 'required' | 'any';
};

/**
 * Signs `data` and wraps the result for the wire: `string algorithm ‖ string signature`, RFC 4253 §6.6.
 *
 * @param algorithm - For example `rsa-sha2-512`; the name of a signature algorithm, not of a key type.
 * @throws {KeysError} `KEYS_SIGNATURE_ALGORITHM` when the provider lacks it or the key is of another type.
 * @throws {CryptoError} `CRYPTO_SIGNATURE_SELF_CHECK`
 */
export function signData(
  provider: Pick<CryptoProvider, 'signatures' | 'random'>,
  algorithm: string,
  privateKey: PrivateKeyMaterial,
  data: Uint8Array,
): Uint8Array {
  const keyType = keyTypeOf(privateKey);
  const suite = provider.signatures.find((candidate) => candidate.name === algorithm);
  if (suite === undefined || suite.keyType !== keyType) {
    throw keysError('KEYS_SIGNATURE_ALGORITHM', { algorithm, keyType });
  }
  const raw = suite.sign(privateKey, data, provider.random);
  return new WireWriter().text(algorithm).string(wrap(privateKey, raw)).finish();
}

/**
 * Checks a signature blob from the wire.
 *
 * The algorithm named in the blob must be the expected one and must fit the key. Malformed bytes are simply not a
 * valid signature, and neither is one by an authenticator that nobody touched: this never throws because of what the
 * peer sent.
 */
export function verifySignature(
  provider: Pick<CryptoProvider, 'signatures'>,
  expected: ExpectedAlgorithm,
  publicKey: PublicKey,
  data: Uint8Array,
  signatureBlob: Uint8Array,
): boolean {
  try {
    const reader = new WireReader(signatureBlob);
    const algorithm = reader.text('signature algorithm');
    const body = reader.string('signature');
    // An authenticator says more than that it signed, OpenSSH PROTOCOL.u2f.
    const tail = isSecurityKey(publicKey) ? reader.fixed(SECURITY_KEY_TAIL, 'flags and counter') : undefined;
    reader.end('signature');
    if (tail !== undefined && expected.presence !== 'any' && ((tail[0] ?? 0) & USER_PRESENT) === 0)
      return false;
    if (expected.algorithm !== undefined && expected.algorithm !== algorithm) return false;
    if (expected.allowed?.includes(algorithm) === false) return false;
    const suite = provider.signatures.find((candidate) => candidate.name === algorithm);
    if (suite === undefined || suite.keyType !== publicKey.keyType) return false;
    const raw = unwrap(publicKey.material, body);
    if (raw === undefined) return false;
    return suite.verify(publicKey.material, data, tail === undefined ? raw : concat(raw, tail));
  } catch (error) {
    if (isWireError(error)) return false;
    throw error;
  }
}

/** The algorithm that a signature blob names; `undefined` when it is none. */
export function signatureName(signatureBlob: Uint8Array): string | undefined {
  try {
    return new WireReader(signatureBlob).text('signature algorithm');
  } catch (error) {
    if (isWireError(error)) return undefined;
    throw error;
  }
}

/** Bytes of an Ed25519 signature, RFC 8032 §5.1.6. */
const ED25519_SIGNATURE = 64;

function isSecurityKey({ material }: PublicKey): boolean {
  return material.type === 'sk-ed25519' || material.type === 'sk-ecdsa';
}

/** Raw signature to SSH's: `mpint r ‖ mpint s` for ECDSA (RFC 5656 §3.1.2), unchanged for the others. */
function wrap(key: PrivateKeyMaterial, raw: Uint8Array): Uint8Array {
  if (key.type !== 'ecdsa') return raw;
  const half = ECDSA_FIELD_LENGTH[key.curve];
  const r = bytesToBigint(raw.subarray(0, half));
  const s = bytesToBigint(raw.subarray(half));
  return new WireWriter().mpint(r).mpint(s).finish();
}

/** SSH's signature to a raw one; `undefined` when it cannot be one of this key. */
function unwrap(key: PublicKeyMaterial, body: Uint8Array): Uint8Array | undefined {
  if (key.type === 'ed25519') return body;
  if (key.type === 'sk-ed25519') return body.length === ED25519_SIGNATURE ? body : undefined;
  if (key.type === 'rsa') return padded(body, modulusLength(key.n));
  if (key.type === 'dss') return body;
  const half = ECDSA_FIELD_LENGTH[key.curve];
  const reader = new WireReader(body);
  const r = reader.mpint('r');
  const s = reader.mpint('s');
  reader.end('ECDSA signature');
  const end = 1n << BigInt(8 * half);
  if (r >= end || s >= end) return undefined;
  const raw = new Uint8Array(2 * half);
  raw.set(bigintToBytes(r, half));
  raw.set(bigintToBytes(s, half), half);
  return raw;
}

/**
 * RFC 8332 §3 wants as many bytes as the modulus has, but implementations exist that write the number without its
 * leading zeros, and OpenSSH fills those up. So do we. Too long is refused.
 */
function padded(body: Uint8Array, length: number): Uint8Array | undefined {
  if (body.length === 0 || body.length > length) return undefined;
  if (body.length === length) return body;
  const full = new Uint8Array(length);
  full.set(body, length - body.length);
  return full;
}

import { encodePublicKey, keysError, type PublicKey } from '@nbs-ssh/transport/keys';
import { DerReader, TAG } from '../private-key/der.ts';
import { isPrivateKeyError } from '../private-key/errors.ts';
import { EC, ED25519, RSA, readCurve, unusableAlgorithm } from '../private-key/oids.ts';
import { findPemBlock } from '../private-key/pem.ts';

const FORMAT = 'SubjectPublicKeyInfo';

/**
 * The first public key of a PEM text: `PUBLIC KEY` (SubjectPublicKeyInfo, RFC 5280 §4.1, as openssl writes it) or
 * `RSA PUBLIC KEY` (RFC 8017 A.1.1).
 *
 * @returns `undefined` when there is no such block.
 * @throws {KeysError} `KEYS_MALFORMED`, `KEYS_UNSUPPORTED_TYPE`, `KEYS_RSA_LIMITS`
 */
export function parsePemPublicKey(text: string): PublicKey | undefined {
  try {
    const block = findPemBlock(text, (label) => label === 'PUBLIC KEY' || label === 'RSA PUBLIC KEY');
    if (block === undefined) return undefined;
    return block.label === 'PUBLIC KEY' ? parseSpki(block.body) : parsePkcs1(block.body);
  } catch (error) {
    if (!isPrivateKeyError(error)) throw error;
    // The readers below serve private keys; a public one has errors of its own.
    const { context } = error;
    throw context.reason === 'unsupported'
      ? keysError('KEYS_UNSUPPORTED_TYPE', { keyType: context.what }, { cause: error })
      : keysError('KEYS_MALFORMED', { keyType: 'unknown', part: 'PEM' }, { cause: error });
  }
}

function parseSpki(der: Uint8Array): PublicKey {
  const outer = new DerReader(der, FORMAT);
  const info = outer.sequence('SubjectPublicKeyInfo');
  outer.end('the key');
  const algorithm = info.sequence('algorithm');
  const key = info.bitString('subjectPublicKey');
  info.end('the key');
  const oid = algorithm.oid('algorithm');
  switch (oid) {
    case RSA:
      algorithm.element(TAG.null, 'parameters');
      algorithm.end('the algorithm');
      return parsePkcs1(key);
    case EC: {
      const curve = readCurve(algorithm);
      algorithm.end('the algorithm');
      return encodePublicKey({ type: 'ecdsa', curve, point: key.slice() });
    }
    case ED25519:
      algorithm.end('the algorithm');
      return encodePublicKey({ type: 'ed25519', publicKey: key.slice() });
    default:
      throw unusableAlgorithm(oid);
  }
}

function parsePkcs1(der: Uint8Array): PublicKey {
  const outer = new DerReader(der, FORMAT);
  const key = outer.sequence('RSAPublicKey');
  outer.end('the key');
  const n = key.integer('modulus');
  const e = key.integer('publicExponent');
  key.end('the key');
  return encodePublicKey({ type: 'rsa', n, e });
}

import type { AtRestCipher, AtRestDerivation, Pbkdf2Hash } from '@nbs-ssh/transport/crypto/at-rest';
import { cbcCipher, openPadded } from './cbc.ts';
import type { DecodedKey, KeyContainer } from './container.ts';
import { DerReader, TAG } from './der.ts';
import { invalid, unsupported } from './errors.ts';
import { MAX_PBKDF2_ITERATIONS, MAX_SALT, MAX_SCRYPT_MEMORY, MAX_SCRYPT_WORK } from './limits.ts';

const FORMAT = 'encrypted PKCS#8';
const PBES2 = '1.2.840.113549.1.5.13';
const PBKDF2 = '1.2.840.113549.1.5.12';
const SCRYPT = '1.3.6.1.4.1.11591.4.11';
const CIPHERS: ReadonlyMap<string, string> = /* @__PURE__ */ new Map([
  ['2.16.840.1.101.3.4.1.2', 'aes128-cbc'],
  ['2.16.840.1.101.3.4.1.22', 'aes192-cbc'],
  ['2.16.840.1.101.3.4.1.42', 'aes256-cbc'],
  ['1.2.840.113549.3.7', '3des-cbc'],
]);
/** RFC 8018 B.1. */
const HASHES: ReadonlyMap<string, Pbkdf2Hash> = /* @__PURE__ */ new Map<string, Pbkdf2Hash>([
  ['1.2.840.113549.2.7', 'sha1'],
  ['1.2.840.113549.2.8', 'sha224'],
  ['1.2.840.113549.2.9', 'sha256'],
  ['1.2.840.113549.2.10', 'sha384'],
  ['1.2.840.113549.2.11', 'sha512'],
  ['1.2.840.113549.2.12', 'sha512-224'],
  ['1.2.840.113549.2.13', 'sha512-256'],
]);
/** PBES1 (RFC 8018 A.3) and the schemes of PKCS#12 (RFC 7292 Appendix C), by the arcs in front. */
const OLD_SCHEMES = ['1.2.840.113549.1.5.', '1.2.840.113549.1.12.1.'] as const;
const CONVERT = 'convert it with openssl pkcs8 -topk8 -v2 aes-256-cbc -in KEY -out NEW';

/**
 * `ENCRYPTED PRIVATE KEY`: EncryptedPrivateKeyInfo, RFC 5958 §3, with PBES2 (RFC 8018 §6.2) over PBKDF2 or scrypt.
 *
 * @param decode - Reads the PKCS#8 structure inside.
 * @throws {PrivateKeyError}
 */
export function openPbes2(der: Uint8Array, decode: (der: Uint8Array) => DecodedKey): KeyContainer {
  const outer = new DerReader(der, FORMAT);
  const info = outer.sequence('EncryptedPrivateKeyInfo');
  outer.end('the key');
  const algorithm = info.sequence('encryptionAlgorithm');
  const body = info.octetString('encryptedData');
  info.end('the key');
  const scheme = algorithm.oid('encryption scheme');
  if (scheme !== PBES2) {
    const old = OLD_SCHEMES.some((arcs) => scheme.startsWith(arcs));
    throw unsupported(old ? 'the encryption of PKCS#5 before PBES2' : `the encryption ${scheme}`, CONVERT);
  }
  const parameters = algorithm.sequence('PBES2-params');
  algorithm.end('the algorithm');
  const kdf = parameters.sequence('keyDerivationFunc');
  const { cipher, iv } = readScheme(parameters.sequence('encryptionScheme'));
  parameters.end('the parameters');
  if (body.length === 0 || body.length % cipher.blockLength !== 0) {
    throw invalid(FORMAT, 'the encrypted part is not whole blocks');
  }
  const derivation = readDerivation(kdf, cipher);
  return {
    format: FORMAT,
    publicBlob: undefined,
    body,
    encryption: { cipher: cipher.name, derivation: () => derivation },
    decode: (derived) => openPadded(cipher, derived as Uint8Array, iv, body, decode),
  };
}

function readScheme(scheme: DerReader): { readonly cipher: AtRestCipher; readonly iv: Uint8Array } {
  const oid = scheme.oid('cipher');
  const name = CIPHERS.get(oid);
  if (name === undefined) throw unsupported(`the cipher ${oid}`, CONVERT);
  const cipher = cbcCipher(name);
  const iv = scheme.octetString('initialisation vector');
  scheme.end('the cipher');
  if (iv.length !== cipher.ivLength) throw invalid(FORMAT, 'the initialisation vector has the wrong length');
  return { cipher, iv };
}

function readDerivation(kdf: DerReader, cipher: AtRestCipher): AtRestDerivation {
  const oid = kdf.oid('key derivation');
  if (oid !== PBKDF2 && oid !== SCRYPT) throw unsupported(`the key derivation ${oid}`, CONVERT);
  const parameters = kdf.sequence('parameters of the key derivation');
  kdf.end('the key derivation');
  const derivation =
    oid === PBKDF2 ? readPbkdf2(parameters, cipher.keyLength) : readScrypt(parameters, cipher.keyLength);
  parameters.end('the parameters of the key derivation');
  return derivation;
}

/** RFC 8018 A.2. */
function readPbkdf2(parameters: DerReader, length: number): AtRestDerivation {
  // The salt may also be an AlgorithmIdentifier, which nobody has ever defined.
  const salt = readSalt(parameters);
  const iterations = parameters.integer('iterationCount');
  readKeyLength(parameters, length);
  let hash: Pbkdf2Hash | undefined = 'sha1';
  if (parameters.peek() === TAG.sequence) {
    const prf = parameters.sequence('prf');
    const oid = prf.oid('prf');
    if (prf.remaining > 0) prf.element(TAG.null, 'parameters of the prf');
    prf.end('the prf');
    hash = HASHES.get(oid);
    if (hash === undefined) throw unsupported(`PBKDF2 with the function ${oid}`, CONVERT);
  }
  if (iterations < 1n) throw invalid(FORMAT, 'the parameters of the key derivation are out of range');
  if (iterations > MAX_PBKDF2_ITERATIONS) {
    throw unsupported(
      `a key with more than ${MAX_PBKDF2_ITERATIONS} iterations of PBKDF2`,
      'encrypt it with fewer iterations: openssl pkcs8 -topk8 -iter 600000 -in KEY -out NEW',
    );
  }
  return { kdf: 'pbkdf2', hash, salt, iterations: Number(iterations), length };
}

/** RFC 7914 §7.1. */
function readScrypt(parameters: DerReader, length: number): AtRestDerivation {
  const salt = readSalt(parameters);
  const n = parameters.integer('costParameter');
  const r = parameters.integer('blockSize');
  const p = parameters.integer('parallelizationParameter');
  readKeyLength(parameters, length);
  const outOfRange = 'the parameters of the key derivation are out of range';
  // Without r and p of at least one the products below would bound nothing.
  if (n < 2n || (n & (n - 1n)) !== 0n || r < 1n || p < 1n) throw invalid(FORMAT, outOfRange);
  if (128n * r * (n + p) > MAX_SCRYPT_MEMORY || n * r * p > MAX_SCRYPT_WORK) {
    throw unsupported(
      'a key with such costs of scrypt',
      'encrypt it with lower ones: openssl pkcs8 -topk8 -scrypt -in KEY -out NEW',
    );
  }
  // RFC 7914 §2. Last, when r is known to be small enough to shift by.
  if (n >= 1n << (16n * r)) throw invalid(FORMAT, outOfRange);
  return { kdf: 'scrypt', salt, n: Number(n), r: Number(r), p: Number(p), length };
}

function readSalt(parameters: DerReader): Uint8Array {
  const salt = parameters.octetString('salt');
  if (salt.length > MAX_SALT) throw invalid(FORMAT, 'the salt is too long');
  return salt;
}

/** Optional, and then it can only be what the cipher needs. */
function readKeyLength(parameters: DerReader, length: number): void {
  if (parameters.peek() !== TAG.integer) return;
  if (parameters.integer('keyLength') !== BigInt(length)) {
    throw invalid(FORMAT, 'the key length is not that of the cipher');
  }
}

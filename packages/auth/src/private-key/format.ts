import type { CryptoProvider, PrivateKeyMaterial, RandomSource } from '@nbs-ssh/transport/crypto';
import { type AtRestCipher, atRestCiphers } from '@nbs-ssh/transport/crypto/at-rest';
import { publicKeyOf } from '@nbs-ssh/transport/keys';
import { bytesToBigint, EMPTY, type Secret, toBase64, WireWriter, wipe } from '@nbs-ssh/transport/wire';
import { bcryptPbkdf } from './bcrypt-pbkdf.ts';
import { MAX_BCRYPT_ROUNDS } from './limits.ts';
import { MAGIC, NO_CIPHER_BLOCK, OPENSSH_LABEL } from './openssh-layout.ts';

/** Characters of base64 in a line, as ssh-keygen writes them. */
const LINE = 70;
/** Bytes of salt, as ssh-keygen writes them. */
const SALT_LENGTH = 16;
const DEFAULT_CIPHER = 'aes256-ctr';
/** What ssh-keygen takes since OpenSSH 9.9: some two tenths of a second. */
const DEFAULT_ROUNDS = 24;

export interface KeyEncryption {
  readonly passphrase: Secret;
  /** A name as `ssh-keygen -Z` takes it. Default `aes256-ctr`. */
  readonly cipher?: string | undefined;
  /** Rounds of bcrypt, 1 to 2,048: each takes about 8 ms here and with whoever guesses. Default 24. */
  readonly rounds?: number | undefined;
}

/**
 * An unencrypted openssh-key-v1 file, OpenSSH PROTOCOL.key, as `ssh-keygen -N ''` writes it.
 *
 * @param random - For the check numbers; nothing secret depends on it.
 * @returns Text with a final newline. It is the key: whoever writes it to disk must use mode 0600.
 * @throws {RangeError} when the comment has a line break or NUL.
 */
export function formatOpensshPrivateKey(
  key: PrivateKeyMaterial,
  comment: string,
  random: RandomSource,
): string {
  const body = privatePart(key, comment, random, NO_CIPHER_BLOCK);
  const text = armoredFile(key, { cipher: 'none', kdf: 'none', kdfOptions: EMPTY, body, tag: EMPTY });
  wipe(body);
  return text;
}

/**
 * The same, encrypted under a passphrase. Computes for as long as the rounds ask for.
 *
 * @throws {RangeError} when the passphrase is empty, the cipher unknown, or the rounds out of range; for the comment
 *   as above.
 */
export function encryptOpensshPrivateKey(
  key: PrivateKeyMaterial,
  comment: string,
  encryption: KeyEncryption,
  crypto: Pick<CryptoProvider, 'hash' | 'random'>,
): string {
  const { rounds = DEFAULT_ROUNDS } = encryption;
  const cipher = cipherNamed(encryption.cipher ?? DEFAULT_CIPHER);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > MAX_BCRYPT_ROUNDS) {
    throw new RangeError(`bcrypt rounds must be a whole number from 1 to ${MAX_BCRYPT_ROUNDS}`);
  }
  const password = encryption.passphrase.revealBytes();
  if (password.length === 0) throw new RangeError('the passphrase is empty');
  const salt = crypto.random(SALT_LENGTH);
  const derived = bcryptPbkdf(crypto, password, salt, rounds, cipher.keyLength + cipher.ivLength);
  const plain = privatePart(key, comment, crypto.random, cipher.blockLength);
  const iv = derived.subarray(cipher.keyLength);
  const sealed = cipher.encrypt(derived.subarray(0, cipher.keyLength), iv, plain);
  wipe(password, derived, plain);
  const end = sealed.length - cipher.tagLength;
  return armoredFile(key, {
    cipher: cipher.name,
    kdf: 'bcrypt',
    kdfOptions: new WireWriter().string(salt).u32(rounds).finish(),
    body: sealed.subarray(0, end),
    tag: sealed.subarray(end),
  });
}

function cipherNamed(name: string): AtRestCipher {
  const cipher = atRestCiphers.find((candidate) => candidate.name === name);
  if (cipher !== undefined) return cipher;
  const known = atRestCiphers.map((candidate) => candidate.name).join(', ');
  throw new RangeError(`unknown cipher for a key file; there are ${known}`);
}

function privatePart(
  key: PrivateKeyMaterial,
  comment: string,
  random: RandomSource,
  blockLength: number,
): Uint8Array {
  // It would begin another line in the .pub file.
  if (/[\r\n\0]/.test(comment)) throw new RangeError('a comment must not contain line breaks');
  const check = random(4);
  const inner = new WireWriter(4096).fixed(check).fixed(check);
  writePrivateKey(inner, key);
  inner.text(comment);
  for (let i = 1; inner.length % blockLength !== 0; i += 1) inner.u8(i);
  return inner.finish();
}

interface FileParts {
  readonly cipher: string;
  readonly kdf: string;
  readonly kdfOptions: Uint8Array;
  readonly body: Uint8Array;
  readonly tag: Uint8Array;
}

function armoredFile(key: PrivateKeyMaterial, { cipher, kdf, kdfOptions, body, tag }: FileParts): string {
  const file = new WireWriter(8192)
    .fixed(MAGIC)
    .text(cipher)
    .text(kdf)
    .string(kdfOptions)
    .u32(1)
    .string(publicKeyOf(key).blob)
    .string(body)
    .fixed(tag)
    .finish();
  const base64 = toBase64(file);
  wipe(file);
  const lines = [`-----BEGIN ${OPENSSH_LABEL}-----`];
  for (let at = 0; at < base64.length; at += LINE) lines.push(base64.slice(at, at + LINE));
  lines.push(`-----END ${OPENSSH_LABEL}-----`, '');
  return lines.join('\n');
}

/** The fields of a private key as files and agents have them, the type in front. OpenSSH PROTOCOL.key §3. */
export function writePrivateKey(writer: WireWriter, key: PrivateKeyMaterial): void {
  switch (key.type) {
    case 'ed25519':
      writer.text('ssh-ed25519').string(key.publicKey);
      writer.u32(64).fixed(key.seed).fixed(key.publicKey);
      return;
    case 'ecdsa':
      writer.text(`ecdsa-sha2-${key.curve}`).text(key.curve).string(key.point);
      writer.mpint(bytesToBigint(key.secret));
      return;
    case 'rsa':
      writer.text('ssh-rsa').mpint(key.n).mpint(key.e).mpint(key.d);
      writer.mpint(key.iqmp).mpint(key.p).mpint(key.q);
  }
}

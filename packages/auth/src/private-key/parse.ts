import type { CryptoProvider, PrivateKeyMaterial } from '@nbs-ssh/transport/crypto';
import { isKeysError, type PublicKey, parsePublicKey } from '@nbs-ssh/transport/keys';
import { equalBytes, fromUtf8Lossy, printable, type Secret, wipe } from '@nbs-ssh/transport/wire';
import { invalid, unsupported } from './errors.ts';
import { MAX_KEY_FILE } from './limits.ts';
import { publicHalf } from './material.ts';
import { decodeOpenssh, readEnvelope } from './openssh-key.ts';
import { OPENSSH_LABEL } from './openssh-layout.ts';
import { findPemBlock, type PemBlock } from './pem.ts';
import { parsePkcs1, parsePkcs8, parseSec1 } from './pkcs8.ts';

export interface ParsedPrivateKey {
  readonly key: PrivateKeyMaterial;
  readonly publicKey: PublicKey;
  /** As the file has it: not made printable. `''` in formats without comments. */
  readonly comment: string;
}

export interface ParsePrivateKeyOptions {
  /** Ignored when the key is not encrypted. An empty one counts as none. */
  readonly passphrase?: Secret | undefined;
  readonly crypto: Pick<CryptoProvider, 'hash'>;
}

const CONVERT = 'convert a copy of it with ssh-keygen -p -f KEY, which writes the format of OpenSSH';

/**
 * Reads a private key file: openssh-key-v1 (also encrypted), PKCS#8, PKCS#1 and SEC1 (unencrypted).
 *
 * Every number is checked against the others and against the public half, so that a key that loads can sign.
 * An encrypted file takes as long as its bcrypt rounds ask for, by default some tenths of a second.
 *
 * @param text - Content of the file, at most 1 MiB.
 * @throws {PrivateKeyError} and nothing else. `context.reason` is one of `wrong_passphrase`,
 *   `passphrase_required`, `invalid_format`, `unsupported`.
 */
export function parsePrivateKey(
  text: string | Uint8Array,
  options: ParsePrivateKeyOptions,
): ParsedPrivateKey {
  const block = keyBlock(text);
  try {
    if (block.label !== OPENSSH_LABEL) {
      const key = parseAsn1(block);
      return { key, publicKey: publicHalf(key, block.label), comment: '' };
    }
    const { key, publicBlob, comment } = decodeOpenssh(block.body, options.passphrase, options.crypto);
    const publicKey = publicHalf(key, block.label);
    if (!equalBytes(publicKey.blob, publicBlob)) {
      throw invalid('openssh-key-v1', 'the public half does not belong to the private half');
    }
    return { key, publicKey, comment };
  } finally {
    wipe(block.body);
  }
}

/** What {@link privateKeyPublicPart} can tell about a key file. */
export interface PrivateKeyPublicPart {
  readonly publicKey: PublicKey;
  readonly encrypted: boolean;
}

/**
 * The public key of an openssh-key-v1 file, read without the passphrase: enough to ask a server whether it
 * would take the key. Nothing vouches for it until the private part is decrypted.
 *
 * @returns `undefined` for the other formats, which do not show their public key.
 * @throws {PrivateKeyError} `AUTH_KEY_INVALID_FORMAT`, `AUTH_KEY_UNSUPPORTED`
 */
export function privateKeyPublicPart(text: string | Uint8Array): PrivateKeyPublicPart | undefined {
  const block = keyBlock(text);
  try {
    if (block.label !== OPENSSH_LABEL) return undefined;
    const envelope = readEnvelope(block.body);
    return { publicKey: parsePublicKey(envelope.publicBlob), encrypted: envelope.cipher !== 'none' };
  } catch (error) {
    if (!isKeysError(error)) throw error;
    if (error.code === 'KEYS_MALFORMED')
      throw invalid('openssh-key-v1', 'the public key is malformed', error);
    throw unsupported('this type of key', 'make a key with ssh-keygen -t ed25519');
  } finally {
    wipe(block.body);
  }
}

function parseAsn1(block: PemBlock): PrivateKeyMaterial {
  if (block.headers.length > 0) throw unsupported('the old PEM encryption', CONVERT);
  switch (block.label) {
    case 'PRIVATE KEY':
      return parsePkcs8(block.body);
    case 'RSA PRIVATE KEY':
      return parsePkcs1(block.body);
    case 'EC PRIVATE KEY':
      return parseSec1(block.body);
    case 'ENCRYPTED PRIVATE KEY':
      throw unsupported('encrypted PKCS#8', CONVERT);
    default:
      throw unsupported(
        `a file of type ${printable(block.label, 64)}`,
        'make a key with ssh-keygen -t ed25519',
      );
  }
}

function keyBlock(input: string | Uint8Array): PemBlock {
  if (input.length > MAX_KEY_FILE) throw invalid('file', `larger than ${MAX_KEY_FILE} bytes`);
  const text = typeof input === 'string' ? input : fromUtf8Lossy(input);
  const block = findPemBlock(text, (label) => label.endsWith('PRIVATE KEY'));
  if (block !== undefined) return block;
  if (text.startsWith('PuTTY-User-Key-File-')) {
    throw unsupported('the format of PuTTY', 'convert it with puttygen KEY.ppk -O private-openssh -o KEY');
  }
  if (text.startsWith('SSH PRIVATE KEY FILE FORMAT 1.')) {
    throw unsupported('a key of SSH protocol 1', 'make a key with ssh-keygen -t ed25519');
  }
  const isPublic = /^(?:-----BEGIN [A-Z0-9 ]{0,32}PUBLIC KEY-----|(?:ssh|ecdsa|sk)-[a-z0-9-]{1,40}[ @])/.test(
    text,
  );
  throw invalid('file', isPublic ? 'this is a public key' : 'there is no private key in it');
}

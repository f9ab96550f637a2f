import type { PublicKey } from '@nbs-ssh/transport/keys';
import { equalBytes, fromUtf8Lossy, printable, type Secret, utf8, wipe } from '@nbs-ssh/transport/wire';
import type { DecodedKey, KeyContainer, KeyFileCrypto, ParsedPrivateKey } from './container.ts';
import { type Derivation, derive, deriveInSlices } from './derive.ts';
import { invalid, type PrivateKeyError, privateKeyError, unsupported } from './errors.ts';
import { openLegacyPem } from './legacy-pem.ts';
import { MAX_KEY_FILE } from './limits.ts';
import { NEW_KEY, publicHalf, statedHalf, unsupportedType } from './material.ts';
import { openOpenssh } from './openssh-key.ts';
import { OPENSSH_LABEL } from './openssh-layout.ts';
import { openPbes2 } from './pbes2.ts';
import { findPemBlock, type PemBlock } from './pem.ts';
import { parsePkcs1, parsePkcs8, parseSec1 } from './pkcs8.ts';
import { openPpk, PPK_START } from './ppk.ts';

export interface ParsePrivateKeyOptions {
  /** Ignored when the key is not encrypted. An empty one counts as none. */
  readonly passphrase?: Secret | undefined;
  readonly crypto: KeyFileCrypto;
}

/**
 * Reads a private key file: openssh-key-v1, PKCS#8, PKCS#1, SEC1 and PuTTY's, each plain or encrypted.
 *
 * Every number is checked against the others and against the public half, so that a key that loads can sign.
 * Decrypting blocks for as long as the file's key derivation asks for: by default some tenths of a second, about one
 * second for PuTTY's. {@link unlockPrivateKey} does not block.
 *
 * @param text - Content of the file, at most 1 MiB.
 * @throws {PrivateKeyError} and nothing else. `context.reason` is one of `wrong_passphrase`,
 *   `passphrase_required`, `invalid_format`, `unsupported`.
 */
export function parsePrivateKey(
  text: string | Uint8Array,
  options: ParsePrivateKeyOptions,
): ParsedPrivateKey {
  const container = openKeyFile(text);
  const locked = lockOf(container, options.passphrase);
  if (locked === undefined) return decode(container, undefined, options.crypto);
  const derived = derive(locked.derivation, locked.password, options.crypto);
  wipe(locked.password);
  return decode(container, derived, options.crypto);
}

/**
 * {@link parsePrivateKey}, with the key derivation in slices of a few milliseconds: a server or a user interface in the
 * same process goes on. Takes a little longer for that.
 *
 * @returns Rejects with what {@link parsePrivateKey} throws.
 */
export async function unlockPrivateKey(
  text: string | Uint8Array,
  options: ParsePrivateKeyOptions,
): Promise<ParsedPrivateKey> {
  const container = openKeyFile(text);
  const locked = lockOf(container, options.passphrase);
  if (locked === undefined) return decode(container, undefined, options.crypto);
  const derived = await deriveInSlices(locked.derivation, locked.password, options.crypto);
  wipe(locked.password);
  return decode(container, derived, options.crypto);
}

/** What {@link privateKeyPublicPart} can tell about a key file. */
export interface PrivateKeyPublicPart {
  readonly publicKey: PublicKey;
  readonly encrypted: boolean;
}

/**
 * The public key of an openssh-key-v1 or PuTTY file, read without the passphrase: enough to ask a server whether it
 * would take the key. Nothing vouches for it until the private part is decrypted.
 *
 * @returns `undefined` for the other formats, which do not show their public key.
 * @throws {PrivateKeyError} `AUTH_KEY_INVALID_FORMAT`, `AUTH_KEY_UNSUPPORTED`
 */
export function privateKeyPublicPart(text: string | Uint8Array): PrivateKeyPublicPart | undefined {
  const { publicBlob, encryption, format } = openKeyFile(text);
  if (publicBlob === undefined) return undefined;
  return { publicKey: statedHalf(publicBlob, format), encrypted: encryption !== undefined };
}

/** What must be derived from which bytes; `undefined` when the key is not encrypted. @throws {PrivateKeyError} */
function lockOf(
  { format, publicBlob, encryption }: KeyContainer,
  passphrase: Secret | undefined,
): { readonly derivation: Derivation; readonly password: Uint8Array } | undefined {
  // First, so that nobody is asked for the passphrase of a file that cannot be used with any.
  if (publicBlob !== undefined) statedHalf(publicBlob, format);
  if (encryption === undefined) return undefined;
  const derivation = encryption.derivation();
  const password = passphrase?.revealBytes();
  if (password === undefined || password.length === 0) {
    const { cipher } = encryption;
    throw privateKeyError('AUTH_KEY_PASSPHRASE_REQUIRED', { reason: 'passphrase_required', cipher });
  }
  return { derivation, password };
}

function decode(
  container: KeyContainer,
  derived: Uint8Array | undefined,
  crypto: KeyFileCrypto,
): ParsedPrivateKey {
  const { format, publicBlob, body } = container;
  try {
    const { key, comment } = container.decode(derived, crypto);
    const publicKey = publicHalf(key, format);
    if (publicBlob !== undefined && !equalBytes(publicKey.blob, publicBlob)) {
      throw invalid(format, 'the public half does not belong to the private half');
    }
    return { key, publicKey, comment };
  } finally {
    wipe(body);
    if (derived !== undefined) wipe(derived);
  }
}

/** Recognises the format and reads its outer layer. @throws {PrivateKeyError} */
function openKeyFile(input: string | Uint8Array): KeyContainer {
  if (input.length > MAX_KEY_FILE) throw invalid('file', `larger than ${MAX_KEY_FILE} bytes`);
  const text = typeof input === 'string' ? input : fromUtf8Lossy(input);
  if (text.startsWith(PPK_START)) return openPpk(typeof input === 'string' ? utf8(input) : input);
  const block = findPemBlock(text, (label) => label.endsWith('PRIVATE KEY'));
  if (block === undefined) throw noPrivateKey(text);
  if (block.label === OPENSSH_LABEL) return openOpenssh(block.body);
  if (block.label === 'ENCRYPTED PRIVATE KEY') return openPbes2(block.body, decoderFor('PRIVATE KEY'));
  const read = decoderFor(block.label);
  return block.headers.length > 0 ? openLegacyPem(block.body, block.headers, read) : openPlain(block, read);
}

function openPlain({ label, body }: PemBlock, read: (der: Uint8Array) => DecodedKey): KeyContainer {
  return { format: label, publicBlob: undefined, body, encryption: undefined, decode: () => read(body) };
}

/** Reads the DER of a block with this label. These formats have no comment. */
function decoderFor(label: string): (der: Uint8Array) => DecodedKey {
  switch (label) {
    case 'PRIVATE KEY':
      return (der) => ({ key: parsePkcs8(der), comment: '' });
    case 'RSA PRIVATE KEY':
      return (der) => ({ key: parsePkcs1(der), comment: '' });
    case 'EC PRIVATE KEY':
      return (der) => ({ key: parseSec1(der), comment: '' });
    case 'DSA PRIVATE KEY':
      throw unsupportedType('ssh-dss');
    default:
      throw unsupported(`a file of type ${printable(label, 64)}`, NEW_KEY);
  }
}

/** What a file without a private key that we read is instead, as far as it can be told. */
function noPrivateKey(text: string): PrivateKeyError {
  if (text.startsWith('SSH PRIVATE KEY FILE FORMAT 1.'))
    return unsupported('a key of SSH protocol 1', NEW_KEY);
  if (/^---- BEGIN SSH2 (?:ENCRYPTED )?PRIVATE KEY ----/.test(text)) {
    return unsupported('a private key of ssh.com', 'convert it with puttygen KEY -O private-openssh -o NEW');
  }
  return invalid(
    'file',
    isPublicKeyText(text) ? 'this is a public key; give the private one' : 'there is no private key in it',
  );
}

const isPublicKeyText = (text: string): boolean =>
  /^(?:---- BEGIN SSH2 PUBLIC KEY ----|-----BEGIN [A-Z0-9 ]{0,32}PUBLIC KEY-----|(?:ssh|ecdsa|sk)-[a-z0-9-]{1,40}[ @])/.test(
    text,
  );

import type { EcdsaCurve, PrivateKeyMaterial } from '@nbs-ssh/transport/crypto';
import { type AtRestCipher, atRestCiphers } from '@nbs-ssh/transport/crypto/at-rest';
import {
  concat,
  equalBytes,
  fromUtf8Lossy,
  isWireError,
  printable,
  WireReader,
  wipe,
} from '@nbs-ssh/transport/wire';
import type { DecodedKey, KeyContainer } from './container.ts';
import type { Derivation } from './derive.ts';
import { invalid, unsupported, wrongPassphrase } from './errors.ts';
import { MAX_BCRYPT_ROUNDS, MAX_SALT } from './limits.ts';
import { ecdsaKey, ed25519Key, rsaKey, scalarBytes, unsupportedType, wipeKey } from './material.ts';
import { MAGIC, NO_CIPHER_BLOCK } from './openssh-layout.ts';

const FORMAT = 'openssh-key-v1';
/** Longest name of a cipher, key derivation or key type, in bytes. */
const MAX_NAME = 64;

/** What stands outside the encryption. */
interface OpensshEnvelope {
  readonly cipher: string;
  readonly kdf: string;
  readonly kdfOptions: Uint8Array;
  /** Blob of the public key: readable without the passphrase, and believed only once the private part agrees. */
  readonly publicBlob: Uint8Array;
  /** Ciphertext with its tag, or the plain private part. */
  readonly body: Uint8Array;
  readonly tag: Uint8Array;
}

/** Reads the outer layer, OpenSSH PROTOCOL.key. @throws {PrivateKeyError} */
function readEnvelope(bytes: Uint8Array): OpensshEnvelope {
  return reading(() => {
    const reader = new WireReader(bytes);
    if (!equalBytes(reader.fixed(MAGIC.length, 'magic'), MAGIC))
      throw invalid(FORMAT, 'the magic is missing');
    const cipher = name(reader, 'cipher');
    const kdf = name(reader, 'kdf');
    const kdfOptions = reader.string('kdf options');
    if (reader.u32('number of keys') !== 1) throw invalid(FORMAT, 'the file holds other than one key');
    const publicBlob = reader.string('public key');
    const body = reader.string('private part');
    return { cipher, kdf, kdfOptions, publicBlob, body, tag: reader.rest() };
  });
}

/** An openssh-key-v1 file as far as it is readable without a passphrase. @throws {PrivateKeyError} */
export function openOpenssh(bytes: Uint8Array): KeyContainer {
  const { cipher: cipherName, publicBlob, body, tag, ...envelope } = readEnvelope(bytes);
  if (cipherName === 'none') {
    if (envelope.kdf !== 'none' || envelope.kdfOptions.length > 0 || tag.length > 0) {
      throw invalid(FORMAT, 'the file says both that it is encrypted and that it is not');
    }
    const decode = (): DecodedKey => readPrivatePart(body, NO_CIPHER_BLOCK, undefined);
    return { format: FORMAT, publicBlob, body, encryption: undefined, decode };
  }
  return {
    format: FORMAT,
    publicBlob,
    body,
    encryption: {
      cipher: cipherName,
      derivation: () => derivation(cipherFor(cipherName), envelope, body, tag),
    },
    decode: (derived) => {
      const cipher = cipherFor(cipherName);
      const plain = decrypt(cipher, derived as Uint8Array, body, tag);
      try {
        return readPrivatePart(plain, cipher.blockLength, cipher);
      } finally {
        wipe(plain);
      }
    },
  };
}

function cipherFor(cipherName: string): AtRestCipher {
  const cipher = atRestCiphers.find((candidate) => candidate.name === cipherName);
  if (cipher === undefined) {
    throw unsupported(`the cipher ${printable(cipherName)}`, 'rewrite the key with ssh-keygen -p');
  }
  return cipher;
}

function derivation(
  cipher: AtRestCipher,
  envelope: Pick<OpensshEnvelope, 'kdf' | 'kdfOptions'>,
  body: Uint8Array,
  tag: Uint8Array,
): Derivation {
  if (envelope.kdf !== 'bcrypt') {
    throw unsupported(`the key derivation ${printable(envelope.kdf)}`, 'rewrite the key with ssh-keygen -p');
  }
  const { salt, rounds } = reading(() => {
    const reader = new WireReader(envelope.kdfOptions);
    const options = { salt: reader.string('salt'), rounds: reader.u32('rounds') };
    reader.end('kdf options');
    return options;
  });
  if (salt.length === 0 || salt.length > MAX_SALT || rounds === 0) {
    throw invalid(FORMAT, 'the parameters of the key derivation are out of range');
  }
  if (rounds > MAX_BCRYPT_ROUNDS) {
    throw unsupported(`a key with ${rounds} bcrypt rounds`, `at most ${MAX_BCRYPT_ROUNDS} are computed here`);
  }
  if (body.length === 0 || body.length % cipher.blockLength !== 0 || tag.length !== cipher.tagLength) {
    throw invalid(FORMAT, 'the length of the private part does not fit its cipher');
  }
  return { kdf: 'bcrypt', salt, rounds, length: cipher.keyLength + cipher.ivLength };
}

function decrypt(cipher: AtRestCipher, derived: Uint8Array, body: Uint8Array, tag: Uint8Array): Uint8Array {
  const key = derived.subarray(0, cipher.keyLength);
  const plain = cipher.decrypt(key, derived.subarray(cipher.keyLength), concat(body, tag));
  if (plain === undefined) throw wrongPassphrase(cipher.name);
  return plain;
}

function readPrivatePart(
  plain: Uint8Array,
  blockLength: number,
  cipher: AtRestCipher | undefined,
): DecodedKey {
  return reading(() => {
    if (plain.length % blockLength !== 0) throw invalid(FORMAT, 'the private part is not whole blocks');
    const reader = new WireReader(plain);
    // Two equal numbers: the only way to notice a wrong passphrase when the cipher has no tag.
    if (reader.u32('first check') !== reader.u32('second check')) {
      throw cipher === undefined ? invalid(FORMAT, 'its check numbers differ') : wrongPassphrase(cipher.name);
    }
    const key = readPrivateKey(reader);
    try {
      const comment = fromUtf8Lossy(reader.string('comment'));
      // OpenSSH pads to the block length; others have padded further, and all count 1, 2, 3, …
      reader.rest().forEach((byte, i) => {
        if (byte !== ((i + 1) & 0xff)) throw invalid(FORMAT, 'the padding is wrong');
      });
      return { key, comment };
    } catch (error) {
      wipeKey(key);
      throw error;
    }
  });
}

/**
 * The fields of a private key as files and agents have them, the type in front. OpenSSH PROTOCOL.key §3.
 *
 * @throws {WireError | PrivateKeyError}
 */
export function readPrivateKey(reader: WireReader): PrivateKeyMaterial {
  const type = name(reader, 'key type');
  switch (type) {
    case 'ssh-ed25519': {
      const stated = reader.string('public key');
      const pair = reader.string('private key');
      if (pair.length !== 64 || !equalBytes(pair.subarray(32), stated)) {
        throw invalid(FORMAT, 'the two copies of the public key differ');
      }
      return ed25519Key(pair.subarray(0, 32), stated, FORMAT);
    }
    case 'ecdsa-sha2-nistp256':
    case 'ecdsa-sha2-nistp384':
    case 'ecdsa-sha2-nistp521': {
      const curve = type.slice('ecdsa-sha2-'.length) as EcdsaCurve;
      if (name(reader, 'curve') !== curve) throw invalid(FORMAT, 'the key names two curves');
      const stated = reader.string('public point');
      return ecdsaKey(curve, scalarBytes(curve, reader.mpint('scalar'), FORMAT), stated, FORMAT);
    }
    case 'ssh-rsa': {
      const n = reader.mpint('n');
      const e = reader.mpint('e');
      const d = reader.mpint('d');
      const iqmp = reader.mpint('iqmp');
      return rsaKey({ n, e, d, iqmp, p: reader.mpint('p'), q: reader.mpint('q') }, FORMAT);
    }
    default:
      throw unsupportedType(printable(type));
  }
}

function name(reader: WireReader, what: string): string {
  const bytes = reader.string(what);
  if (bytes.length > MAX_NAME) throw invalid(FORMAT, `the ${what} is longer than ${MAX_NAME} bytes`);
  return fromUtf8Lossy(bytes);
}

/** Wire errors speak of a peer's message; here they mean a damaged file. */
function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!isWireError(error)) throw error;
    throw invalid(FORMAT, 'a field is cut short or malformed', error);
  }
}

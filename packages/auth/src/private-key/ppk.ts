import type { AtRestDerivation } from '@nbs-ssh/transport/crypto/at-rest';
import { EMPTY, equalBytes, fromUtf8Lossy, printable, WireWriter, wipe } from '@nbs-ssh/transport/wire';
import { cbcCipher } from './cbc.ts';
import type { DecodedKey, KeyContainer, KeyFileCrypto } from './container.ts';
import { type Derivation, ppk2MacKey } from './derive.ts';
import { invalid, unsupported, wrongPassphrase } from './errors.ts';
import { MAX_ARGON2_LANES, MAX_ARGON2_MEMORY, MAX_ARGON2_WORK, MAX_SALT } from './limits.ts';
import { readPpkKey } from './ppk-key.ts';
import { PPK_FORMAT, PpkLines } from './ppk-lines.ts';

export const PPK_START = 'PuTTY-User-Key-File-';
const CIPHER = 'aes256-cbc';
/** Bytes of cipher key, then of initialisation vector (none in version 2, where it is zero), then of MAC key. */
const KEY_LENGTH = 32;
const IV_LENGTH = 16;
const MAC_KEY_LENGTH = 32;
const VARIANTS: ReadonlyMap<string, 'd' | 'i' | 'id'> = /* @__PURE__ */ new Map<string, 'd' | 'i' | 'id'>([
  ['Argon2d', 'd'],
  ['Argon2i', 'i'],
  ['Argon2id', 'id'],
]);
/** Shortest salt that Argon2 takes, RFC 9106 §3.1 as the implementation reads it. */
const MIN_ARGON2_SALT = 8;
/** Highest number of passes that a file may name; what is computed is bounded by {@link MAX_ARGON2_WORK}. */
const MAX_U32 = 0xffff_ffff;

/**
 * A key file of PuTTY, `PuTTY-User-Key-File-2` or `-3`: PuTTY's manual, Appendix C.
 *
 * A MAC covers everything, also what is readable. Its key comes from the passphrase, so that with an encrypted file a
 * wrong passphrase and a changed byte look the same.
 *
 * @param bytes - The whole file.
 * @throws {PrivateKeyError}
 */
export function openPpk(bytes: Uint8Array): KeyContainer {
  const lines = new PpkLines(oneCharacterEach(bytes));
  const [start, algorithm] = lines.first();
  const version = start.slice(PPK_START.length);
  if (version !== '2' && version !== '3') {
    throw unsupported(
      `version ${printable(version, 16)} of the format of PuTTY`,
      'rewrite the key with puttygen KEY.ppk -O private -o NEW.ppk',
    );
  }
  const encryption = lines.value('Encryption');
  if (encryption !== 'none' && encryption !== CIPHER) {
    throw unsupported(`the cipher ${printable(encryption, 64)}`, 'rewrite the key with puttygen -P');
  }
  const encrypted = encryption === CIPHER;
  const comment = bytesOf(lines.value('Comment'));
  const publicBlob = lines.block('Public-Lines');
  const derivation = encrypted ? readDerivation(lines, version) : undefined;
  const body = lines.block('Private-Lines');
  const mac = lines.hex('Private-MAC');
  lines.end();
  if (mac.length !== (version === '2' ? 20 : 32)) throw invalid(PPK_FORMAT, 'its MAC has the wrong length');
  if (encrypted && body.length % IV_LENGTH !== 0)
    throw invalid(PPK_FORMAT, 'the private part is not whole blocks');

  const open = (derived: Uint8Array | undefined, crypto: KeyFileCrypto): DecodedKey => {
    const { plain, macKey } =
      derived === undefined
        ? { plain: body, macKey: plainMacKey(version, crypto) }
        : decrypt(derived, body, version);
    const covered = new WireWriter(1024)
      .string(bytesOf(algorithm))
      .string(bytesOf(encryption))
      .string(comment)
      .string(publicBlob)
      .string(plain)
      .finish();
    try {
      if (!equalBytes(crypto.hmac(version === '2' ? 'sha1' : 'sha256', macKey, covered), mac)) {
        throw encrypted
          ? wrongPassphrase(CIPHER)
          : invalid(PPK_FORMAT, 'its MAC is wrong, so something in it was changed');
      }
      return { key: readPpkKey(algorithm, publicBlob, plain), comment: fromUtf8Lossy(comment) };
    } finally {
      wipe(covered, macKey);
      if (encrypted) wipe(plain);
    }
  };
  return {
    format: PPK_FORMAT,
    publicBlob,
    body,
    encryption: derivation === undefined ? undefined : { cipher: CIPHER, derivation },
    decode: open,
  };
}

/** Version 3 without encryption has an empty MAC key. */
const plainMacKey = (version: '2' | '3', crypto: KeyFileCrypto): Uint8Array =>
  version === '2' ? ppk2MacKey(EMPTY, crypto) : new Uint8Array(0);

function decrypt(
  derived: Uint8Array,
  body: Uint8Array,
  version: '2' | '3',
): { readonly plain: Uint8Array; readonly macKey: Uint8Array } {
  const key = derived.subarray(0, KEY_LENGTH);
  const ivEnd = KEY_LENGTH + IV_LENGTH;
  const iv = version === '2' ? new Uint8Array(IV_LENGTH) : derived.subarray(KEY_LENGTH, ivEnd);
  const plain = cbcCipher(CIPHER).decrypt(key, iv, body) as Uint8Array;
  return { plain, macKey: derived.slice(version === '2' ? KEY_LENGTH : ivEnd) };
}

function readDerivation(lines: PpkLines, version: '2' | '3'): () => Derivation {
  if (version === '2') return () => ({ kdf: 'ppk2' });
  const name = lines.value('Key-Derivation');
  const memory = lines.count('Argon2-Memory', MAX_U32);
  const passes = lines.count('Argon2-Passes', MAX_U32);
  const parallelism = lines.count('Argon2-Parallelism', MAX_U32);
  const salt = lines.hex('Argon2-Salt');
  return () => argon2(name, memory, passes, parallelism, salt);
}

function argon2(
  name: string,
  memory: number,
  passes: number,
  parallelism: number,
  salt: Uint8Array,
): AtRestDerivation {
  const variant = VARIANTS.get(name);
  const remedy = 'rewrite the key with puttygen KEY.ppk --reencrypt -o NEW.ppk';
  if (variant === undefined) throw unsupported(`the key derivation ${printable(name, 64)}`, remedy);
  const saltFits = salt.length >= MIN_ARGON2_SALT && salt.length <= MAX_SALT;
  // RFC 9106 §3.1: eight blocks for each lane.
  if (!saltFits || passes < 1 || parallelism < 1 || memory < 8 * parallelism) {
    throw invalid(PPK_FORMAT, 'the parameters of the key derivation are out of range');
  }
  if (memory > MAX_ARGON2_MEMORY || memory * passes > MAX_ARGON2_WORK || parallelism > MAX_ARGON2_LANES) {
    throw unsupported(
      `a key with ${memory} KiB, ${passes} passes and ${parallelism} lanes of Argon2`,
      remedy,
    );
  }
  const length = KEY_LENGTH + IV_LENGTH + MAC_KEY_LENGTH;
  return { kdf: 'argon2', variant, salt, memory, passes, parallelism, length };
}

/** ISO 8859-1: the characters of the text are the bytes of the file. */
function oneCharacterEach(bytes: Uint8Array): string {
  let text = '';
  // In pieces, because a call has a bounded number of arguments.
  for (let at = 0; at < bytes.length; at += 4096)
    text += String.fromCharCode(...bytes.subarray(at, at + 4096));
  return text;
}

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

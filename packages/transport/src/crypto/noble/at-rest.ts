import { poly1305 } from '@noble/ciphers/_poly1305.js';
import { cbc, ctr, gcm } from '@noble/ciphers/aes.js';
import { chacha20orig } from '@noble/ciphers/chacha.js';
import { concat, equalBytes } from '../../wire/index.ts';
import { tripleDesCbcDecrypt, tripleDesCbcEncrypt } from './triple-des.ts';

export { ecdsaPoint, ed25519PublicKey } from './derive-public.ts';
export {
  type AtRestDerivation,
  deriveAtRest,
  deriveAtRestInSlices,
  inSlices,
  type Pbkdf2Hash,
} from './key-derivation.ts';

/**
 * A cipher for data at rest: an encrypted private-key file, where one message fills the whole file.
 *
 * These are not the packet ciphers of RFC 4253: there is no sequence number and no length field, and CBC and
 * 3DES are here because old files use them, not because anything may be sent with them. All lengths in bytes.
 */
export interface AtRestCipher {
  readonly name: string;
  readonly keyLength: number;
  readonly ivLength: number;
  /** The ciphertext is a multiple of this. */
  readonly blockLength: number;
  /** Bytes of tag behind the ciphertext; 0 when nothing authenticates it. */
  readonly tagLength: number;
  /**
   * @param data - Whole blocks of ciphertext, then the tag.
   * @returns A fresh array, or `undefined` when the tag is wrong.
   */
  readonly decrypt: (key: Uint8Array, iv: Uint8Array, data: Uint8Array) => Uint8Array | undefined;
  /**
   * @param data - Whole blocks.
   * @returns A fresh array: the ciphertext, then the tag.
   */
  readonly encrypt: (key: Uint8Array, iv: Uint8Array, data: Uint8Array) => Uint8Array;
}

const AES_BLOCK = 16;
const TAG = 16;

function aesCtr(bits: 128 | 192 | 256): AtRestCipher {
  return {
    name: `aes${bits}-ctr`,
    keyLength: bits / 8,
    ivLength: AES_BLOCK,
    blockLength: AES_BLOCK,
    tagLength: 0,
    decrypt: (key, iv, data) => ctr(key, iv).decrypt(data),
    encrypt: (key, iv, data) => ctr(key, iv).encrypt(data),
  };
}

function aesCbc(bits: 128 | 192 | 256): AtRestCipher {
  return {
    name: `aes${bits}-cbc`,
    keyLength: bits / 8,
    ivLength: AES_BLOCK,
    blockLength: AES_BLOCK,
    tagLength: 0,
    decrypt: (key, iv, data) => cbc(key, iv, { disablePadding: true }).decrypt(data),
    encrypt: (key, iv, data) => cbc(key, iv, { disablePadding: true }).encrypt(data),
  };
}

function aesGcm(bits: 128 | 256): AtRestCipher {
  return {
    name: `aes${bits}-gcm@openssh.com`,
    keyLength: bits / 8,
    ivLength: 12,
    blockLength: AES_BLOCK,
    tagLength: TAG,
    decrypt: (key, iv, data) => {
      try {
        return gcm(key, iv).decrypt(data);
      } catch {
        return undefined;
      }
    },
    encrypt: (key, iv, data) => gcm(key, iv).encrypt(data),
  };
}

const chacha20Poly1305: AtRestCipher = {
  name: 'chacha20-poly1305@openssh.com',
  keyLength: 64,
  ivLength: 0,
  blockLength: 8,
  tagLength: TAG,
  decrypt: (key, _iv, data) => {
    const body = data.subarray(0, data.length - TAG);
    const { tag, apply } = chacha20(key);
    return equalBytes(tag(body), data.subarray(data.length - TAG)) ? apply(body) : undefined;
  },
  encrypt: (key, _iv, data) => {
    const { tag, apply } = chacha20(key);
    const body = apply(data);
    return concat(body, tag(body));
  },
};

/** Sequence number 0 and no length field, so only the first half of the key (K_2) is used. */
function chacha20(key: Uint8Array): Record<'tag' | 'apply', (body: Uint8Array) => Uint8Array> {
  const main = key.subarray(0, 32);
  const nonce = new Uint8Array(8);
  return {
    tag: (body) => poly1305(body, chacha20orig(main, nonce, new Uint8Array(32))),
    apply: (body) => chacha20orig(main, nonce, body, undefined, 1),
  };
}

const tripleDesCbc: AtRestCipher = {
  name: '3des-cbc',
  keyLength: 24,
  ivLength: 8,
  blockLength: 8,
  tagLength: 0,
  decrypt: tripleDesCbcDecrypt,
  encrypt: tripleDesCbcEncrypt,
};

/** What `ssh-keygen -Z` offers, OpenSSH's default first. */
export const atRestCiphers: readonly AtRestCipher[] = [
  /* @__PURE__ */ aesCtr(256),
  /* @__PURE__ */ aesCtr(192),
  /* @__PURE__ */ aesCtr(128),
  /* @__PURE__ */ aesGcm(256),
  /* @__PURE__ */ aesGcm(128),
  chacha20Poly1305,
  /* @__PURE__ */ aesCbc(256),
  /* @__PURE__ */ aesCbc(192),
  /* @__PURE__ */ aesCbc(128),
  tripleDesCbc,
];

/**
 * Decrypts with one of {@link atRestCiphers}.
 *
 * @returns `undefined` when the tag is wrong.
 * @throws {RangeError} when the cipher is unknown or a length does not fit it.
 */
export function decryptAtRest(
  name: string,
  key: Uint8Array,
  iv: Uint8Array,
  data: Uint8Array,
): Uint8Array | undefined {
  const cipher = atRestCiphers.find((candidate) => candidate.name === name);
  if (cipher === undefined) throw new RangeError('unknown cipher');
  const body = data.length - cipher.tagLength;
  const fits = key.length === cipher.keyLength && iv.length === cipher.ivLength;
  if (!fits || body < cipher.blockLength || body % cipher.blockLength !== 0) {
    throw new RangeError(`lengths do not fit ${cipher.name}`);
  }
  return cipher.decrypt(key, iv, data);
}

import { cbc } from '@noble/ciphers/aes.js';
import { wipe } from '../../wire/index.ts';
import type { DirectionKeys, StreamCipherSuite, StreamTransform } from '../cipher.ts';
import { tripleDesCbc } from './triple-des.ts';

const AES_BLOCK = 16;

/** RFC 4253 §6.3. For {@link CryptoProvider.insecure}, as the others here: see `packet/reader.ts` for the reason. */
export const aes128Cbc: StreamCipherSuite = /* @__PURE__ */ aes('aes128-cbc', 16);
export const aes192Cbc: StreamCipherSuite = /* @__PURE__ */ aes('aes192-cbc', 24);
export const aes256Cbc: StreamCipherSuite = /* @__PURE__ */ aes('aes256-cbc', 32);
/** RFC 4253 §6.3: three keys, and a block of 64 bits that repeats after some gigabytes. */
export const tripleDesCbcSuite: StreamCipherSuite = {
  kind: 'stream',
  name: '3des-cbc',
  keyLength: 24,
  ivLength: 8,
  blockLength: 8,
  chained: true,
  encryptor: (keys) => tripleDes('encrypt', keys),
  decryptor: (keys) => tripleDes('decrypt', keys),
};

function aes(name: string, keyLength: number): StreamCipherSuite {
  return {
    kind: 'stream',
    name,
    keyLength,
    ivLength: AES_BLOCK,
    blockLength: AES_BLOCK,
    chained: true,
    encryptor: ({ key, iv }) => ({
      apply: (bytes) => {
        if (bytes.length === 0) return;
        bytes.set(cbc(key, iv, { disablePadding: true }).encrypt(bytes));
        // The last block of a packet is the IV of the next one.
        iv.set(bytes.subarray(-AES_BLOCK));
      },
      wipe: () => wipe(key, iv),
    }),
    decryptor: ({ key, iv }) => ({
      apply: (bytes) => {
        if (bytes.length === 0) return;
        const next = bytes.slice(-AES_BLOCK);
        bytes.set(cbc(key, iv, { disablePadding: true }).decrypt(bytes));
        iv.set(next);
      },
      wipe: () => wipe(key, iv),
    }),
  };
}

function tripleDes(direction: 'encrypt' | 'decrypt', { key, iv }: DirectionKeys): StreamTransform {
  const transform = tripleDesCbc(direction, key, iv);
  wipe(key, iv);
  return transform;
}

import { ctr } from '@noble/ciphers/aes.js';
import { wipe } from '../../wire/index.ts';
import type { DirectionKeys, StreamCipherSuite, StreamTransform } from '../cipher.ts';

const BLOCK = 16;

/** RFC 4344 §4: the whole IV is one 128-bit counter that runs on over all packets. */
export const aes128Ctr: StreamCipherSuite = /* @__PURE__ */ suite('aes128-ctr', 16);
export const aes192Ctr: StreamCipherSuite = /* @__PURE__ */ suite('aes192-ctr', 24);
export const aes256Ctr: StreamCipherSuite = /* @__PURE__ */ suite('aes256-ctr', 32);

function suite(name: string, keyLength: number): StreamCipherSuite {
  const transform = (keys: DirectionKeys): StreamTransform => ({
    apply: (bytes) => {
      if (bytes.byteOffset % 4 === 0) ctr(keys.key, keys.iv).encrypt(bytes, bytes);
      else bytes.set(ctr(keys.key, keys.iv).encrypt(bytes));
      advance(keys.iv, bytes.length / BLOCK);
    },
    wipe: () => wipe(keys.key, keys.iv),
  });
  return {
    kind: 'stream',
    name,
    keyLength,
    ivLength: BLOCK,
    blockLength: BLOCK,
    encryptor: transform,
    decryptor: transform,
  };
}

function advance(counter: Uint8Array, blocks: number): void {
  let carry = blocks;
  for (let i = BLOCK - 1; i >= 0 && carry > 0; i -= 1) {
    carry += counter[i] as number;
    counter[i] = carry & 0xff;
    carry >>>= 8;
  }
}

import { createCipheriv } from 'node:crypto';
import { equalBytes, wipe } from '../../wire/index.ts';
import { ChaCha20 } from '../chacha20.ts';
import { type BodyCipher, chacha20Poly1305With } from '../chacha20-poly1305.ts';
import type { AeadCipherSuite } from '../cipher.ts';

/** Bytes of body from which one call into the platform is cheaper than ChaCha20 in JavaScript. Measured. */
const BULK_FROM = 4096;

/**
 * chacha20-poly1305@openssh.com with the platform's ChaCha20 for long bodies. `node:crypto` has no Poly1305 by
 * itself, and its IETF construction authenticates other bytes, so the tag stays ours.
 */
export function nodeChacha20Poly1305(): AeadCipherSuite {
  return chacha20Poly1305With(nodeChacha20, BULK_FROM);
}

/** OpenSSL's IV is the block counter as 64 bits, little-endian, and the nonce behind it. */
export function nodeChacha20(key: Uint8Array): BodyCipher {
  const iv = new Uint8Array(16);
  iv[0] = 1;
  const view = new DataView(iv.buffer);
  return {
    xor: (sequence, packet, from, to) => {
      view.setUint32(12, sequence);
      packet.set(createCipheriv('chacha20', key, iv).update(packet.subarray(from, to)), from);
    },
    wipe: () => wipe(key),
  };
}

/** Compared with ours, across the end of a block. */
export function nodeChacha20Works(): boolean {
  const key = new Uint8Array(32).fill(9);
  const ours = new Uint8Array(80);
  const theirs = new Uint8Array(80);
  new ChaCha20(key).xor(0x01020304, 1, ours);
  nodeChacha20(key).xor(0x01020304, theirs, 0, theirs.length);
  return equalBytes(ours, theirs);
}

import { gcm } from '@noble/ciphers/aes.js';
import { wipe } from '../../wire/index.ts';
import type { AeadCipherSuite } from '../cipher.ts';
import { advanceNonce, GCM_NONCE, GCM_TAG } from '../gcm.ts';

const LENGTH = 4;

/** RFC 5647 with OpenSSH's names, under which the MAC lists are simply ignored (OpenSSH PROTOCOL §1.6). */
export const aes128Gcm: AeadCipherSuite = /* @__PURE__ */ suite('aes128-gcm@openssh.com', 16);
export const aes256Gcm: AeadCipherSuite = /* @__PURE__ */ suite('aes256-gcm@openssh.com', 32);

function suite(name: string, keyLength: number): AeadCipherSuite {
  const shape = { blockLength: 16, lengthOutside: LENGTH, tagLength: GCM_TAG } as const;
  return {
    kind: 'aead',
    name,
    keyLength,
    ivLength: GCM_NONCE,
    sealer: ({ key, iv }) => ({
      ...shape,
      seal: (_sequence, packet) => {
        const body = packet.subarray(LENGTH, -GCM_TAG);
        packet.set(gcm(key, iv, packet.subarray(0, LENGTH)).encrypt(body), LENGTH);
        advanceNonce(iv);
      },
      wipe: () => wipe(key, iv),
    }),
    opener: ({ key, iv }) => ({
      ...shape,
      prefixLength: LENGTH,
      length: (_sequence, prefix) => new DataView(prefix.buffer, prefix.byteOffset, LENGTH).getUint32(0),
      open: (_sequence, packet) => {
        if (packet.length < LENGTH + GCM_TAG) return false;
        try {
          packet.set(gcm(key, iv, packet.subarray(0, LENGTH)).decrypt(packet.subarray(LENGTH)), LENGTH);
        } catch {
          return false;
        }
        advanceNonce(iv);
        return true;
      },
      wipe: () => wipe(key, iv),
    }),
  };
}

import { createCipheriv, createDecipheriv } from 'node:crypto';
import { wipe } from '../../wire/index.ts';
import type { AeadCipherSuite } from '../cipher.ts';
import { advanceNonce, GCM_TAG } from '../gcm.ts';

const LENGTH = 4;
const OPTIONS = { authTagLength: GCM_TAG };

/** `model` computed by the platform. */
export function nodeAesGcm(model: AeadCipherSuite): AeadCipherSuite {
  const algorithm = model.keyLength === 16 ? 'aes-128-gcm' : 'aes-256-gcm';
  const shape = { blockLength: 16, lengthOutside: LENGTH, tagLength: GCM_TAG } as const;
  return {
    ...model,
    sealer: ({ key, iv }) => ({
      ...shape,
      seal: (_sequence, packet) => {
        const cipher = createCipheriv(algorithm, key, iv, OPTIONS);
        cipher.setAAD(packet.subarray(0, LENGTH));
        packet.set(cipher.update(packet.subarray(LENGTH, -GCM_TAG)), LENGTH);
        cipher.final();
        packet.set(cipher.getAuthTag(), packet.length - GCM_TAG);
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
        const decipher = createDecipheriv(algorithm, key, iv, OPTIONS);
        decipher.setAAD(packet.subarray(0, LENGTH));
        decipher.setAuthTag(packet.subarray(-GCM_TAG));
        const plain = decipher.update(packet.subarray(LENGTH, -GCM_TAG));
        try {
          decipher.final();
        } catch {
          wipe(plain);
          return false;
        }
        packet.set(plain, LENGTH);
        advanceNonce(iv);
        return true;
      },
      wipe: () => wipe(key, iv),
    }),
  };
}
